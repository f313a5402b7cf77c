/* What the cuda backend, and examples/training.c, use of cuBLAS, by CBLAS on the host as a device. Each call but the end may be made
 * to fail, as "products" (fake_failure). */
#include <cblas.h>
#include <stdlib.h>

#include "cuda/cuda_blas.h"
#include "fake_runtime.h"

static cublasStatus_t checked(void) {
    switch (fake_fault("products")) {
        case cudaSuccess:
            return CUBLAS_STATUS_SUCCESS;
        case cudaErrorMemoryAllocation:
            return CUBLAS_STATUS_ALLOC_FAILED;
        default:
            return CUBLAS_STATUS_EXECUTION_FAILED;
    }
}

cublasStatus_t cublasCreate_v2(cublasHandle_t *handle) {
    const cublasStatus_t status = checked();
    *handle = status == CUBLAS_STATUS_SUCCESS ? malloc(1) : NULL;
    return status;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
    free(handle);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
    (void)handle;
    (void)stream;
    return checked();
}

cublasStatus_t cublasSaxpy_v2(cublasHandle_t handle, int n, const float *alpha, const float *x, int incx,
                              float *y, int incy) {
    (void)handle;
    cblas_saxpy(n, *alpha, x, incx, y, incy);
    return CUBLAS_STATUS_SUCCESS;
}

static enum CBLAS_TRANSPOSE transposed(cublasOperation_t operation) {
    return operation == CUBLAS_OP_T ? CblasTrans : CblasNoTrans;
}

/* Matrices are in columns. */
static cublasStatus_t sgemm(cublasHandle_t handle, cublasOperation_t left, cublasOperation_t right, int m,
                            int n, int k, const float *alpha, const float *a, int lda, const float *b,
                            int ldb, const float *beta, float *c, int ldc) {
    (void)handle;
    cblas_sgemm(CblasColMajor, transposed(left), transposed(right), m, n, k, *alpha, a, lda, b, ldb, *beta,
                c, ldc);
    return checked();
}

static cublasStatus_t sgemm_strided(cublasHandle_t handle, cublasOperation_t left, cublasOperation_t right,
                                    int m, int n, int k, const float *alpha, const float *a, int lda,
                                    long long a_step, const float *b, int ldb, long long b_step,
                                    const float *beta, float *c, int ldc, long long c_step, int count) {
    cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
    for (int i = 0; status == CUBLAS_STATUS_SUCCESS && i < count; i++)
        status = sgemm(handle, left, right, m, n, k, alpha, a + i * a_step, lda, b + i * b_step, ldb, beta,
                       c + i * c_step, ldc);
    return status;
}

myr_status myr_cublas_find(myr_context *context, const myr_cublas **blas) {
    static const myr_cublas fake = {cublasCreate_v2, cublasDestroy_v2, cublasSetStream_v2, sgemm,
                                    sgemm_strided};
    (void)context;
    *blas = &fake;
    return MYR_OK;
}
