/* cuBLAS, found where it lies and opened once a process: the tool starts on machines without it. The one place where its header is
 * read. */
#ifndef MYRIAD_CUDA_BLAS_H
#define MYRIAD_CUDA_BLAS_H

#include <cublas_v2.h>

#include "myriad/context.h"

typedef struct myr_cublas {
    cublasStatus_t (*create)(cublasHandle_t *);
    cublasStatus_t (*destroy)(cublasHandle_t);
    cublasStatus_t (*set_stream)(cublasHandle_t, cudaStream_t);
    cublasStatus_t (*sgemm)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int,
                            const float *, const float *, int, const float *, int, const float *, float *,
                            int);
    cublasStatus_t (*sgemm_strided)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int,
                                    const float *, const float *, int, long long, const float *, int,
                                    long long, const float *, float *, int, long long, int);
    cublasStatus_t (*gemm)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int,
                           const void *, const void *, cudaDataType, int, const void *, cudaDataType, int,
                           const void *, void *, cudaDataType, int, cublasComputeType_t, cublasGemmAlgo_t);
} myr_cublas;

/* Its functions, which stay. It is looked for where MYRIAD_CUBLAS says, a file or a folder, and nowhere else then; else in the
 * loader's path, in toolkits, and beside the wheels of a Python environment. Errors: MYR_NO_DEVICE. */
myr_status myr_cublas_find(myr_context *context, const myr_cublas **blas);

#endif
