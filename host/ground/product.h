/* Matrix products of floats on the CPU, by OpenBLAS: the one place where its header is read. Matrices are
 * in rows. */
#ifndef MYRIAD_PRODUCT_H
#define MYRIAD_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

#include "myriad/context.h"

/* Before so many threads use OpenBLAS at a time, by products or by LAPACK's routines: whether there is the memory that
 * it will ask for, for it asks again for ever for memory that it does not get. Errors: MYR_OUT_OF_MEMORY. */
myr_status myr_blas_room(myr_context *context, int threads);

/* Between begin and end a product is one thread's work, so that many may run at a time and none depends on
 * how many threads there are. That setting is OpenBLAS's, of the whole process: products of others that run
 * meanwhile are slower, not wrong. Calls of several threads may overlap; each begin that succeeds has its end
 * on the same thread.
 *
 * So many threads will have products at a time (myr_blas_room). Errors: MYR_OUT_OF_MEMORY. */
myr_status myr_product_begin(myr_context *context, int threads);
void myr_product_end(void);

/* A matrix of `stride` elements from row to row; transposed: its rows are taken for columns. */
typedef struct myr_matrix {
    const float *data;
    int64_t stride;
    bool transposed;
} myr_matrix;

/* to = left right, or to += left right: [rows][columns], left [rows][inner]. */
void myr_product(int64_t rows, int64_t columns, int64_t inner, myr_matrix left, myr_matrix right, bool add,
                 float *to, int64_t to_stride);

/* to += rowsᵀ rows, in double: the lower triangle of [size][size], of count rows. */
void myr_product_add_squares(int64_t size, int64_t count, const double *rows, double *to);

#endif
