/* Data points, a step at a time: what lies between the products of matrices (empirical_row.h).
 *
 * A thread has a lane, and four coordinates or (weights) every eighth point of a tile; neighbours in a warp
 * are neighbours in memory. All of it is bound by memory, and small beside the products. */
#include "draw_quad.cuh"
#include "point_launch.h"
#include "reduce_chunk.cuh"

/* Rows of threads that share a lane's points. */
#define MYR_POINT_SHARE 8

MYR_GPU uint32_t lane_of_thread(void) {
    return blockIdx.x * MYR_POINT_WIDTH + threadIdx.x;
}

MYR_GPU int first_coordinate(void) {
    return MYR_QUAD * (int)blockIdx.y;
}

/* Four normals of coordinates c … c + 3 of a lane. */
MYR_GPU void normals_of(const myr_device_points *p, const myr_device_normals_of *from, uint32_t stream,
                        uint32_t lane, int c, float z[MYR_QUAD]) {
    if (from->d_given) {
        for (int i = 0; i < MYR_QUAD; i++)
            z[i] = c + i < p->dimension ? from->d_given[(size_t)(c + i) * p->lanes + lane] : 0.0f;
        return;
    }
    const uint64_t index = p->first + lane, number = from->number + (uint64_t)c;
    const myr_trajectory t = myr_trajectory_make(&p->keys, stream, (uint32_t)index);
    myr_draw_quad_at(&p->keys, &t, (uint32_t)(index >> 32), (uint32_t)(number / 4), (uint32_t)(number % 4),
                     p->fast, z);
}

static __global__ void __launch_bounds__(MYR_POINT_WIDTH)
    points_start(const myr_device_points p, const float *start, uint32_t count, float a,
                 const myr_device_normals_of from) {
    const uint32_t lane = lane_of_thread();
    const int c = first_coordinate();
    float z[MYR_QUAD];
    normals_of(&p, &from, MYR_STREAM_START, lane, c, z);
    size_t point = 0;
    if (count) {
        const uint64_t index = p.first + lane;
        const myr_trajectory t = myr_trajectory_make(&p.keys, MYR_STREAM_TARGET, (uint32_t)index);
        const myr_block b = myr_block_make(&p.keys, (uint32_t)(index >> 32), 0);
        point = myr_point_chosen(myr_device_words(&p.keys, &t, &b).x, count);
    }
    for (int i = 0; i < MYR_QUAD && c + i < p.dimension; i++) {
        const float mean =
            count ? a * p.d_points[point * (size_t)p.dimension + (size_t)(c + i)] : start[c + i];
        p.d_state[(size_t)(c + i) * p.lanes + lane] = myr_fmaf(start[p.dimension + c + i], z[i], mean);
    }
}

