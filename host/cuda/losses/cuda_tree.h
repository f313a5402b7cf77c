/* Sums of chunks on the device, and the binary tree over them: the cpu's (myr_tree_sum), so that one node comes back. */
#ifndef MYRIAD_CUDA_TREE_H
#define MYRIAD_CUDA_TREE_H

#include "cuda_reductions.h"

typedef struct myr_cuda_tree {
    uint64_t chunks;
    size_t most;               /* sums of a chunk, at most */
    double *d_sums;            /* [chunks][sums], for a kernel to fill */
    double *d_groups;          /* of groups of chunks; the two take turns */
    double *d_root;            /* [most] */
    unsigned long long *d_bad; /* behind it: the complement of the first bad row */
} myr_cuda_tree;

/* end also after a failure. */
myr_status myr_cuda_tree_begin(myr_context *context, const myr_cuda_session *session, uint64_t chunks,
                               size_t most, myr_cuda_tree *tree);
void myr_cuda_tree_end(const myr_cuda_session *session, myr_cuda_tree *tree);

/* No row is bad yet: queued before the kernel. */
myr_status myr_cuda_tree_clear(myr_context *context, const myr_cuda_session *session,
                               const myr_cuda_tree *tree);

/* The first bad row so far, or UINT64_MAX. */
myr_status myr_cuda_tree_bad(myr_context *context, const myr_cuda_session *session,
                             const myr_cuda_tree *tree, uint64_t *bad);

/* Adds what the kernel has left, so many sums a chunk, to d_root. Queued. */
myr_status myr_cuda_tree_add(myr_context *context, const myr_cuda_session *session,
                             const myr_cuda_tree *tree, size_t sums);

/* The same, brought back: root[most + 1], the last one the tree's own; *bad: the first bad row, or
 * UINT64_MAX. */
myr_status myr_cuda_tree_take(myr_context *context, const myr_cuda_session *session,
                              const myr_cuda_tree *tree, size_t sums, double *root, uint64_t *bad);

#endif
