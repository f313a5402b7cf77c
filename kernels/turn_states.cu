/* Results from a Gaussian's axes to its coordinates, and their moments: a thread block a chunk and a
 * coordinate. */
#include "diffuse_launch.h"
#include "reduce_chunk.cuh"

static __global__ void __launch_bounds__(MYR_PARTIALS) turn_states(const myr_device_turned turned) {
    __shared__ double partials[MYR_PARTIALS];
    const int d = turned.dimension, r = (int)blockIdx.y;
    const size_t chunk = (size_t)blockIdx.x * (size_t)d * MYR_CHUNK;
    const int count = myr_chunk_count(turned.count, blockIdx.x);
    float *values = turned.d_turned + chunk + (size_t)r * MYR_CHUNK;
    for (int j = (int)threadIdx.x; j < count; j += MYR_PARTIALS) {
        float sum = 0.0f;
        for (int c = 0; c < d; c++)
            sum = myr_affine_rotate(__ldg(turned.d_axes + (size_t)r * (size_t)d + (size_t)c),
                                    turned.d_state[chunk + (size_t)c * MYR_CHUNK + (size_t)j], sum);
        values[j] = sum;
    }
    if (!turned.d_nodes)
        return;
    myr_moment_node node = myr_reduce_chunk(values, count, partials);
    if (threadIdx.x == 0)
        turned.d_nodes[(size_t)r * gridDim.x + blockIdx.x] = node;
}

extern "C" cudaError_t myr_launch_turn(const myr_device_turned *turned, cudaStream_t stream) {
    const dim3 grid((turned->count + MYR_CHUNK - 1) / MYR_CHUNK, (unsigned)turned->dimension);
    return MYR_LAUNCH(turn_states, grid, MYR_PARTIALS, 0, stream, *turned);
}
