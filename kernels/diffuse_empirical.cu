/* Data points: what lies between the products of matrices that are their denoiser (empirical_row.h).
 *
 * A thread has a lane, and four coordinates (batch.cuh) or, for weights, every eighth point of a tile. All of it is
 * bound by memory, and small beside the products. */
#include "batch.cuh"
#include "empirical_launch.h"

/* Rows of threads that share a lane's points. */
#define MYR_POINT_SHARE 8

/* Points that a thread loads before it uses them: a load takes 600 ns, and 256 blocks of 256 threads with one each on its way would
 * be held to 0.4 TB/s. */
#define MYR_POINTS_AHEAD 8

static __global__ void __launch_bounds__(MYR_BATCH_WIDTH)
    empirical_start(const myr_device_batch b, const myr_device_empirical p, uint32_t count, float a,
                    const myr_device_normals_of from) {
    const uint32_t lane = myr_lane_of_thread();
    const int c = myr_first_coordinate();
    const uint64_t index = b.first + lane;
    float z[MYR_QUAD];
    myr_batch_normals(&b, &from, MYR_STREAM_START, lane, c, z);
    const myr_trajectory t = myr_trajectory_make(&b.keys, MYR_STREAM_TARGET, (uint32_t)index);
    const myr_block block = myr_block_make(&b.keys, (uint32_t)(index >> 32), 0);
    const float *point =
        p.d_points +
        (size_t)myr_point_chosen(myr_device_words(&b.keys, &t, &block).x, count) * (size_t)b.dimension;
    for (int i = 0; i < MYR_QUAD && c + i < b.dimension; i++)
        b.d_state[(size_t)(c + i) * b.lanes + lane] =
            myr_fmaf(b.d_start[b.dimension + c + i], z[i], a * point[c + i]);
}

/* One lane's combination over the rows of threads, in every one of them. shared: [MYR_POINT_SHARE][32],
 * free again on return. */
MYR_GPU float over_rows(float value, const int largest, float (*shared)[32]) {
    shared[threadIdx.y][threadIdx.x] = value;
    __syncthreads();
    float result = shared[0][threadIdx.x];
    for (int row = 1; row < MYR_POINT_SHARE; row++) {
        const float other = shared[row][threadIdx.x];
        result = largest ? (other > result ? other : result) : result + other;
    }
    __syncthreads();
    return result;
}

/* The scores of MYR_POINTS_AHEAD points of a thread's, from point i of the tile on; the lowest where there is none. */
MYR_GPU void read_scores(const myr_empirical_level *level, const float *products, const float *half_norms,
                         uint32_t lanes, uint32_t i, uint32_t count, float score[MYR_POINTS_AHEAD]) {
    float product[MYR_POINTS_AHEAD], h[MYR_POINTS_AHEAD];
#pragma unroll
    for (int k = 0; k < MYR_POINTS_AHEAD; k++) {
        const uint32_t next = i + (uint32_t)k * MYR_POINT_SHARE, at = next < count ? next : i;
        product[k] = products[(size_t)at * lanes];
        h[k] = half_norms[at];
    }
#pragma unroll
    for (int k = 0; k < MYR_POINTS_AHEAD; k++)
        score[k] = i + (uint32_t)k * MYR_POINT_SHARE < count ? myr_point_score(level, product[k], h[k])
                                                             : MYR_LOWEST_SCORE;
}

/* Products to weights, in place: the scores are made twice, which is less work than to write them. */
static __global__ void __launch_bounds__(32 * MYR_POINT_SHARE)
    empirical_weigh(const myr_device_batch b, const myr_device_empirical p, const myr_empirical_level level,
                    uint32_t begin, uint32_t count, float *scores) {
    __shared__ float shared[MYR_POINT_SHARE][32];
    const uint32_t lane = blockIdx.x * 32 + threadIdx.x;
    const float before = begin ? p.d_largest[lane] : MYR_LOWEST_SCORE;
    const float *half_norms = p.d_half_norms + begin;
    float *own = scores + lane, score[MYR_POINTS_AHEAD], largest = before, total = 0.0f;
    for (uint32_t i = threadIdx.y; i < count; i += MYR_POINTS_AHEAD * MYR_POINT_SHARE) {
        read_scores(&level, own, half_norms, b.lanes, i, count, score);
#pragma unroll
        for (int k = 0; k < MYR_POINTS_AHEAD; k++)
            largest = score[k] > largest ? score[k] : largest;
    }
    largest = over_rows(largest, 1, shared);
    for (uint32_t i = threadIdx.y; i < count; i += MYR_POINTS_AHEAD * MYR_POINT_SHARE) {
        read_scores(&level, own, half_norms, b.lanes, i, count, score);
#pragma unroll
        for (int k = 0; k < MYR_POINTS_AHEAD; k++) {
            const uint32_t at = i + (uint32_t)k * MYR_POINT_SHARE;
            if (at < count) {
                const float weight = myr_point_weight(&level, score[k], largest);
                own[(size_t)at * b.lanes] = weight;
                total += weight;
            }
        }
    }
    total = over_rows(total, 0, shared);
    if (threadIdx.y == 0) {
        const float rescale = myr_point_weight(&level, before, largest);
        b.d_total[lane] = begin ? myr_fmaf(b.d_total[lane], rescale, total) : total;
        p.d_rescale[lane] = rescale;
        p.d_largest[lane] = largest;
    }
}

static __global__ void __launch_bounds__(MYR_BATCH_WIDTH)
    empirical_rescale(const myr_device_batch b, const myr_device_empirical p, float *sum) {
    const uint32_t lane = myr_lane_of_thread();
    const float rescale = p.d_rescale[lane];
    for (int i = 0, c = myr_first_coordinate(); i < MYR_QUAD && c + i < b.dimension; i++)
        sum[(size_t)(c + i) * b.lanes + lane] *= rescale;
}

extern "C" cudaError_t myr_launch_empirical_start(const myr_device_batch *b, const myr_device_empirical *p,
                                                  uint32_t count, float a, myr_device_normals_of z,
                                                  cudaStream_t stream) {
    return MYR_LAUNCH(empirical_start, myr_batch_fours(b), MYR_BATCH_WIDTH, 0, stream, *b, *p, count, a, z);
}

extern "C" cudaError_t myr_launch_empirical_weigh(const myr_device_batch *b, const myr_device_empirical *p,
                                                  myr_empirical_level level, uint32_t begin, uint32_t count,
                                                  float *d_scores, cudaStream_t stream) {
    return MYR_LAUNCH(empirical_weigh, dim3(b->lanes / 32), dim3(32, MYR_POINT_SHARE), 0, stream, *b, *p,
                      level, begin, count, d_scores);
}

extern "C" cudaError_t myr_launch_empirical_rescale(const myr_device_batch *b,
                                                    const myr_device_empirical *p, float *d_sum,
                                                    cudaStream_t stream) {
    return MYR_LAUNCH(empirical_rescale, myr_batch_fours(b), MYR_BATCH_WIDTH, 0, stream, *b, *p, d_sum);
}