static __global__ void __launch_bounds__(MYR_POINT_WIDTH)
    points_raise(const myr_device_points p, float n, const myr_device_normals_of from) {
    const uint32_t lane = lane_of_thread();
    const int c = first_coordinate();
    float z[MYR_QUAD];
    normals_of(&p, &from, MYR_STREAM_STEP, lane, c, z);
    for (int i = 0; i < MYR_QUAD && c + i < p.dimension; i++) {
        float *x = &p.d_state[(size_t)(c + i) * p.lanes + lane];
        *x = myr_fmaf(n, z[i], *x);
    }
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

static __global__ void __launch_bounds__(32 * MYR_POINT_SHARE)
    points_weigh(const myr_device_points p, const myr_empirical_level level, uint32_t begin, uint32_t count,
                 float *scores) {
    __shared__ float shared[MYR_POINT_SHARE][32];
    const uint32_t lane = blockIdx.x * 32 + threadIdx.x;
    const float before = begin ? p.d_largest[lane] : MYR_LOWEST_SCORE;
    float largest = before;
    for (uint32_t i = threadIdx.y; i < count; i += MYR_POINT_SHARE) {
        float *score = &scores[(size_t)i * p.lanes + lane];
        const float value = myr_point_score(&level, *score, p.d_half_norms[begin + i]);
        *score = value;
        largest = value > largest ? value : largest;
    }
    largest = over_rows(largest, 1, shared);
    float total = 0.0f;
    for (uint32_t i = threadIdx.y; i < count; i += MYR_POINT_SHARE) {
        float *weight = &scores[(size_t)i * p.lanes + lane];
        *weight = myr_point_weight(&level, *weight, largest);
        total += *weight;
    }
    total = over_rows(total, 0, shared);
    if (threadIdx.y == 0) {
        const float rescale = myr_point_weight(&level, before, largest);
        p.d_total[lane] = begin ? myr_fmaf(p.d_total[lane], rescale, total) : total;
        p.d_rescale[lane] = rescale;
        p.d_largest[lane] = largest;
    }
}

static __global__ void __launch_bounds__(MYR_POINT_WIDTH)
    points_rescale(const myr_device_points p, float *sum) {
    const uint32_t lane = lane_of_thread();
    const float rescale = p.d_rescale[lane];
    for (int i = 0, c = first_coordinate(); i < MYR_QUAD && c + i < p.dimension; i++)
        sum[(size_t)(c + i) * p.lanes + lane] *= rescale;
}

/* d2~ <- d1~ <- d~ */
MYR_GPU void remember(const myr_device_points *p, size_t at, float d) {
    if (!p->memory)
        return;
    p->d_d2[at] = p->d_d1[at];
    p->d_d1[at] = d;
}

static __global__ void __launch_bounds__(MYR_POINT_WIDTH)
    points_first(const myr_device_points p, const myr_step step, int noise,
                 const myr_device_normals_of from) {
    const uint32_t lane = lane_of_thread();
    const int c = first_coordinate();
    const float factor = 1.0f / p.d_total[lane];
    float z[MYR_QUAD] = {0};
    if (noise)
        normals_of(&p, &from, MYR_STREAM_STEP, lane, c, z);
    for (int i = 0; i < MYR_QUAD && c + i < p.dimension; i++) {
        const size_t at = (size_t)(c + i) * p.lanes + lane;
        const float m = p.d_mean[c + i], x = p.d_state[at], d = p.d_sum[at] * factor;
        const float y = p.memory ? myr_step_first_memory(&step, m, x, d, p.d_d1[at], p.d_d2[at], z[i])
                                 : myr_step_first(&step, m, x, d, z[i]);
        if (step.two_stage != 0.0f) {
            p.d_sum[at] = d;
            p.d_y[at] = y;
        } else {
            p.d_state[at] = y;
            remember(&p, at, d);
        }
    }
}

static __global__ void __launch_bounds__(MYR_POINT_WIDTH)
    points_second(const myr_device_points p, const myr_step step) {
    const uint32_t lane = lane_of_thread();
    const float factor = 1.0f / p.d_total[lane];
    for (int i = 0, c = first_coordinate(); i < MYR_QUAD && c + i < p.dimension; i++) {
        const size_t at = (size_t)(c + i) * p.lanes + lane;
        const float d = p.d_sum[at], second = p.d_second[at] * factor;
        p.d_state[at] = myr_step_second(&step, p.d_mean[c + i], p.d_state[at], d, p.d_y[at], second);
        remember(&p, at, d);
    }
}

static __global__ void __launch_bounds__(MYR_POINT_WIDTH)
    points_leave(const myr_device_points p, uint32_t begin, uint32_t count, uint32_t place, float *values) {
    const uint32_t lane = lane_of_thread();
    if (lane < begin || lane - begin >= count)
        return;
    const size_t n = (size_t)place + (lane - begin), chunk = n / MYR_CHUNK, j = n % MYR_CHUNK;
    for (int i = 0, c = first_coordinate(); i < MYR_QUAD && c + i < p.dimension; i++)
        values[(chunk * (size_t)p.dimension + (size_t)(c + i)) * MYR_CHUNK + j] =
            p.d_state[(size_t)(c + i) * p.lanes + lane];
}

static __global__ void __launch_bounds__(MYR_PARTIALS)
    points_moments(const float *values, uint32_t count, myr_moment_node *nodes) {
    __shared__ double partials[MYR_PARTIALS];
    const size_t chunk = blockIdx.x, c = blockIdx.y;
    const myr_moment_node node =
        myr_reduce_chunk(values + (chunk * gridDim.y + c) * MYR_CHUNK, myr_chunk_count(count), partials);
    if (threadIdx.x == 0)
        nodes[c * gridDim.x + chunk] = node;
}

/* Lanes and coordinates, four a thread. */
static dim3 quads(const myr_device_points *p) {
    return dim3(p->lanes / MYR_POINT_WIDTH, (unsigned)(p->dimension + MYR_QUAD - 1) / MYR_QUAD);
}

extern "C" cudaError_t myr_launch_points_start(const myr_device_points *p, const float *d_start,
                                               uint32_t count, float a, myr_device_normals_of z,
                                               cudaStream_t stream) {
    return MYR_LAUNCH(points_start, quads(p), MYR_POINT_WIDTH, 0, stream, *p, d_start, count, a, z);
}

extern "C" cudaError_t myr_launch_points_raise(const myr_device_points *p, float n, myr_device_normals_of z,
                                               cudaStream_t stream) {
    return MYR_LAUNCH(points_raise, quads(p), MYR_POINT_WIDTH, 0, stream, *p, n, z);
}

extern "C" cudaError_t myr_launch_points_weigh(const myr_device_points *p, myr_empirical_level level,
                                               uint32_t begin, uint32_t count, float *d_scores,
                                               cudaStream_t stream) {
    return MYR_LAUNCH(points_weigh, dim3(p->lanes / 32), dim3(32, MYR_POINT_SHARE), 0, stream, *p, level,
                      begin, count, d_scores);
}

extern "C" cudaError_t myr_launch_points_rescale(const myr_device_points *p, float *d_sum,
                                                 cudaStream_t stream) {
    return MYR_LAUNCH(points_rescale, quads(p), MYR_POINT_WIDTH, 0, stream, *p, d_sum);
}

extern "C" cudaError_t myr_launch_points_first(const myr_device_points *p, myr_step step, int noise,
                                               myr_device_normals_of z, cudaStream_t stream) {
    return MYR_LAUNCH(points_first, quads(p), MYR_POINT_WIDTH, 0, stream, *p, step, noise, z);
}

extern "C" cudaError_t myr_launch_points_second(const myr_device_points *p, myr_step step,
                                                cudaStream_t stream) {
    return MYR_LAUNCH(points_second, quads(p), MYR_POINT_WIDTH, 0, stream, *p, step);
}

extern "C" cudaError_t myr_launch_points_leave(const myr_device_points *p, uint32_t lane, uint32_t count,
                                               uint32_t place, float *d_values, cudaStream_t stream) {
    return MYR_LAUNCH(points_leave, quads(p), MYR_POINT_WIDTH, 0, stream, *p, lane, count, place, d_values);
}

extern "C" cudaError_t myr_launch_points_moments(const float *d_values, uint32_t count, int dimension,
                                                 myr_moment_node *d_nodes, cudaStream_t stream) {
    const dim3 grid((count + MYR_CHUNK - 1) / MYR_CHUNK, (unsigned)dimension);
    return MYR_LAUNCH(points_moments, grid, MYR_PARTIALS, 0, stream, d_values, count, d_nodes);
}
