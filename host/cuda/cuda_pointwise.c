/* Targets whose denoiser is a function of kernels/pointwise.h, all rows of a slice in one kernel. */
#include "cuda_fused.h"
#include "tables/row_table.h"

static myr_status begin(myr_context *context, myr_fused_run *run, double window_bytes) {
    myr_row_table *table = &run->pointwise.table;
    myr_status status = myr_row_table_create(context, run->job, &myr_pointwise_levels, window_bytes, table);
    return status == MYR_OK ? myr_cuda_rows_create(context, run, table, 1, table->start_mean,
                                                   table->start_scale, &run->pointwise.rows)
                            : status;
}

static void end(myr_fused_run *run) {
    myr_cuda_rows_destroy(&run->session, &run->pointwise.rows);
    myr_row_table_destroy(&run->pointwise.table);
}

static myr_status move(myr_context *context, myr_fused_run *run, uint32_t row, uint32_t *last) {
    return myr_cuda_rows_move(context, run, &run->pointwise.rows, row, last);
}

#define MYR_CUDA_POINTWISE(name, D)                                                           \
    static cudaError_t launch_##name(const myr_fused_run *run, uint64_t done, uint32_t count, \
                                     uint32_t row, uint32_t rows) {                           \
        const myr_device_row_slice slice =                                                    \
            myr_cuda_rows_slice(run, &run->pointwise.rows, done, count, row, rows);           \
        return myr_launch_##name(&slice, run->session.stream);                                \
    }                                                                                         \
    const myr_cuda_fused myr_cuda_##name = {myr_pointwise_work, begin, end, move, launch_##name};
MYR_POINTWISE_LIST(MYR_CUDA_POINTWISE)
