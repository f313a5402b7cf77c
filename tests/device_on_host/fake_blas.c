/* What the cuda backend, and examples/training.c, use of cuBLAS, by CBLAS on the host as a device. Each call but the end may be made
 * to fail, as "products" (fake_failure). */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>

#include "cuda/cuda_blas.h"
#include "fake_runtime.h"
#include "narrow.h"

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

/* ---- tensor cores ------------------------------------------------------------------------------------ */

/* An element as it is multiplied; of floats 11 bits count: the others are cut off, as the worst may be. */
static double element(const void *data, cudaDataType type, size_t i) {
    if (type == CUDA_R_16BF)
        return (double)myr_float_of_bf16(((const uint16_t *)data)[i]);
    if (type == CUDA_R_16F)
        return (double)myr_float_of_f16(((const uint16_t *)data)[i]);
    return (double)myr_float_of_bits(myr_bits_of_float(((const float *)data)[i]) & 0xffffe000u);
}

/* A cell of four terms and the sum so far, as the oldest tensor cores have it: bits below the largest one's 24 are cut off each,
 * and those of their sum. Everything before the last cut is exact in double. */
static float add_cell(float sum, const double *terms, int count) {
    double all[5] = {(double)sum}, largest = fabs((double)sum), plain = (double)sum, total = 0.0;
    for (int i = 0; i < count; i++) {
        all[1 + i] = terms[i];
        plain += terms[i];
        largest = fmax(largest, fabs(terms[i]));
    }
    if (!isfinite(plain) || largest == 0.0)
        return (float)plain;
    const double last = ldexp(1.0, ilogb(largest) - 23);
    for (int i = 0; i <= count; i++)
        total += trunc(all[i] / last) * last;
    if (total == 0.0)
        return 0.0f;
    const double bit = ldexp(1.0, ilogb(total) - 23);
    return (float)(trunc(total / bit) * bit);
}

/* What the library multiplies by tensor cores: in columns, from the last cell to the first. */
static cublasStatus_t gemm(cublasHandle_t handle, cublasOperation_t left, cublasOperation_t right, int m,
                           int n, int k, const void *alpha, const void *a, cudaDataType a_type, int lda,
                           const void *b, cudaDataType b_type, int ldb, const void *beta, void *c,
                           cudaDataType c_type, int ldc, cublasComputeType_t by, cublasGemmAlgo_t algo) {
    const int a_rows = left == CUBLAS_OP_T ? k : m, b_rows = right == CUBLAS_OP_T ? n : k;
    const cublasComputeType_t expected =
        a_type == CUDA_R_32F ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    (void)handle;
    if (m < 1 || n < 1 || k < 1 || lda < a_rows || ldb < b_rows || ldc < m)
        return CUBLAS_STATUS_INVALID_VALUE;
    if (a_type != b_type || c_type != CUDA_R_32F || by != expected || algo != CUBLAS_GEMM_DEFAULT ||
        fake_generation() < (a_type == CUDA_R_16F ? 7 : 8))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) {
            float sum = 0.0f, *to = (float *)c + (size_t)j * (size_t)ldc + (size_t)i;
            for (int cell = (k - 1) / 4; cell >= 0; cell--) {
                double terms[4];
                int count = 0;
                for (int t = 4 * cell; t < k && t < 4 * cell + 4; t++, count++) {
                    const size_t row = (size_t)t;
                    const size_t of_a =
                        left == CUBLAS_OP_T ? (size_t)i * (size_t)lda + row : row * (size_t)lda + (size_t)i;
                    const size_t of_b = right == CUBLAS_OP_T ? row * (size_t)ldb + (size_t)j
                                                             : (size_t)j * (size_t)ldb + row;
                    terms[count] = element(a, a_type, of_a) * element(b, b_type, of_b);
                }
                sum = add_cell(sum, terms, count);
            }
            const float kept = *(const float *)beta;
            *to = *(const float *)alpha * sum + (kept == 0.0f ? 0.0f : kept * *to);
        }
    return checked();
}

myr_status myr_cublas_find(myr_context *context, const myr_cublas **blas) {
    static const myr_cublas fake = {cublasCreate_v2, cublasDestroy_v2, cublasSetStream_v2,
                                    sgemm,           sgemm_strided,    gemm};
    (void)context;
    *blas = &fake;
    return MYR_OK;
}
