/* Matrix products of floats on the device, by cuBLAS (cuda_blas.h). Matrices are in rows. */
#ifndef MYRIAD_CUDA_PRODUCT_H
#define MYRIAD_CUDA_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

#include "cuda_backend.h"

typedef struct myr_cuda_products myr_cuda_products;

/* Products on the session's stream: the room's, started where that has none yet. */
myr_status myr_cuda_products_begin(myr_context *context, const myr_cuda_session *session,
                                   myr_cuda_products **products);

/* For the room that ends; takes NULL. */
void myr_cuda_products_stop(myr_cuda_products *products);

/* A matrix of `stride` elements from row to row; transposed: its rows are taken for columns. */
typedef struct myr_cuda_matrix {
    const float *d_data;
    int64_t stride;
    bool transposed;
} myr_cuda_matrix;

/* to = left right, or to += left right: [rows][columns], left [rows][inner]; all below 2^31. Queued. */
myr_status myr_cuda_product(myr_context *context, myr_cuda_products *products, int64_t rows,
                            int64_t columns, int64_t inner, myr_cuda_matrix left, myr_cuda_matrix right,
                            bool add, float *d_to, int64_t to_stride);

/* So many products at once, to[k] = left[k] right[k]: each is the one before, so many elements further on.
 */
myr_status myr_cuda_products_at_once(myr_context *context, myr_cuda_products *products, int count,
                                     int64_t rows, int64_t columns, int64_t inner, myr_cuda_matrix left,
                                     int64_t left_step, myr_cuda_matrix right, int64_t right_step,
                                     float *d_to, int64_t to_stride, int64_t to_step);

#endif
