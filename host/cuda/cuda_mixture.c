#include "cuda_mixture.h"

#include <string.h>

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
    const myr_mixture_table *table = &mixture->table;
    const size_t room = (size_t)table->room;
    const size_t floats = room * (size_t)table->levels_a_row * table->level_floats;
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
    const size_t starts = (table->thresholds ? (size_t)table->components : 1) * (size_t)table->dimension;
    for (size_t n = 0; n < starts; n++)
        table->start_scale[n] = myr_cuda_noise_factor(table->job, table->start_scale[n]);
    myr_status status = place_floats(context, session, table->start_mean, starts, &mixture->d_start_mean);
    if (status == MYR_OK)
        status = place_floats(context, session, table->start_scale, starts, &mixture->d_start_scale);
    if (status == MYR_OK)
        status = place_floats(context, session, table->mean, (size_t)table->dimension, &mixture->d_mean);
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
    myr_mixture_table *table = &mixture->table;
    const bool inside = row >= table->row && row < table->row + table->rows;
    if ((inside && row != table->job->row_begin) || !myr_mixture_table_move(table, row))
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
    const myr_mixture_table *table = &mixture->table;
    const size_t at = (size_t)((int64_t)row - table->row);
    slice->components = table->components;
    slice->level_floats = table->level_floats;
    slice->row_floats = (size_t)table->levels_a_row * table->level_floats;
    slice->d_steps = mixture->d_steps + at;
    slice->d_levels = mixture->d_levels + at * slice->row_floats;
    slice->d_mean = mixture->d_mean;
    slice->d_start_mean = mixture->d_start_mean;
    slice->d_start_scale = mixture->d_start_scale;
    slice->d_thresholds = mixture->d_thresholds;
    slice->choices = table->choices;
}
