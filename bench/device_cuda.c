#include <cuda_runtime_api.h>
#include <math.h>

#include "device.h"

myr_status bench_device_allocate(int device, size_t bytes, float **floats) {
    void *memory = NULL;
    if (cudaSetDevice(device) != cudaSuccess || cudaMalloc(&memory, bytes) != cudaSuccess)
        return MYR_OUT_OF_MEMORY;
    *floats = memory;
    return MYR_OK;
}

void bench_device_release(float *floats) {
    (void)cudaFree(floats);
}

myr_status bench_device_copy(void *to, const void *from, size_t bytes) {
    return cudaMemcpy(to, from, bytes, cudaMemcpyDefault) == cudaSuccess ? MYR_OK : MYR_DEVICE_ERROR;
}

static double pool_bytes(int device, enum cudaMemPoolAttr attribute) {
    cudaMemPool_t pool;
    uint64_t bytes = 0;
    if (cudaDeviceGetDefaultMemPool(&pool, device) != cudaSuccess ||
        cudaMemPoolGetAttribute(pool, attribute, &bytes) != cudaSuccess)
        return (double)NAN;
    return (double)bytes;
}

double bench_device_begin_peak(int device) {
    cudaMemPool_t pool;
    uint64_t none = 0; /* the only value that may be set: the peak becomes what is in use */
    if (cudaDeviceGetDefaultMemPool(&pool, device) != cudaSuccess ||
        cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &none) != cudaSuccess)
        return (double)NAN;
    return pool_bytes(device, cudaMemPoolAttrUsedMemCurrent);
}

double bench_device_peak(int device) {
    return pool_bytes(device, cudaMemPoolAttrUsedMemHigh);
}
