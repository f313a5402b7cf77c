/* Nodes of the tree over the chunks: each thread block merges one group, level by level, as chunk_moments.h
 * says. A group that the run ends in merges what there is: a node of nothing changes no other. */
#include "device.cuh"
#include "moment_launch.h"

static __global__ void __launch_bounds__(MYR_MERGE_GROUP)
    merge_moments(const myr_moment_node *nodes, uint32_t count, myr_moment_node *merged) {
    __shared__ myr_moment_node group[MYR_MERGE_GROUP];
    const uint32_t t = threadIdx.x;
    const uint32_t index = blockIdx.x * blockDim.x + t;
    myr_moment_node none = {0.0, 0.0, 0.0, 0.0, 0.0};
    group[t] = index < count ? nodes[(size_t)blockIdx.y * count + index] : none;
    for (uint32_t step = 1; step < blockDim.x; step *= 2) {
        __syncthreads();
        if (t % (2 * step) == 0)
            group[t] = myr_moment_merge(group[t], group[t + step]);
    }
    if (t == 0)
        merged[(size_t)blockIdx.y * gridDim.x + blockIdx.x] = group[0];
}

extern "C" cudaError_t myr_launch_merge(const myr_moment_node *d_nodes, uint32_t count, int dimension,
                                        uint32_t group, myr_moment_node *d_merged, cudaStream_t stream) {
    const dim3 grid((count + group - 1) / group, (unsigned)dimension);
    return MYR_LAUNCH(merge_moments, grid, group, 0, stream, d_nodes, count, d_merged);
}
