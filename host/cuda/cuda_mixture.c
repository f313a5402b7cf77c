#include "cuda_mixture.h"

#include <string.h>

#include "cuda_fused.h"
#include "targets/mixture.h"

void myr_cuda_mixture_destroy(myr_cuda_mixture *mixture) {
    myr_cuda_release(mixture->d_steps);
    myr_cuda_release(mixture->d_levels);
    myr_cuda_release(mixture->d_mean);
    myr_cuda_release(mixture->d_start_mean);
    myr_cuda_release(mixture->d_start_scale);
    myr_cuda_release(mixture->d_thresholds);
    myr_mixture_table_destroy(&mixture->table);
    memset(mixture, 0, sizeof *mixture);
}

static myr_status place_floats(myr_context *context, const myr_cuda_session *session, const float *from,
                               size_t count, float **d_floats) {
    void *memory = NULL;
    myr_status status = myr_cuda_allocate_copy(context, session, from, count * sizeof(float), &memory);
    *d_floats = memory;
    return status;
}

/* Room for a window's rows. */
static myr_status allocate_rows(myr_context *context, myr_cuda_mixture *mixture) {
    const myr_row_table *rows = &mixture->table.rows;
    const size_t room = (size_t)rows->room;
    const size_t floats = room * (size_t)rows->levels_a_row * rows->level_floats;
    void *steps = NULL, *levels = NULL;
    myr_status status = myr_cuda_allocate(context, room * sizeof *mixture->d_steps, &steps);
    if (status == MYR_OK)
        status = myr_cuda_allocate(context, floats * sizeof(float), &levels);
    mixture->d_steps = steps;
    mixture->d_levels = levels;
    return status;
}

static myr_status place_starts(myr_context *context, const myr_cuda_session *session,
                               myr_cuda_mixture *mixture) {
    myr_mixture_table *table = &mixture->table;
    const size_t d = (size_t)table->rows.dimension;
    const size_t starts = (table->thresholds ? (size_t)table->components : 1) * d;
    float *scale = table->thresholds ? table->start_scale : table->rows.start_scale;
    const float *mean = table->thresholds ? table->start_mean : table->rows.start_mean;
    for (size_t n = 0; n < starts; n++)
        scale[n] = myr_cuda_noise_factor(table->rows.job, scale[n]);
    myr_status status = place_floats(context, session, mean, starts, &mixture->d_start_mean);
    if (status == MYR_OK)
        status = place_floats(context, session, scale, starts, &mixture->d_start_scale);
    if (status == MYR_OK)
        status = place_floats(context, session, table->rows.mean, d, &mixture->d_mean);
    if (status != MYR_OK || !table->thresholds)
        return status;
    void *memory = NULL;
    status = myr_cuda_allocate_copy(context, session, table->thresholds,
                                    (size_t)table->components * sizeof(uint32_t), &memory);
    mixture->d_thresholds = memory;
    return status;
}

myr_status myr_cuda_mixture_create(myr_context *context, const myr_cuda_session *session,
                                   const myr_job *job, double bytes, myr_cuda_mixture *mixture) {
    memset(mixture, 0, sizeof *mixture);
    myr_status status = myr_mixture_table_create(context, job, bytes, &mixture->table);
    if (status != MYR_OK)
        return status;
    status = allocate_rows(context, mixture);
    if (status == MYR_OK)
        status = place_starts(context, session, mixture);
    if (status != MYR_OK)
        myr_cuda_mixture_destroy(mixture);
    return status;
}

myr_status myr_cuda_mixture_move(myr_context *context, const myr_cuda_session *session,
                                 myr_cuda_mixture *mixture, int64_t row) {
    myr_row_table *table = &mixture->table.rows;
    if (!myr_row_table_move(table, row))
        return MYR_OK;
    for (int64_t k = 0; k < table->rows; k++) {
        table->step[k].n = myr_cuda_noise_factor(table->job, table->step[k].n);
        table->step[k].c = myr_cuda_noise_factor(table->job, table->step[k].c);
    }
    const size_t rows = (size_t)table->rows;
    const size_t floats = rows * (size_t)table->levels_a_row * table->level_floats;
    myr_status status =
        myr_cuda_upload(context, session, mixture->d_steps, table->step, rows * sizeof *table->step);
    if (status == MYR_OK)
        status =
            myr_cuda_upload(context, session, mixture->d_levels, table->levels, floats * sizeof(float));
    return status;
}

