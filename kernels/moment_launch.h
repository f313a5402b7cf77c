/* The launcher that merges moments; see launch.h. */
#ifndef MYRIAD_MOMENT_LAUNCH_H
#define MYRIAD_MOMENT_LAUNCH_H

#include "chunk_moments.h"
#include "launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Merges groups of nodes, a power of two of at most MYR_MERGE_GROUP in each, in the fixed binary tree:
 * d_nodes [dimension][count] to d_merged [dimension][ceil(count / group)]. */
#define MYR_MERGE_GROUP 256
cudaError_t myr_launch_merge(const myr_moment_node *d_nodes, uint32_t count, int dimension, uint32_t group,
                             myr_moment_node *d_merged, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
