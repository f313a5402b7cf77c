/* Mixtures of Gaussians, by the rows' common body.
 *
 * In a few dimensions the shares of a tile of components and the sums over them stay in registers, too. The levels'
 * tables are read through the read-only cache, 8 bytes at a time, the same address in all threads. The order of the
 * arithmetic is that of mixture_row.h. */
#include "approximate.cuh"
#include "diffuse_rows.cuh"
#include "mixture_row.h"

#ifdef __CUDACC__
MYR_APPROX(myr_approx_exp2, "ex2")
MYR_APPROX(myr_approx_reciprocal, "rcp")
#else
MYR_GPU float myr_approx_exp2(float x) {
    return exp2f(x);
}
MYR_GPU float myr_approx_reciprocal(float x) {
    return 1.0f / x;
}
#endif

/* scale and offset, or gain and shift: each when it is used, for there is no room to keep them. */
enum { of_share = 0, of_mean = 1 };

MYR_GPU float2 load_part(const float *tile, int c, int j, int which) {
    return __ldg((const float2 *)(tile + MYR_TILE) + 2 * (c * MYR_TILE + j) + which);
}

/* Sums over the components so far, and the largest share. */
struct mixture_sums {
    float largest, total;
};

/* A tile's first COUNT components. */
template <int D, int COUNT>
MYR_GPU void add_tile(const float *tile, int dimension, const int fast, vector<D> &x, mixture_sums *sums,
                      vector<D> &d) {
    const int n = D ? D : dimension;
    float q[COUNT];
    float largest = sums->largest;
#pragma unroll
    for (int j = 0; j < COUNT; j++)
        q[j] = __ldg(tile + j);
#pragma unroll
    for (int c = 0; c < n; c++)
#pragma unroll
        for (int j = 0; j < COUNT; j++) {
            const float2 part = load_part(tile, c, j, of_share);
            q[j] = myr_share(part.x, part.y, x[c], q[j]);
        }
#pragma unroll
    for (int j = 0; j < COUNT; j++)
        largest = myr_larger(q[j], largest);
    const float before = sums->largest - largest;
    const float rescale = fast ? myr_approx_exp2(before) : myr_exp2_down(before);
    float total = sums->total * rescale;
#pragma unroll
    for (int j = 0; j < COUNT; j++) {
        q[j] = fast ? myr_approx_exp2(q[j] - largest) : myr_exp2_down(q[j] - largest);
        total += q[j];
    }
#pragma unroll
    for (int c = 0; c < n; c++) {
        float sum = d[c] * rescale;
#pragma unroll
        for (int j = 0; j < COUNT; j++) {
            const float2 part = load_part(tile, c, j, of_mean);
            sum = myr_fmaf(q[j], myr_part_mean(part.x, part.y, x[c]), sum);
        }
        d[c] = sum;
    }
    sums->largest = largest;
    sums->total = total;
}

/* d = D(x~) at a level. */
template <int D>
MYR_GPU void denoise(const myr_device_row_slice *slice, const int, const float *level, const int fast,
                     vector<D> &x, vector<D> &d) {
    const int n = D ? D : slice->dimension;
    mixture_sums sums = {MYR_LOWEST_SHARE, 0.0f};
#pragma unroll
    for (int c = 0; c < n; c++)
        d[c] = 0.0f;
    int left = slice->components;
    for (; left > MYR_TILE; left -= MYR_TILE, level += MYR_TILE_FLOATS(n))
        add_tile<D, MYR_TILE>(level, n, fast, x, &sums, d);
    if (left <= 2)
        add_tile<D, 2>(level, n, fast, x, &sums, d);
    else if (left <= 4)
        add_tile<D, 4>(level, n, fast, x, &sums, d);
    else
        add_tile<D, MYR_TILE>(level, n, fast, x, &sums, d);
    const float inverse = fast ? myr_approx_reciprocal(sums.total) : 1.0f / sums.total;
#pragma unroll
    for (int c = 0; c < n; c++)
        d[c] *= inverse;
}

/* Which component a trajectory begins in: as many thresholds as word 0 of the target's stream reaches. One start is
 * number 0. */
MYR_GPU int choose_start(const myr_device_row_slice *slice, uint32_t high, uint32_t low) {
    if (!slice->d_thresholds)
        return 0;
    const myr_trajectory target = myr_trajectory_make(&slice->keys, MYR_STREAM_TARGET, low);
    const myr_block block = myr_block_make(&slice->keys, high, 0);
    const uint4 words = myr_device_words(&slice->keys, &target, &block);
    int component = 0;
    for (int j = 0; j < slice->choices; j++)
        component += words.x >= slice->d_thresholds[j];
    return component;
}

/* X(name, which, D, memory, fast) */
#define MYR_MIXTURE_OF(X, D) \
    X(mixture, 0, D, 0, 0) X(mixture, 0, D, 0, 1) X(mixture, 0, D, 1, 0) X(mixture, 0, D, 1, 1)
#define MYR_MIXTURE_LIST(X) \
    MYR_MIXTURE_OF(X, 1) MYR_MIXTURE_OF(X, 2) MYR_MIXTURE_OF(X, 3) MYR_MIXTURE_OF(X, 0)

MYR_MIXTURE_LIST(MYR_ROWS_KERNEL)

extern "C" cudaError_t myr_launch_mixture(const myr_device_row_slice *slice, cudaStream_t stream) {
    MYR_MIXTURE_LIST(MYR_ROWS_CASE)
    return cudaErrorInvalidValue;
}
