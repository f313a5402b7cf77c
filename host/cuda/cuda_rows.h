/* Tables of rows on the device, a window of them at a time, and the slices that kernels run: what fused denoisers share that
 * are not folded into their rows. */
#ifndef MYRIAD_CUDA_ROWS_H
#define MYRIAD_CUDA_ROWS_H

#include "cuda_backend.h"
#include "diffuse_launch.h"
#include "tables/row_table.h"

typedef struct myr_fused_run myr_fused_run; /* cuda_fused.h */

typedef struct myr_cuda_rows {
    myr_row_table *table;
    myr_step *d_steps;
    float *d_levels, *d_mean, *d_start_mean, *d_start_scale;
} myr_cuda_rows;

/* Places what no window changes, room for a window, and the starts, means and scales [starts][dimension] each; and says the
 * run what rows it has. What it leaves behind when it fails, destroy takes. */
myr_status myr_cuda_rows_create(myr_context *context, myr_fused_run *run, myr_row_table *table,
                                size_t starts, const float *start_mean, const float *start_scale,
                                myr_cuda_rows *rows);
void myr_cuda_rows_destroy(const myr_cuda_session *session, myr_cuda_rows *rows);

/* Sees to it that `row` is on the device, as myr_cuda_fused has it. */
myr_status myr_cuda_rows_move(myr_context *context, const myr_fused_run *run, const myr_cuda_rows *rows,
                              uint32_t row, uint32_t *end);

/* Rows row … row + row_count - 1, in the window, of the job's trajectories done … done + count - 1. */
myr_device_row_slice myr_cuda_rows_slice(const myr_fused_run *run, const myr_cuda_rows *rows, uint64_t done,
                                         uint32_t count, uint32_t row, uint32_t row_count);

#endif
