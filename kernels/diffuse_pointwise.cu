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

/* X(name, which, D, memory, fast): vectors in registers; or in memory (D is 0), where normals are given and there is no fast
 * arithmetic. */
#define MYR_ROWS_OF(X, name, D, fast) X(name, which_##name, D, 0, fast) X(name, which_##name, D, 1, fast)
#define MYR_ROWS_LIST(X, name, D) \
    MYR_ROWS_OF(X, name, D, 0) MYR_ROWS_OF(X, name, D, 1) MYR_ROWS_OF(X, name, 0, 0)

#define MYR_ROWS_LAUNCH(name, D)                                                                       \
    MYR_ROWS_LIST(MYR_ROWS_KERNEL, name, D)                                                            \
    extern "C" cudaError_t myr_launch_##name(const myr_device_row_slice *slice, cudaStream_t stream) { \
        MYR_ROWS_LIST(MYR_ROWS_CASE, name, D)                                                          \
        return cudaErrorInvalidValue;                                                                  \
    }
MYR_POINTWISE_LIST(MYR_ROWS_LAUNCH)
