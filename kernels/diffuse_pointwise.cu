/* Targets whose denoiser is a function of pointwise.h, by the rows' common body. */
#include "diffuse_rows.cuh"

#define MYR_WHICH(name, D) which_##name,
enum pointwise_denoiser { MYR_POINTWISE_LIST(MYR_WHICH) };

template <int D>
MYR_GPU void denoise(const myr_device_row_slice *, const int which, const float *level, const int,
                     vector<D> &x, vector<D> &d) {
#define MYR_DENOISE(name, D_)  \
    if (which == which_##name) \
        myr_denoise_##name(level, vector<D>::stride, x.first(), d.first());
    MYR_POINTWISE_LIST(MYR_DENOISE)
}

/* There is one. */
MYR_GPU int choose_start(const myr_device_row_slice *, uint32_t, uint32_t) {
    return 0;
}

/* X(name, D, memory, fast): vectors in registers, or in memory (D is 0), where normals are given and there is no fast
 * arithmetic. */
#define MYR_ROWS_LIST(X, name, D) \
    X(name, D, 0, 0) X(name, D, 0, 1) X(name, D, 1, 0) X(name, D, 1, 1) X(name, 0, 0, 0) X(name, 0, 1, 0)

#define MYR_ROWS_KERNEL(name, D, memory, fast)                                       \
    static __global__ void __launch_bounds__(MYR_PARTIALS, 2)                        \
        diffuse_##name##_##D##_##memory##_##fast(const myr_device_row_slice slice) { \
        __shared__ double partials[MYR_PARTIALS];                                    \
        diffuse_rows<D>(&slice, which_##name, memory, fast, partials);               \
    }

#define MYR_ROWS_CASE(name, D, memory_, fast_)                                                         \
    if ((D == 0) == (slice->d_scratch != NULL) && slice->memory == memory_ && slice->fast == fast_)    \
        return MYR_LAUNCH(diffuse_##name##_##D##_##memory_##_##fast_, chunks, MYR_PARTIALS, 0, stream, \
                          *slice);

#define MYR_ROWS_LAUNCH(name, D)                                                                       \
    MYR_ROWS_LIST(MYR_ROWS_KERNEL, name, D)                                                            \
    extern "C" cudaError_t myr_launch_##name(const myr_device_row_slice *slice, cudaStream_t stream) { \
        const uint32_t chunks = (slice->count + MYR_CHUNK - 1) / MYR_CHUNK;                            \
        MYR_ROWS_LIST(MYR_ROWS_CASE, name, D)                                                          \
        return cudaErrorInvalidValue;                                                                  \
    }
MYR_POINTWISE_LIST(MYR_ROWS_LAUNCH)
