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

/* Takes some milliseconds and megabytes of the device. */
static myr_status start(myr_context *context, myr_cuda_products **products) {
    const myr_cublas *blas;
    cublasHandle_t handle = NULL;
    myr_status status = myr_cublas_find(context, &blas);
    if (status == MYR_OK)
        status = check(context, blas->create(&handle), "starting");
    if (status != MYR_OK)
        return status;
    *products = malloc(sizeof **products);
    if (!*products) {
        (void)blas->destroy(handle);
        return myr_fail_memory(context, sizeof **products);
    }
    **products = (myr_cuda_products){blas, handle};
    return MYR_OK;
}

myr_status myr_cuda_products_begin(myr_context *context, const myr_cuda_session *session,
                                   myr_cuda_products **products) {
    myr_cuda_room *room = session->room;
    myr_status status = room->products ? MYR_OK : start(context, &room->products);
    if (status == MYR_OK)
        status = check(context, room->products->blas->set_stream(room->products->handle, session->stream),
                       "starting");
    *products = room->products;
    return status;
}

void myr_cuda_products_stop(myr_cuda_products *p) {
    if (p)
        (void)p->blas->destroy(p->handle);
    free(p);
}

/* The first generation whose tensor cores take it. */
static int first_generation(myr_cuda_arithmetic arithmetic) {
    return arithmetic == MYR_CUDA_FLOATS ? 0 : arithmetic == MYR_CUDA_F16 ? 7 : 8;
}

bool myr_cuda_multiplies(int device, myr_cuda_arithmetic arithmetic) {
    int generation = 0;
    if (cudaDeviceGetAttribute(&generation, cudaDevAttrComputeCapabilityMajor, device) != cudaSuccess)
        (void)cudaGetLastError(); /* floats do anywhere */
    return generation >= first_generation(arithmetic);
}

/* cuBLAS has matrices in columns: the transposed product of the factors in the other order. Sums are floats by
 * CUBLAS_COMPUTE_32F, and so is what comes out: nothing narrower is in between. */
myr_status myr_cuda_product_by(myr_context *context, myr_cuda_products *products,
                               myr_cuda_arithmetic arithmetic, int64_t rows, int64_t columns, int64_t inner,
                               myr_cuda_matrix left, myr_cuda_matrix right, float factor, bool add,
                               float *d_to, int64_t to_stride) {
    static const struct {
        cudaDataType factors;
        cublasComputeType_t by;
    } kinds[] = {[MYR_CUDA_TF32] = {CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32},
                 [MYR_CUDA_BF16] = {CUDA_R_16BF, CUBLAS_COMPUTE_32F},
                 [MYR_CUDA_F16] = {CUDA_R_16F, CUBLAS_COMPUTE_32F}};
    const myr_cublas *blas = products->blas;
    const cublasOperation_t first = right.transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
                            second = left.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    const float kept = add ? 1.0f : 0.0f;
    const cublasStatus_t error =
        arithmetic == MYR_CUDA_FLOATS
            ? blas->sgemm(products->handle, first, second, (int)columns, (int)rows, (int)inner, &factor,
                          right.d_data, (int)right.stride, left.d_data, (int)left.stride, &kept, d_to,
                          (int)to_stride)
            : blas->gemm(products->handle, first, second, (int)columns, (int)rows, (int)inner, &factor,
                         right.d_data, kinds[arithmetic].factors, (int)right.stride, left.d_data,
                         kinds[arithmetic].factors, (int)left.stride, &kept, d_to, CUDA_R_32F,
                         (int)to_stride, kinds[arithmetic].by, CUBLAS_GEMM_DEFAULT);
    return check(context, error, "multiplying");
}

myr_status myr_cuda_product(myr_context *context, myr_cuda_products *products, int64_t rows,
                            int64_t columns, int64_t inner, myr_cuda_matrix left, myr_cuda_matrix right,
                            bool add, float *d_to, int64_t to_stride) {
    return myr_cuda_product_by(context, products, MYR_CUDA_FLOATS, rows, columns, inner, left, right, 1.0f,
                               add, d_to, to_stride);
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
