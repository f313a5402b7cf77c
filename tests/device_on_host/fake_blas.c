/* What the cuda backend, and examples/training.c, use of cuBLAS, by CBLAS on the host as a device, queued on the handle's stream.
 * Each call but the end may be made to fail, as "products" (fake_failure). */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>

#include "cuda/cuda_blas.h"
#include "fake_runtime.h"
#include "fake_streams.h"
#include "narrow.h"

struct cublasContext {
    cudaStream_t stream;
};

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
    *handle = status == CUBLAS_STATUS_SUCCESS ? calloc(1, sizeof **handle) : NULL;
    return status;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
    free(handle);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
    handle->stream = stream;
    return checked();
}

typedef struct sum {
    int n, incx, incy;
    float alpha;
    const float *x;
    float *y;
} sum;

static void run_sum(const void *bytes) {
    const sum *s = bytes;
    cblas_saxpy(s->n, s->alpha, s->x, s->incx, s->y, s->incy);
}

cublasStatus_t cublasSaxpy_v2(cublasHandle_t handle, int n, const float *alpha, const float *x, int incx,
                              float *y, int incy) {
    const sum queued = {n, incx, incy, *alpha, x, y};
    fake_queue_bytes(handle->stream, run_sum, &queued, sizeof queued);
    return CUBLAS_STATUS_SUCCESS;
}

static enum CBLAS_TRANSPOSE transposed(cublasOperation_t operation) {
    return operation == CUBLAS_OP_T ? CblasTrans : CblasNoTrans;
}

/* Matrices are in columns. */
typedef struct product {
    enum CBLAS_TRANSPOSE left, right;
    int m, n, k, lda, ldb, ldc;
    float alpha, beta;
    const float *a, *b;
    float *c;
} product;

static void run_product(const void *bytes) {
    const product *p = bytes;
    cblas_sgemm(CblasColMajor, p->left, p->right, p->m, p->n, p->k, p->alpha, p->a, p->lda, p->b, p->ldb,
                p->beta, p->c, p->ldc);
}

static cublasStatus_t sgemm(cublasHandle_t handle, cublasOperation_t left, cublasOperation_t right, int m,
                            int n, int k, const float *alpha, const float *a, int lda, const float *b,
                            int ldb, const float *beta, float *c, int ldc) {
    const product queued = {
        transposed(left), transposed(right), m, n, k, lda, ldb, ldc, *alpha, *beta, a, b, c};
    fake_queue_bytes(handle->stream, run_product, &queued, sizeof queued);
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

typedef struct cells {
    enum CBLAS_TRANSPOSE left, right;
    int m, n, k, lda, ldb, ldc;
    float alpha, beta;
    const void *a, *b;
    cudaDataType type;
    float *c;
} cells;

/* In columns, from the last cell to the first. */
static void run_cells(const void *bytes) {
    const cells *p = bytes;
    for (int j = 0; j < p->n; j++)
        for (int i = 0; i < p->m; i++) {
            float sum = 0.0f, *to = p->c + (size_t)j * (size_t)p->ldc + (size_t)i;
            for (int cell = (p->k - 1) / 4; cell >= 0; cell--) {
                double terms[4];
                int count = 0;
                for (int t = 4 * cell; t < p->k && t < 4 * cell + 4; t++, count++) {
                    const size_t row = (size_t)t, lda = (size_t)p->lda, ldb = (size_t)p->ldb;
                    const size_t of_a =
                        p->left == CblasTrans ? (size_t)i * lda + row : row * lda + (size_t)i;
                    const size_t of_b =
                        p->right == CblasTrans ? row * ldb + (size_t)j : (size_t)j * ldb + row;
                    terms[count] = element(p->a, p->type, of_a) * element(p->b, p->type, of_b);
                }
                sum = add_cell(sum, terms, count);
            }
            *to = p->alpha * sum + (p->beta == 0.0f ? 0.0f : p->beta * *to);
        }
}

/* What the library multiplies by tensor cores. */
static cublasStatus_t gemm(cublasHandle_t handle, cublasOperation_t left, cublasOperation_t right, int m,
                           int n, int k, const void *alpha, const void *a, cudaDataType a_type, int lda,
                           const void *b, cudaDataType b_type, int ldb, const void *beta, void *c,
                           cudaDataType c_type, int ldc, cublasComputeType_t by, cublasGemmAlgo_t algo) {
    const int a_rows = left == CUBLAS_OP_T ? k : m, b_rows = right == CUBLAS_OP_T ? n : k;
    const cublasComputeType_t expected =
        a_type == CUDA_R_32F ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    if (m < 1 || n < 1 || k < 1 || lda < a_rows || ldb < b_rows || ldc < m)
        return CUBLAS_STATUS_INVALID_VALUE;
    if (a_type != b_type || c_type != CUDA_R_32F || by != expected || algo != CUBLAS_GEMM_DEFAULT ||
        fake_generation() < (a_type == CUDA_R_16F ? 7 : 8))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    const cells queued = {.left = transposed(left),
                          .right = transposed(right),
                          .m = m,
                          .n = n,
                          .k = k,
                          .lda = lda,
                          .ldb = ldb,
                          .ldc = ldc,
                          .alpha = *(const float *)alpha,
                          .beta = *(const float *)beta,
                          .a = a,
                          .b = b,
                          .type = a_type,
                          .c = c};
    fake_queue_bytes(handle->stream, run_cells, &queued, sizeof queued);
    return checked();
}

myr_status myr_cublas_find(myr_context *context, const myr_cublas **blas) {
    static const myr_cublas fake = {cublasCreate_v2, cublasDestroy_v2, cublasSetStream_v2,
                                    sgemm,           sgemm_strided,    gemm};
    (void)context;
    *blas = &fake;
    return MYR_OK;
}
