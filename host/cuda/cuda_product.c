#include "cuda_product.h"

#include <stdlib.h>

#include "cuda_blas.h"
#include "ground/failure.h"

struct myr_cuda_products {
    const myr_cublas *blas;
    cublasHandle_t handle;
};

static myr_status check(myr_context *context, cublasStatus_t error, const char *doing) {
    if (error == CUBLAS_STATUS_SUCCESS)
        return MYR_OK;
    if (error == CUBLAS_STATUS_ALLOC_FAILED)
        return myr_fail(context, MYR_OUT_OF_MEMORY, "out of GPU memory while cuBLAS was %s", doing);
    return myr_fail(context, MYR_DEVICE_ERROR, "the GPU failed while cuBLAS was %s (status %d)", doing,
                    (int)error);
}

myr_status myr_cuda_products_begin(myr_context *context, const myr_cuda_session *session,
                                   myr_cuda_products **products) {
    myr_cuda_products *p = *products = calloc(1, sizeof *p);
    if (!p)
        return myr_fail_memory(context, sizeof *p);
    myr_status status = myr_cublas_find(context, &p->blas);
    if (status == MYR_OK)
        status = check(context, p->blas->create(&p->handle), "starting");
    if (status == MYR_OK)
        status = check(context, p->blas->set_stream(p->handle, session->stream), "starting");
    return status;
}

void myr_cuda_products_end(myr_cuda_products *p) {
    if (p && p->handle)
        (void)p->blas->destroy(p->handle);
    free(p);
}

/* cuBLAS has matrices in columns: the transposed product of the factors in the other order. */
myr_status myr_cuda_product(myr_context *context, myr_cuda_products *products, int64_t rows,
                            int64_t columns, int64_t inner, myr_cuda_matrix left, myr_cuda_matrix right,
                            bool add, float *d_to, int64_t to_stride) {
    const float one = 1.0f, kept = add ? 1.0f : 0.0f;
    return check(context,
                 products->blas->sgemm(products->handle, right.transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
                                       left.transposed ? CUBLAS_OP_T : CUBLAS_OP_N, (int)columns, (int)rows,
                                       (int)inner, &one, right.d_data, (int)right.stride, left.d_data,
                                       (int)left.stride, &kept, d_to, (int)to_stride),
                 "multiplying");
}

myr_status myr_cuda_products_at_once(myr_context *context, myr_cuda_products *products, int count,
                                     int64_t rows, int64_t columns, int64_t inner, myr_cuda_matrix left,
                                     int64_t left_step, myr_cuda_matrix right, int64_t right_step,
                                     float *d_to, int64_t to_stride, int64_t to_step) {
    const float one = 1.0f, none = 0.0f;
    return check(context,
                 products->blas->sgemm_strided(
                     products->handle, right.transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
                     left.transposed ? CUBLAS_OP_T : CUBLAS_OP_N, (int)columns, (int)rows, (int)inner, &one,
                     right.d_data, (int)right.stride, (long long)right_step, left.d_data, (int)left.stride,
                     (long long)left_step, &none, d_to, (int)to_stride, (long long)to_step, count),
                 "multiplying");
}
