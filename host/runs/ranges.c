#include "ranges.h"

#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"

/* Nodes that make up any range of that many chunks, and one that is being merged: the sizes of the smallest
 * number grow from the left and shrink to the right, two of each at most. */
static int room_for(uint64_t chunks) {
    int levels = 1;
    while (levels < 63 && chunks >> levels)
        levels++;
    return 2 * levels + 1;
}

static uint64_t chunks_of(uint64_t count) {
    return (count - 1) / MYR_CHUNK + 1;
}

myr_status myr_range_begin(myr_context *context, const myr_job *job, myr_range **range) {
    const size_t d = (size_t)job->plan->dimension;
    const int room = room_for(chunks_of(job->count));
    const size_t bytes = (size_t)room * d * sizeof(myr_moment_node);
    myr_range *made = calloc(1, sizeof *made);
    if (made) {
        made->mean = calloc(d, sizeof *made->mean);
        made->node = malloc(bytes);
    }
    if (!made || !made->mean || !made->node) {
        myr_range_destroy(made);
        return myr_fail_memory(context, bytes);
    }
    made->seed = job->seed;
    made->first = job->first;
    made->count = job->count;
    made->dimension = (int)d;
    made->leaf = job->first / MYR_CHUNK;
    made->room = room;
    *range = made;
    return MYR_OK;
}

void myr_range_destroy(myr_range *range) {
    if (!range)
        return;
    free(range->mean);
    free(range->node);
    free(range);
}

void myr_range_relative_to(myr_range *range, const double *mean) {
    memcpy(range->mean, mean, (size_t)range->dimension * sizeof *mean);
}

uint64_t myr_range_batch(const myr_job *job, uint64_t done, uint64_t most) {
    const uint64_t leaf = job->first / MYR_CHUNK + done / MYR_CHUNK;
    const uint64_t count = (most - leaf % most) * MYR_CHUNK;
    return job->count - done < count ? job->count - done : count;
}

void myr_range_push(myr_range *range, int height, const myr_moment_node *nodes, size_t stride) {
    const size_t d = (size_t)range->dimension;
    myr_moment_node *last = range->node + (size_t)range->nodes * d;
    for (size_t c = 0; c < d; c++)
        last[c] = nodes[c * stride];
    range->level[range->nodes++] = height;
    uint64_t begin = range->leaf;
    range->leaf += (uint64_t)1 << height;
    /* While the last node is the right half of a larger one whose left half is there. */
    for (; range->nodes > 1 && range->level[range->nodes - 2] == height && (begin >> height & 1);
         height++) {
        last -= d;
        for (size_t c = 0; c < d; c++)
            last[c] = myr_moment_merge(last[c], last[d + c]);
        range->level[--range->nodes - 1] = height + 1;
        begin -= (uint64_t)1 << height;
    }
}

void myr_range_push_chunk(myr_range *range, const myr_moment *chunk) {
    const size_t d = (size_t)range->dimension;
    myr_moment_node *last = range->node + (size_t)range->nodes * d;
    for (size_t c = 0; c < d; c++)
        last[c] =
            (myr_moment_node){(double)chunk[c].count, chunk[c].mean, chunk[c].m2, chunk[c].m3, chunk[c].m4};
    myr_range_push(range, 0, last, 1);
}

/* From the right, so that a range from trajectory 0 splits at the largest power of two below its chunks. */
static myr_moment moment_of(const myr_range *range, int c) {
    myr_moment_node root = {0};
    for (int n = range->nodes - 1; n >= 0; n--)
        root = myr_moment_merge(range->node[n * range->dimension + c], root);
    return (myr_moment){range->count, root.mean + range->mean[c], root.m2, root.m3, root.m4};
}

void myr_range_moments(const myr_range *range, myr_moment *moments) {
    MYR_STANDARD_ENVIRONMENT;
    for (int c = 0; range && moments && c < range->dimension; c++)
        moments[c] = moment_of(range, c);
}

uint64_t myr_range_checksum(const myr_range *range) {
    MYR_STANDARD_ENVIRONMENT;
    uint64_t hash = MYR_CHECKSUM_OF_NOTHING;
    for (int c = 0; range && c < range->dimension; c++) {
        const myr_moment moment = moment_of(range, c);
        hash = myr_checksum_add(hash, &moment);
    }
    return hash;
}

myr_status myr_job_moments(myr_context *context, const myr_backend *backend, const myr_job *job,
                           myr_moment *moments) {
    myr_range *range = NULL;
    myr_status status = myr_range_begin(context, job, &range);
    if (status == MYR_OK)
        status = backend->range(context, job, range);
    if (status == MYR_OK)
        myr_range_moments(range, moments);
    myr_range_destroy(range);
    return status;
}

static myr_status check_neighbours(myr_context *context, const myr_range *left, const myr_range *right) {
    if (!left || !right)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "left or right is NULL; expected ranges");
    if (left->dimension != right->dimension)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "right: has %d coordinates; expected %d, as left has", right->dimension,
                        left->dimension);
    if (left->seed != right->seed)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "right: is of seed %llu; expected left's, %llu",
                        (unsigned long long)right->seed, (unsigned long long)left->seed);
    for (int c = 0; c < left->dimension; c++)
        if (left->mean[c] != right->mean[c])
            return myr_fail(context, MYR_INVALID_ARGUMENT,
                            "right: its mean path ends at %.17g in coordinate %d; expected left's, %.17g",
                            right->mean[c], c, left->mean[c]);
    if (left->count % MYR_CHUNK != 0)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "left: has %llu trajectories; expected a multiple of %d, for others to follow",
                        (unsigned long long)left->count, MYR_CHUNK);
    if (right->first < left->first || right->first - left->first != left->count)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "right: begins at trajectory %llu; expected %llu, where left ends",
                        (unsigned long long)right->first, (unsigned long long)(left->first + left->count));
    return MYR_OK;
}

myr_status myr_range_join(myr_context *context, myr_range *left, const myr_range *right) {
    MYR_STANDARD_ENVIRONMENT;
    myr_status status = check_neighbours(context, left, right);
    if (status != MYR_OK)
        return status;
    const size_t d = (size_t)left->dimension;
    const int room = room_for(chunks_of(left->count + right->count));
    const size_t bytes = (size_t)room * d * sizeof(myr_moment_node);
    myr_moment_node *larger = realloc(left->node, bytes);
    if (!larger)
        return myr_fail_memory(context, bytes);
    left->node = larger;
    left->room = room;
    for (int n = 0; n < right->nodes; n++)
        myr_range_push(left, right->level[n], right->node + (size_t)n * d, 1);
    left->count += right->count;
    return MYR_OK;
}

uint64_t myr_range_first(const myr_range *range) {
    return range ? range->first : 0;
}

uint64_t myr_range_count(const myr_range *range) {
    return range ? range->count : 0;
}

int myr_range_dimension(const myr_range *range) {
    return range ? range->dimension : 0;
}
