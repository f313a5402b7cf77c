/* Mixtures, all rows of a slice in one kernel. */
#include "cuda_fused.h"
#include "targets/mixture.h"

/* Some 12 operations a component, and 4 a coordinate of it, where a coordinate of a Gaussian takes 23. */
static double work(const myr_target *target) {
    const double d = target->dimension;
    return d + myr_mixture_of(target)->components * (d + 3.0) / 6.0;
}

static myr_status place_thresholds(myr_context *context, myr_fused_run *run) {
    const myr_mixture_table *table = &run->mixture.table;
    void *memory = NULL;
    if (!table->thresholds)
        return MYR_OK;
    myr_status status = myr_cuda_allocate_copy(context, &run->session, table->thresholds,
                                               (size_t)table->components * sizeof(uint32_t), &memory);
    run->mixture.d_thresholds = memory;
    return status;
}

static myr_status begin(myr_context *context, myr_fused_run *run, double window_bytes) {
    myr_mixture_table *table = &run->mixture.table;
    myr_row_table *rows = &table->rows;
    myr_status status = myr_mixture_table_create(context, run->job, window_bytes, table);
    if (status != MYR_OK)
        return status;
    status = table->thresholds
                 ? myr_cuda_rows_create(context, run, rows, (size_t)table->components, table->start_mean,
                                        table->start_scale, &run->mixture.rows)
                 : myr_cuda_rows_create(context, run, rows, 1, rows->start_mean, rows->start_scale,
                                        &run->mixture.rows);
    return status == MYR_OK ? place_thresholds(context, run) : status;
}

static void end(myr_fused_run *run) {
    myr_cuda_rows_destroy(&run->session, &run->mixture.rows);
    myr_cuda_release(&run->session, run->mixture.d_thresholds);
    myr_mixture_table_destroy(&run->mixture.table);
}

static myr_status move(myr_context *context, myr_fused_run *run, uint32_t row, uint32_t *last) {
    return myr_cuda_rows_move(context, run, &run->mixture.rows, row, last);
}

static cudaError_t launch(const myr_fused_run *run, uint64_t done, uint32_t count, uint32_t row,
                          uint32_t rows) {
    myr_device_row_slice slice = myr_cuda_rows_slice(run, &run->mixture.rows, done, count, row, rows);
    slice.components = run->mixture.table.components;
    slice.d_thresholds = run->mixture.d_thresholds;
    slice.choices = run->mixture.table.choices;
    return myr_launch_mixture(&slice, run->session.stream);
}

const myr_cuda_fused myr_cuda_mixture = {work, begin, end, move, launch};
