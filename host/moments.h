/* Moments of many chunks, merged in a fixed binary tree over the chunk index: the same bits whatever ran
 * the chunks, in memory that grows as the logarithm of their number. */
#ifndef MYRIAD_MOMENTS_H
#define MYRIAD_MOMENTS_H

#include "chunk_moments.h"
#include "myriad/run.h"

/* A binary counter: level[l] holds the node over 2^l chunks that awaits its right neighbour. */
typedef struct myr_moment_tree {
    uint64_t chunks; /* leaves added so far */
    myr_moment_node level[64];
} myr_moment_tree;

/* Adds the next node of 2^height leaves; the chunks added so far must be a multiple of 2^height. */
void myr_moment_tree_push(myr_moment_tree *tree, int height, const myr_moment_node *node);

/* The root. Nodes left over merge from the right, so that a tree of n leaves splits at the largest power
 * of two below n. */
myr_moment_node myr_moment_tree_root(const myr_moment_tree *tree);

#endif
