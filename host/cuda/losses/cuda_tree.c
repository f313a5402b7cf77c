#include "cuda_tree.h"

#include <string.h>

#include "linear_launch.h"

static uint64_t groups_of(uint64_t nodes) {
    return (nodes + MYR_NODE_GROUP - 1) / MYR_NODE_GROUP;
}

myr_status myr_cuda_tree_begin(myr_context *context, const myr_cuda_session *session, uint64_t chunks,
                               size_t most, myr_cuda_tree *tree) {
    const size_t groups = (size_t)groups_of(chunks), doubles = ((size_t)chunks + groups + 1) * most + 1;
    void *memory = NULL;
    *tree = (myr_cuda_tree){.chunks = chunks, .most = most};
    myr_status status = myr_cuda_allocate(context, session, doubles * sizeof(double), &memory);
    if (status != MYR_OK)
        return status;
    tree->d_sums = memory;
    tree->d_groups = tree->d_sums + chunks * most;
    tree->d_root = tree->d_groups + groups * most;
    tree->d_bad = (unsigned long long *)(void *)(tree->d_root + most);
    return MYR_OK;
}

void myr_cuda_tree_end(const myr_cuda_session *session, myr_cuda_tree *tree) {
    myr_cuda_release(session, tree->d_sums);
    tree->d_sums = NULL;
}

myr_status myr_cuda_tree_clear(myr_context *context, const myr_cuda_session *session,
                               const myr_cuda_tree *tree) {
    return myr_cuda_check(context, cudaMemsetAsync(tree->d_bad, 0, sizeof *tree->d_bad, session->stream),
                          "clearing sums");
}

myr_status myr_cuda_tree_bad(myr_context *context, const myr_cuda_session *session,
                             const myr_cuda_tree *tree, uint64_t *bad) {
    unsigned long long complement = 0;
    const myr_status status =
        myr_cuda_download(context, session, &complement, tree->d_bad, sizeof complement);
    *bad = ~(uint64_t)complement;
    return status;
}

/* Groups until one is left, whose sum is the root: also of one chunk. */
static cudaError_t add(const myr_cuda_tree *tree, size_t sums, cudaStream_t stream) {
    double *d_nodes[2] = {tree->d_sums, tree->d_groups};
    cudaError_t error = cudaSuccess;
    uint64_t nodes = tree->chunks;
    int from = 0;
    for (; error == cudaSuccess && nodes > MYR_NODE_GROUP; nodes = groups_of(nodes), from = 1 - from)
        error = myr_launch_add_nodes(d_nodes[from], nodes, sums, d_nodes[1 - from], stream);
    return error == cudaSuccess ? myr_launch_add_nodes(d_nodes[from], nodes, sums, tree->d_root, stream)
                                : error;
}

myr_status myr_cuda_tree_add(myr_context *context, const myr_cuda_session *session,
                             const myr_cuda_tree *tree, size_t sums) {
    return myr_cuda_check(context, add(tree, sums, session->stream), "adding sums");
}

myr_status myr_cuda_tree_take(myr_context *context, const myr_cuda_session *session,
                              const myr_cuda_tree *tree, size_t sums, double *root, uint64_t *bad) {
    myr_status status = myr_cuda_tree_add(context, session, tree, sums);
    if (status == MYR_OK)
        status = myr_cuda_download(context, session, root, tree->d_root, (tree->most + 1) * sizeof(double));
    if (status != MYR_OK)
        return status;
    unsigned long long complement;
    memcpy(&complement, root + tree->most, sizeof complement);
    *bad = ~(uint64_t)complement;
    return MYR_OK;
}
