/* Mixtures of Gaussians, by the rows' common body.
 *
 * In a few dimensions the shares of a tile of components and the sums over them stay in registers, too. The levels'
 * tables are read through the read-only cache, 16 bytes at a time, two components', the same address in all threads. The
 * order of the arithmetic is that of mixture_row.h. */
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

/* scale and offset of components j and j + 1, or gain and shift: each when it is used, for there is no room to keep them. */
enum { of_share = 0, of_mean = 2 };

MYR_GPU float4 load_parts(const float *tile, int c, int j, int field) {
    return __ldg((const float4 *)(tile + MYR_PART(c, j, field)));
}

/* A trajectory's sums over the components so far, and the largest share. */
struct mixture_sums {
    float largest, total;
};

/* The shares of a tile's first COUNT components, for N trajectories. */
template <int D, int N, int COUNT>
MYR_GPU void make_shares(const float *tile, const int n, vector<D> *x, float q[N][COUNT]) {
#pragma unroll
    for (int j = 0; j < COUNT; j += 2) {
        const float2 constants = __ldg((const float2 *)(tile + j));
#pragma unroll
        for (int i = 0; i < N; i++) {
            q[i][j] = constants.x;
            q[i][j + 1] = constants.y;
        }
    }
#pragma unroll
    for (int c = 0; c < n; c++)
#pragma unroll
        for (int j = 0; j < COUNT; j += 2) {
            const float4 parts = load_parts(tile, c, j, of_share);
#pragma unroll
            for (int i = 0; i < N; i++) {
                q[i][j] = myr_share(parts.x, parts.y, x[i][c], q[i][j]);
                q[i][j + 1] = myr_share(parts.z, parts.w, x[i][c], q[i][j + 1]);
            }
        }
}

/* Shares to weights, relative to the largest so far; what the sums so far are to be multiplied by, if this tile is not the
 * first. fmaxf is myr_larger, in one instruction: the largest share is no NaN. */
template <int COUNT>
MYR_GPU float make_weights(const int first, const int fast, float q[COUNT], mixture_sums *sums) {
    float largest = sums->largest;
#pragma unroll
    for (int j = 0; j < COUNT; j++)
        largest = fmaxf(q[j], largest);
    float rescale = 0.0f, total = 0.0f;
    if (!first) {
        const float before = sums->largest - largest;
        rescale = fast ? myr_approx_exp2(before) : myr_exp2_down(before);
        total = sums->total * rescale;
    }
#pragma unroll
    for (int j = 0; j < COUNT; j++) {
        q[j] = fast ? myr_approx_exp2(q[j] - largest) : myr_exp2_down(q[j] - largest);
        total += q[j];
    }
    sums->largest = largest;
    sums->total = total;
    return rescale;
}

/* A tile's first COUNT components. */
template <int D, int N, int COUNT>
MYR_GPU void add_tile(const float *tile, int dimension, const int first, const int fast, vector<D> *x,
                      mixture_sums *sums, vector<D> *d) {
    const int n = D ? D : dimension;
    float q[N][COUNT], rescale[N];
    make_shares<D, N, COUNT>(tile, n, x, q);
#pragma unroll
    for (int i = 0; i < N; i++)
        rescale[i] = make_weights<COUNT>(first, fast, q[i], &sums[i]);
#pragma unroll
    for (int c = 0; c < n; c++) {
        float sum[N];
#pragma unroll
        for (int i = 0; i < N; i++)
            sum[i] = first ? 0.0f : d[i][c] * rescale[i];
#pragma unroll
        for (int j = 0; j < COUNT; j += 2) {
            const float4 parts = load_parts(tile, c, j, of_mean);
#pragma unroll
            for (int i = 0; i < N; i++) {
                sum[i] = myr_fmaf(q[i][j], myr_part_mean(parts.x, parts.y, x[i][c]), sum[i]);
                sum[i] = myr_fmaf(q[i][j + 1], myr_part_mean(parts.z, parts.w, x[i][c]), sum[i]);
            }
        }
#pragma unroll
        for (int i = 0; i < N; i++)
            d[i][c] = sum[i];
    }
}

/* d = D(x~) at a level. */
template <int D, int N>
MYR_GPU void denoise(const myr_device_row_slice *slice, const int, const float *level, const int fast,
                     vector<D> *x, vector<D> *d) {
    const int n = D ? D : slice->dimension;
    mixture_sums sums[N];
#pragma unroll
    for (int i = 0; i < N; i++)
        sums[i].largest = MYR_LOWEST_SHARE;
    int left = slice->components, first = 1;
#pragma unroll 1
    for (; left > MYR_TILE; left -= MYR_TILE, level += MYR_TILE_FLOATS(n), first = 0)
        add_tile<D, N, MYR_TILE>(level, n, first, fast, x, sums, d);
    if (left <= 2)
        add_tile<D, N, 2>(level, n, first, fast, x, sums, d);
    else if (left <= 4)
        add_tile<D, N, 4>(level, n, first, fast, x, sums, d);
    else
        add_tile<D, N, MYR_TILE>(level, n, first, fast, x, sums, d);
#pragma unroll
    for (int i = 0; i < N; i++) {
        const float inverse = fast ? myr_approx_reciprocal(sums[i].total) : 1.0f / sums[i].total;
#pragma unroll
        for (int c = 0; c < n; c++)
            d[i][c] *= inverse;
    }
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

/* X(name, which, D, N, general, fast) */
#define MYR_MIXTURE_OF(X, D, N) \
    X(mixture, 0, D, N, 0, 0) X(mixture, 0, D, N, 0, 1) X(mixture, 0, D, N, 1, 0) X(mixture, 0, D, N, 1, 1)
#define MYR_MIXTURE_LIST(X) \
    MYR_MIXTURE_OF(X, 1, 2) \
    MYR_MIXTURE_OF(X, 2, 2) \
    MYR_MIXTURE_OF(X, 3, 1) \
    X(mixture, 0, 0, 1, 1, 0) X(mixture, 0, 0, 1, 1, 1)

MYR_MIXTURE_LIST(MYR_ROWS_KERNEL)

extern "C" cudaError_t myr_launch_mixture(const myr_device_row_slice *slice, cudaStream_t stream) {
    MYR_MIXTURE_LIST(MYR_ROWS_CASE)
    return cudaErrorInvalidValue;
}
