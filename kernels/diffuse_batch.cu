/* Rows a step at a time: what lies between evaluations of a denoiser for all trajectories (step_row.h). All of it is
 * bound by memory, and small beside the evaluations. */
#include "batch.cuh"
#include "reduce_chunk.cuh"

static __global__ void __launch_bounds__(MYR_BATCH_WIDTH)
    batch_start(const myr_device_batch b, const myr_device_normals_of from) {
    const uint32_t lane = myr_lane_of_thread();
    const int c = myr_first_coordinate();
    float z[MYR_QUAD];
    myr_batch_normals(&b, &from, MYR_STREAM_START, lane, c, z);
    for (int i = 0; i < MYR_QUAD && c + i < b.dimension; i++)
        b.d_state[(size_t)(c + i) * b.lanes + lane] =
            myr_fmaf(b.d_start[b.dimension + c + i], z[i], b.d_start[c + i]);
}

static __global__ void __launch_bounds__(MYR_BATCH_WIDTH)
    batch_raise(const myr_device_batch b, float n, const myr_device_normals_of from) {
    const uint32_t lane = myr_lane_of_thread();
    const int c = myr_first_coordinate();
    float z[MYR_QUAD];
    myr_batch_normals(&b, &from, MYR_STREAM_STEP, lane, c, z);
    for (int i = 0; i < MYR_QUAD && c + i < b.dimension; i++) {
        float *x = &b.d_state[(size_t)(c + i) * b.lanes + lane];
        *x = myr_fmaf(n, z[i], *x);
    }
}

/* d2~ <- d1~ <- d~ */
MYR_GPU void remember(const myr_device_batch *b, size_t at, float d) {
    if (!b->memory)
        return;
    b->d_d2[at] = b->d_d1[at];
    b->d_d1[at] = d;
}

static __global__ void __launch_bounds__(MYR_BATCH_WIDTH)
    batch_first(const myr_device_batch b, const myr_step step, int noise,
                const myr_device_normals_of from) {
    const uint32_t lane = myr_lane_of_thread();
    const int c = myr_first_coordinate();
    const float factor = 1.0f / b.d_total[lane];
    float z[MYR_QUAD] = {0};
    if (noise)
        myr_batch_normals(&b, &from, MYR_STREAM_STEP, lane, c, z);
    for (int i = 0; i < MYR_QUAD && c + i < b.dimension; i++) {
        const size_t at = (size_t)(c + i) * b.lanes + lane;
        const float m = b.d_mean[c + i], x = b.d_state[at], d = b.d_sum[at] * factor;
        const float y = b.memory ? myr_step_first_memory(&step, m, x, d, b.d_d1[at], b.d_d2[at], z[i])
                                 : myr_step_first(&step, m, x, d, z[i]);
        if (step.two_stage != 0.0f) {
            b.d_sum[at] = d;
            b.d_y[at] = y;
        } else {
            b.d_state[at] = y;
            remember(&b, at, d);
        }
    }
}

static __global__ void __launch_bounds__(MYR_BATCH_WIDTH)
    batch_second(const myr_device_batch b, const myr_step step) {
    const uint32_t lane = myr_lane_of_thread();
    const float factor = 1.0f / b.d_total[lane];
    for (int i = 0, c = myr_first_coordinate(); i < MYR_QUAD && c + i < b.dimension; i++) {
        const size_t at = (size_t)(c + i) * b.lanes + lane;
        const float d = b.d_sum[at], second = b.d_second[at] * factor;
        b.d_state[at] = myr_step_second(&step, b.d_mean[c + i], b.d_state[at], d, b.d_y[at], second);
        remember(&b, at, d);
    }
}

static __global__ void __launch_bounds__(MYR_BATCH_WIDTH)
    batch_leave(const myr_device_batch b, uint32_t begin, uint32_t count, uint32_t place, float *values) {
    const uint32_t lane = myr_lane_of_thread();
    if (lane < begin || lane - begin >= count)
        return;
    const size_t n = (size_t)place + (lane - begin), chunk = n / MYR_CHUNK, j = n % MYR_CHUNK;
    for (int i = 0, c = myr_first_coordinate(); i < MYR_QUAD && c + i < b.dimension; i++)
        values[(chunk * (size_t)b.dimension + (size_t)(c + i)) * MYR_CHUNK + j] =
            b.d_state[(size_t)(c + i) * b.lanes + lane];
}

static __global__ void __launch_bounds__(MYR_PARTIALS)
    batch_moments(const float *values, uint32_t count, myr_moment_node *nodes) {
    __shared__ double partials[MYR_PARTIALS];
    const size_t chunk = blockIdx.x, c = blockIdx.y;
    const myr_moment_node node = myr_reduce_chunk(values + (chunk * gridDim.y + c) * MYR_CHUNK,
                                                  myr_chunk_count(count, blockIdx.x), partials);
    if (threadIdx.x == 0)
        nodes[c * gridDim.x + chunk] = node;
}

extern "C" cudaError_t myr_launch_batch_start(const myr_device_batch *b, myr_device_normals_of z,
                                              cudaStream_t stream) {
    return MYR_LAUNCH(batch_start, myr_batch_fours(b), MYR_BATCH_WIDTH, 0, stream, *b, z);
}

extern "C" cudaError_t myr_launch_batch_raise(const myr_device_batch *b, float n, myr_device_normals_of z,
                                              cudaStream_t stream) {
    return MYR_LAUNCH(batch_raise, myr_batch_fours(b), MYR_BATCH_WIDTH, 0, stream, *b, n, z);
}

extern "C" cudaError_t myr_launch_batch_first(const myr_device_batch *b, myr_step step, int noise,
                                              myr_device_normals_of z, cudaStream_t stream) {
    return MYR_LAUNCH(batch_first, myr_batch_fours(b), MYR_BATCH_WIDTH, 0, stream, *b, step, noise, z);
}

extern "C" cudaError_t myr_launch_batch_second(const myr_device_batch *b, myr_step step,
                                               cudaStream_t stream) {
    return MYR_LAUNCH(batch_second, myr_batch_fours(b), MYR_BATCH_WIDTH, 0, stream, *b, step);
}

extern "C" cudaError_t myr_launch_batch_leave(const myr_device_batch *b, uint32_t lane, uint32_t count,
                                              uint32_t place, float *d_values, cudaStream_t stream) {
    return MYR_LAUNCH(batch_leave, myr_batch_fours(b), MYR_BATCH_WIDTH, 0, stream, *b, lane, count, place,
                      d_values);
}

extern "C" cudaError_t myr_launch_batch_moments(const float *d_values, uint32_t count, int dimension,
                                                myr_moment_node *d_nodes, cudaStream_t stream) {
    const dim3 grid((count + MYR_CHUNK - 1) / MYR_CHUNK, (unsigned)dimension);
    return MYR_LAUNCH(batch_moments, grid, MYR_PARTIALS, 0, stream, d_values, count, d_nodes);
}
