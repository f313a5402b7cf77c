/* What all kernels share: what their functions are, and the launch. */
#ifndef MYRIAD_DEVICE_CUH
#define MYRIAD_DEVICE_CUH

#include <cuda_runtime.h>
#include <stdint.h>

#define MYR_GPU static __device__ __forceinline__

/* Every launch goes through here, so that the tests can run the kernels on the host. */
#ifndef MYR_LAUNCH
#define MYR_LAUNCH(kernel, grid, block, shared_bytes, stream, ...) \
    (kernel<<<(grid), (block), (shared_bytes), (stream)>>>(__VA_ARGS__), cudaGetLastError())
#endif

#endif
