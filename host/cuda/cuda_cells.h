/* The table on the device: cells as the kernels read them, and the start. */
#ifndef MYRIAD_CUDA_CELLS_H
#define MYRIAD_CUDA_CELLS_H

#include "cuda_backend.h"
#include "diffuse_launch.h"
#include "tables/affine_table.h"

typedef struct myr_cuda_cells {
    bool small;          /* for myr_launch_small: rows padded to whole fours with rows that do nothing */
    uint32_t begin, end; /* rows, of the plan's numbering; multiples of 4 if small */
    int columns;
    size_t row_bytes; /* of one row, on average over a four if small */
    char *d_cells;
    float *d_start_scale; /* [dimension] */
} myr_cuda_cells;

/* Everything NULL on failure. */
myr_status myr_cuda_cells_create(myr_context *context, const myr_cuda_session *session, const myr_job *job,
                                 const myr_affine_table *table, myr_cuda_cells *cells);
void myr_cuda_cells_destroy(const myr_cuda_session *session, myr_cuda_cells *cells);

#endif
