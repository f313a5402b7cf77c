/* What the last layer needs besides products and rows of logits: some of its hidden states gathered and put
 * back, and floats as sums of 16-bit ones. */
#include "token_launch.h"

#include "device.cuh"
#include "load.h"
#include "store.h"

#define THREADS 128
#define MOST_BLOCKS (MYR_SPLIT_AT_ONCE / THREADS)

static __global__ void __launch_bounds__(THREADS)
    gather_rows(const void *all, int type, const uint64_t *index, uint64_t width, float *some) {
    const uint64_t from = index[blockIdx.x] * width;
    for (uint64_t c = threadIdx.x; c < width; c += THREADS)
        some[blockIdx.x * width + c] = myr_load_float(all, type, (size_t)(from + c));
}

static __global__ void __launch_bounds__(THREADS)
    gather_narrow(const uint16_t *all, const uint64_t *index, uint64_t width, uint16_t *some) {
    const uint16_t *from = all + index[blockIdx.x] * width;
    for (uint64_t c = threadIdx.x; c < width; c += THREADS)
        some[blockIdx.x * width + c] = from[c];
}

static __global__ void __launch_bounds__(THREADS)
    scatter_rows(const float *some, const uint64_t *index, uint64_t width, float *all) {
    float *to = all + index[blockIdx.x] * width;
    for (uint64_t c = threadIdx.x; c < width; c += THREADS)
        to[c] = some[blockIdx.x * width + c];
}

extern "C" cudaError_t myr_launch_gather(const void *d_all, int type, const uint64_t *d_index,
                                         uint32_t rows, uint64_t width, float *d_some,
                                         cudaStream_t stream) {
    return MYR_LAUNCH(gather_rows, rows, THREADS, 0, stream, d_all, type, d_index, width, d_some);
}

extern "C" cudaError_t myr_launch_gather_narrow(const uint16_t *d_all, const uint64_t *d_index,
                                                uint32_t rows, uint64_t width, uint16_t *d_some,
                                                cudaStream_t stream) {
    return MYR_LAUNCH(gather_narrow, rows, THREADS, 0, stream, d_all, d_index, width, d_some);
}

extern "C" cudaError_t myr_launch_scatter(const float *d_some, const uint64_t *d_index, uint32_t rows,
                                          uint64_t width, float *d_all, cudaStream_t stream) {
    return MYR_LAUNCH(scatter_rows, rows, THREADS, 0, stream, d_some, d_index, width, d_all);
}

/* p is the nearest to factor x of its type, so that what it leaves is a multiple of x's last bit and no larger
 * than x: a float. */
MYR_GPU void split(float *x, const int type, float factor, float back, int rest, uint64_t count,
                   uint16_t *part) {
    for (uint64_t i = (uint64_t)blockIdx.x * THREADS + threadIdx.x; i < count;
         i += (uint64_t)gridDim.x * THREADS) {
        const float whole = x[i];
        myr_store_float(part, type, (size_t)i, whole * factor);
        if (rest)
            x[i] = whole - myr_load_float(part, type, (size_t)i) * back;
    }
}

/* X(name, type) */
#define MYR_SPLIT_LIST(X) \
    X(bf16, MYR_BF16)     \
    X(f16, MYR_F16)

#define MYR_SPLIT_KERNEL(name, type)                                                                 \
    static __global__ void __launch_bounds__(THREADS)                                                \
        split_##name(float *x, float factor, float back, int rest, uint64_t count, uint16_t *part) { \
        split(x, type, factor, back, rest, count, part);                                             \
    }
MYR_SPLIT_LIST(MYR_SPLIT_KERNEL)

#define MYR_SPLIT_CASE(name, type_)                                                                   \
    if (type == type_)                                                                                \
        return MYR_LAUNCH(split_##name, blocks, THREADS, 0, stream, d_x, factor, 1.0f / factor, rest, \
                          count, d_part);

extern "C" cudaError_t myr_launch_split(float *d_x, int type, float factor, int rest, uint64_t count,
                                        uint16_t *d_part, cudaStream_t stream) {
    const uint64_t needed = (count + THREADS - 1) / THREADS;
    const unsigned blocks = (unsigned)(needed < MOST_BLOCKS ? needed : MOST_BLOCKS);
    MYR_SPLIT_LIST(MYR_SPLIT_CASE)
    return cudaErrorInvalidValue;
}
