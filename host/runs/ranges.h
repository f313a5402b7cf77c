/* Ranges, for the library's own files: backends push the nodes of chunks, from the first one on. */
#ifndef MYRIAD_RANGES_H
#define MYRIAD_RANGES_H

#include "backends/backend.h"
#include "chunk_moments.h"

struct myr_range {
    uint64_t seed, first, count;
    int dimension;
    uint64_t leaf; /* chunk that the next node begins at, first / MYR_CHUNK being the first one */
    int nodes, room;
    int level[128]; /* [nodes]: a node of level l is 2^l chunks, beginning at a multiple of that many */
    double *mean;   /* [dimension]: the mean path, which nodes are relative to */
    myr_moment_node *node; /* [room][dimension] */
};

/* Trajectories of the job's from number done on, up to most chunks of them: as many as end where a node of that
 * many chunks, a power of two, does. */
uint64_t myr_range_batch(const myr_job *job, uint64_t done, uint64_t most);

/* Adds the next 2^height chunks as one node a coordinate, nodes[c * stride]; they begin at a multiple of as
 * many. */
void myr_range_push(myr_range *range, int height, const myr_moment_node *nodes, size_t stride);

/* FNV-1a of moments, a coordinate after the other. */
#define MYR_CHECKSUM_OF_NOTHING UINT64_C(0xcbf29ce484222325)
uint64_t myr_checksum_add(uint64_t hash, const myr_moment *moment);

#endif
