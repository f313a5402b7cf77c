/* Matrix products on the device, by cuBLAS (cuda_blas.h). Matrices are in rows; what comes out is floats. */
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
    const void *d_data;
    int64_t stride;
    bool transposed;
} myr_cuda_matrix;

/* to = left right, or to += left right, of floats: [rows][columns], left [rows][inner]; all below 2^31. Queued. */
myr_status myr_cuda_product(myr_context *context, myr_cuda_products *products, int64_t rows,
                            int64_t columns, int64_t inner, myr_cuda_matrix left, myr_cuda_matrix right,
                            bool add, float *d_to, int64_t to_stride);

/* What the two factors hold, and how they are multiplied. With u = 2^-24, n terms and S the sum of their sizes:
 *
 *     MYR_CUDA_FLOATS   floats; products and sums are rounded once: n u S
 *     MYR_CUDA_TF32     floats, of which 11 bits count; the others may be cut off, 2^-10 of each factor: (2^-9 + 2^-20) S,
 *                       and what the sums are off
 *     MYR_CUDA_BF16     16-bit floats: products are exact in float
 *     MYR_CUDA_F16      likewise
 *
 * The last three are made by tensor cores. These take b terms, at least four, and the sum so far at once, cut the bits of
 * each that lie below the largest one's 24, and those of what comes out (Fasi, Higham, Mikaitis and Pranesh 2021, "Numerical
 * behavior of NVIDIA tensor cores"): 2u of S each at most, b + 2 of them for b terms, and one rounding more where sums of parts
 * of the terms are added up: 13 u S for four terms, (13/4) (n + 3) u S for all. */
typedef enum myr_cuda_arithmetic {
    MYR_CUDA_FLOATS,
    MYR_CUDA_TF32,
    MYR_CUDA_BF16,
    MYR_CUDA_F16
} myr_cuda_arithmetic;

/* Whether the GPU has tensor cores for it: all that this library takes have them for f16, Ampere and later for all. FLOATS:
 * always. */
bool myr_cuda_multiplies(int device, myr_cuda_arithmetic arithmetic);

/* to = factor left right, or that is added, as above. The factor is a power of two. */
myr_status myr_cuda_product_by(myr_context *context, myr_cuda_products *products,
                               myr_cuda_arithmetic arithmetic, int64_t rows, int64_t columns, int64_t inner,
                               myr_cuda_matrix left, myr_cuda_matrix right, float factor, bool add,
                               float *d_to, int64_t to_stride);

/* So many products at once, to[k] = left[k] right[k]: each is the one before, so many elements further on.
 */
myr_status myr_cuda_products_at_once(myr_context *context, myr_cuda_products *products, int count,
                                     int64_t rows, int64_t columns, int64_t inner, myr_cuda_matrix left,
                                     int64_t left_step, myr_cuda_matrix right, int64_t right_step,
                                     float *d_to, int64_t to_stride, int64_t to_step);

#endif
