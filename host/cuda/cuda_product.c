#include "cuda_product.h"

#include <cublas_v2.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"

#define STRING(value) #value
#define NAME(value) STRING(value)
#define LIBRARY "libcublas.so." NAME(CUBLAS_VER_MAJOR)

struct myr_cuda_products {
    void *library;
    cublasHandle_t handle;
    cublasStatus_t (*create)(cublasHandle_t *);
    cublasStatus_t (*destroy)(cublasHandle_t);
    cublasStatus_t (*set_stream)(cublasHandle_t, cudaStream_t);
    cublasStatus_t (*sgemm)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int,
                            const float *, const float *, int, const float *, int, const float *, float *,
                            int);
    cublasStatus_t (*sgemm_strided)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int,
                                    const float *, const float *, int, long long, const float *, int,
                                    long long, const float *, float *, int, long long, int);
};

static myr_status check(myr_context *context, cublasStatus_t error, const char *doing) {
    if (error == CUBLAS_STATUS_SUCCESS)
        return MYR_OK;
    if (error == CUBLAS_STATUS_ALLOC_FAILED)
        return myr_fail(context, MYR_OUT_OF_MEMORY, "out of GPU memory while cuBLAS was %s", doing);
    return myr_fail(context, MYR_DEVICE_ERROR, "cuBLAS failed while %s (status %d)", doing, (int)error);
}

/* ISO C has no conversion from objects' to functions' pointers: POSIX says that the bits are the same. */
static bool find(void *library, const char *name, void *function) {
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static myr_status load(myr_context *context, myr_cuda_products *p) {
    p->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!p->library)
        return myr_fail(context, MYR_NO_DEVICE, "matrix products on the GPU need " LIBRARY ": %s",
                        dlerror());
    if (find(p->library, "cublasCreate_v2", &p->create) &&
        find(p->library, "cublasDestroy_v2", &p->destroy) &&
        find(p->library, "cublasSetStream_v2", &p->set_stream) &&
        find(p->library, "cublasSgemm_v2", &p->sgemm) &&
        find(p->library, "cublasSgemmStridedBatched", &p->sgemm_strided))
        return MYR_OK;
    return myr_fail(context, MYR_NO_DEVICE, "matrix products on the GPU: " LIBRARY " lacks a function: %s",
                    dlerror());
}

myr_status myr_cuda_products_begin(myr_context *context, const myr_cuda_session *session,
                                   myr_cuda_products **products) {
    myr_cuda_products *p = *products = calloc(1, sizeof *p);
    if (!p)
        return myr_fail_memory(context, sizeof *p);
    myr_status status = load(context, p);
    if (status == MYR_OK)
        status = check(context, p->create(&p->handle), "starting");
    if (status == MYR_OK)
        status = check(context, p->set_stream(p->handle, session->stream), "starting");
    return status;
}

void myr_cuda_products_end(myr_cuda_products *p) {
    if (!p)
        return;
    if (p->handle)
        (void)p->destroy(p->handle);
    if (p->library)
        (void)dlclose(p->library);
    free(p);
}

/* cuBLAS has matrices in columns: the transposed product of the factors in the other order. */
myr_status myr_cuda_product(myr_context *context, myr_cuda_products *products, int64_t rows,
                            int64_t columns, int64_t inner, myr_cuda_matrix left, myr_cuda_matrix right,
                            bool add, float *d_to, int64_t to_stride) {
    const float one = 1.0f, kept = add ? 1.0f : 0.0f;
    return check(context,
                 products->sgemm(products->handle, right.transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
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
                 products->sgemm_strided(
                     products->handle, right.transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
                     left.transposed ? CUBLAS_OP_T : CUBLAS_OP_N, (int)columns, (int)rows, (int)inner, &one,
                     right.d_data, (int)right.stride, (long long)right_step, left.d_data, (int)left.stride,
                     (long long)left_step, &none, d_to, (int)to_stride, (long long)to_step, count),
                 "multiplying");
}