void myr_cuda_mixture_fill(const myr_cuda_mixture *mixture, uint32_t row, myr_device_mixture *slice) {
    const myr_row_table *rows = &mixture->table.rows;
    const size_t at = (size_t)((int64_t)row - rows->row);
    slice->components = mixture->table.components;
    slice->level_floats = rows->level_floats;
    slice->row_floats = (size_t)rows->levels_a_row * rows->level_floats;
    slice->d_steps = mixture->d_steps + at;
    slice->d_levels = mixture->d_levels + at * slice->row_floats;
    slice->d_mean = mixture->d_mean;
    slice->d_start_mean = mixture->d_start_mean;
    slice->d_start_scale = mixture->d_start_scale;
    slice->d_thresholds = mixture->d_thresholds;
    slice->choices = mixture->table.choices;
}

/* Some 12 operations a component, and 4 a coordinate of it, where a coordinate of a Gaussian takes 23. */
static double work(const myr_target *target) {
    const double d = target->dimension;
    return d + myr_mixture_of(target)->components * (d + 3.0) / 6.0;
}

/* The kernel's vectors are in registers in few dimensions, where normals are made. */
static myr_status begin(myr_context *context, myr_fused_run *run, double window_bytes) {
    const myr_job *job = run->job;
    myr_status status = myr_cuda_mixture_create(context, &run->session, job, window_bytes, &run->mixture);
    const myr_row_table *rows = &run->mixture.table.rows;
    run->begin = (uint32_t)job->row_begin;
    run->end = (uint32_t)job->row_end;
    run->window = (uint32_t)rows->room;
    run->memory = job->plan->memory;
    run->scratch = job->start_normals || job->noise || run->dimension > MYR_SMALL_DIMENSION;
    run->enter = rows->enter;
    run->leave = rows->leave;
    return status;
}

static void end(myr_fused_run *run) {
    myr_cuda_mixture_destroy(&run->mixture);
}

static myr_status move(myr_context *context, myr_fused_run *run, uint32_t row, uint32_t *last) {
    const myr_row_table *rows = &run->mixture.table.rows;
    myr_status status = myr_cuda_mixture_move(context, &run->session, &run->mixture, row);
    *last = (uint32_t)(rows->row + rows->rows);
    return status;
}

static cudaError_t launch(const myr_fused_run *run, uint64_t done, uint32_t count, uint32_t row,
                          uint32_t rows) {
    const myr_plan *plan = run->job->plan;
    const bool begins = row == run->begin;
    myr_device_mixture slice = {
        .keys = myr_device_keys_make(run->job->seed),
        .first = run->job->first + done,
        .count = count,
        .row = row,
        .rows = rows,
        .dimension = run->dimension,
        .slots = plan->slots,
        .pre_noise = plan->pre_noise,
        .noise = plan->noise,
        .memory = plan->memory,
        .fast = run->job->fast,
        .draw_start = begins && !run->job->states,
        .d_start_normals = run->batch.d_start_normals,
        .d_noise = run->batch.d_noise,
        .d_scratch = run->batch.d_scratch,
        .d_state = run->batch.d_state,
        .d_memory = run->batch.d_memory,
        .memory_stride = run->batch.states,
        .fresh_memory = begins,
        .d_nodes = row + rows >= run->end ? run->batch.d_nodes : NULL,
    };
    myr_cuda_mixture_fill(&run->mixture, row, &slice);
    return myr_launch_mixture(&slice, run->session.stream);
}

const myr_cuda_fused myr_cuda_mixtures = {work, begin, end, move, launch};
