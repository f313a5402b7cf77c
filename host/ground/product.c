#include "product.h"

#include <cblas.h>
#include <omp.h>

/* OpenBLAS has one number of threads for the process, so who holds it at 1 must be counted for the process
 * too. Built on OpenMP it follows the calling thread's own number of threads, and sets that: so each thread
 * keeps its own, and gets it back. */
static int holders, threads_before;
static _Thread_local int own_holders, own_threads_before;

myr_status myr_product_begin(myr_context *context, int threads) {
    const myr_status status = myr_blas_room(context, threads);
    if (status != MYR_OK)
        return status;
#pragma omp critical(myr_product)
    {
        if (holders++ == 0)
            threads_before = openblas_get_num_threads();
        if (own_holders++ == 0) {
            own_threads_before = omp_get_max_threads();
            openblas_set_num_threads(1);
        }
    }
    return MYR_OK;
}

void myr_product_end(void) {
#pragma omp critical(myr_product)
    {
        if (--holders == 0)
            openblas_set_num_threads(threads_before);
        if (--own_holders == 0)
            omp_set_num_threads(own_threads_before);
    }
}

void myr_product(int64_t rows, int64_t columns, int64_t inner, myr_matrix left, myr_matrix right, bool add,
                 float *to, int64_t to_stride) {
    cblas_sgemm(CblasRowMajor, left.transposed ? CblasTrans : CblasNoTrans,
                right.transposed ? CblasTrans : CblasNoTrans, (blasint)rows, (blasint)columns,
                (blasint)inner, 1.0f, left.data, (blasint)left.stride, right.data, (blasint)right.stride,
                add ? 1.0f : 0.0f, to, (blasint)to_stride);
}

void myr_product_add_squares(int64_t size, int64_t count, const double *rows, double *to) {
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (blasint)size, (blasint)count, 1.0, rows,
                (blasint)size, 1.0, to, (blasint)size);
}
