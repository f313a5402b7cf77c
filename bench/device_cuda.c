#include <cuda_runtime_api.h>

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
