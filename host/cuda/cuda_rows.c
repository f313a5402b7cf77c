#include "cuda_rows.h"

#include <stdlib.h>
#include <string.h>

#include "cuda_fused.h"
#include "ground/failure.h"

static size_t row_floats(const myr_row_table *table) {
    return (size_t)table->levels_a_row * table->level_floats;
}

/* Room for a window's rows. */
static myr_status allocate_window(myr_context *context, const myr_cuda_session *session,
                                  myr_cuda_rows *rows) {
    const size_t room = (size_t)rows->table->room;
    void *steps = NULL;
    myr_status status = myr_cuda_allocate(context, session, room * sizeof *rows->d_steps, &steps);
    rows->d_steps = steps;
    return status == MYR_OK ? myr_cuda_place_floats(context, session, NULL, room * row_floats(rows->table),
                                                    &rows->d_levels)
                            : status;
}

static myr_status place_scales(myr_context *context, const myr_fused_run *run, size_t count,
                               const float *scale, float **d_scale) {
    float *scaled = malloc(count * sizeof *scaled);
    if (!scaled)
        return myr_fail_memory(context, count * sizeof *scaled);
    for (size_t n = 0; n < count; n++)
        scaled[n] = myr_cuda_noise_factor(run->job, scale[n]);
    myr_status status = myr_cuda_place_floats(context, &run->session, scaled, count, d_scale);
    free(scaled);
    return status;
}

/* The kernel's vectors are in registers in few dimensions, where normals are made. */
static void describe(myr_fused_run *run, const myr_row_table *table) {
    const myr_job *job = run->job;
    run->begin = (uint32_t)job->row_begin;
    run->end = (uint32_t)job->row_end;
    run->window = (uint32_t)table->room;
    run->memory = job->plan->memory;
    run->scratch = job->start_normals || job->noise || run->dimension > MYR_SMALL_DIMENSION;
    run->enter = table->enter;
    run->leave = table->leave;
}

myr_status myr_cuda_rows_create(myr_context *context, myr_fused_run *run, myr_row_table *table,
                                size_t starts, const float *start_mean, const float *start_scale,
                                myr_cuda_rows *rows) {
    const size_t d = (size_t)table->dimension;
    *rows = (myr_cuda_rows){.table = table};
    describe(run, table);
    myr_status status = allocate_window(context, &run->session, rows);
    if (status == MYR_OK)
        status = myr_cuda_place_floats(context, &run->session, start_mean, starts * d, &rows->d_start_mean);
    if (status == MYR_OK)
        status = place_scales(context, run, starts * d, start_scale, &rows->d_start_scale);
    if (status == MYR_OK)
        status = myr_cuda_place_floats(context, &run->session, table->mean, d, &rows->d_mean);
    return status;
}

void myr_cuda_rows_destroy(const myr_cuda_session *session, myr_cuda_rows *rows) {
    myr_cuda_release(session, rows->d_steps);
    myr_cuda_release(session, rows->d_levels);
    myr_cuda_release(session, rows->d_mean);
    myr_cuda_release(session, rows->d_start_mean);
    myr_cuda_release(session, rows->d_start_scale);
    memset(rows, 0, sizeof *rows);
}

myr_status myr_cuda_rows_move(myr_context *context, const myr_fused_run *run, const myr_cuda_rows *rows,
                              uint32_t row, uint32_t *end) {
    myr_row_table *table = rows->table;
    const bool moved = myr_row_table_move(table, row);
    const size_t count = (size_t)table->rows;
    *end = (uint32_t)(table->row + table->rows);
    if (!moved)
        return MYR_OK;
    for (size_t k = 0; k < count; k++) {
        table->step[k].n = myr_cuda_noise_factor(table->job, table->step[k].n);
        table->step[k].c = myr_cuda_noise_factor(table->job, table->step[k].c);
    }
    myr_status status =
        myr_cuda_upload(context, &run->session, rows->d_steps, table->step, count * sizeof *table->step);
    if (status == MYR_OK)
        status = myr_cuda_upload(context, &run->session, rows->d_levels, table->levels,
                                 count * row_floats(table) * sizeof(float));
    return status;
}

myr_device_row_slice myr_cuda_rows_slice(const myr_fused_run *run, const myr_cuda_rows *rows, uint64_t done,
                                         uint32_t count, uint32_t row, uint32_t row_count) {
    const myr_row_table *table = rows->table;
    const myr_plan *plan = run->job->plan;
    const bool begins = row == run->begin;
    const size_t at = (size_t)((int64_t)row - table->row);
    return (myr_device_row_slice){
        .keys = myr_device_keys_make(run->job->seed),
        .first = run->job->first + done,
        .count = count,
        .spread = run->batch.spread,
        .row = row,
        .rows = row_count,
        .dimension = run->dimension,
        .slots = plan->slots,
        .pre_noise = plan->pre_noise,
        .noise = plan->noise,
        .memory = plan->memory,
        .two_stages = plan->two_stage,
        .fast = run->job->fast,
        .draw_start = begins && !run->job->states,
        .d_steps = rows->d_steps + at,
        .d_levels = rows->d_levels + at * row_floats(table),
        .row_floats = row_floats(table),
        .level_floats = table->level_floats,
        .d_mean = rows->d_mean,
        .d_start_mean = rows->d_start_mean,
        .d_start_scale = rows->d_start_scale,
        .d_start_normals = run->batch.d_start_normals,
        .d_noise = run->batch.d_noise,
        .d_scratch = run->batch.d_scratch,
        .d_state = run->batch.d_state,
        .d_memory = run->batch.d_memory,
        .memory_stride = run->batch.states,
        .fresh_memory = begins,
        .d_nodes = myr_fused_nodes(run, row + row_count >= run->end),
    };
}
