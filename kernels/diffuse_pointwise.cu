/* Targets whose denoiser is a function of pointwise.h, by the rows' common body. */
#include "diffuse_rows.cuh"

#define MYR_WHICH(name, D) which_##name,
enum pointwise_denoiser { MYR_POINTWISE_LIST(MYR_WHICH) };

template <int D, int N>
MYR_GPU void denoise(const myr_device_row_slice *, const int which, const float *level, const int,
                     vector<D> *x, vector<D> *d) {
#pragma unroll
    for (int i = 0; i < N; i++) {
#define MYR_DENOISE(name, D_)  \
    if (which == which_##name) \
        myr_denoise_##name(level, vector<D>::stride, x[i].first(), d[i].first());
        MYR_POINTWISE_LIST(MYR_DENOISE)
    }
}

/* There is one. */
MYR_GPU int choose_start(const myr_device_row_slice *, uint32_t, uint32_t) {
    return 0;
}

/* X(name, which, D, N, general, fast): vectors in registers; or in memory (D is 0), where normals are given and there is no
 * fast arithmetic. */
#define MYR_ROWS_OF(X, name, D, fast) \
    X(name, which_##name, D, 1, 0, fast) X(name, which_##name, D, 1, 1, fast)
#define MYR_ROWS_LIST(X, name, D) \
    MYR_ROWS_OF(X, name, D, 0) MYR_ROWS_OF(X, name, D, 1) X(name, which_##name, 0, 1, 1, 0)

#define MYR_ROWS_LAUNCH(name, D)                                                                       \
    MYR_ROWS_LIST(MYR_ROWS_KERNEL, name, D)                                                            \
    extern "C" cudaError_t myr_launch_##name(const myr_device_row_slice *slice, cudaStream_t stream) { \
        MYR_ROWS_LIST(MYR_ROWS_CASE, name, D)                                                          \
        return cudaErrorInvalidValue;                                                                  \
    }
MYR_POINTWISE_LIST(MYR_ROWS_LAUNCH)
