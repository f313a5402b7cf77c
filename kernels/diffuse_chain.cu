/* Chains of states: a binary search a step, all steps in one launch.
 *
 * A thread block takes a chunk, a thread a few trajectories side by side, so that one's loads wait while
 * another's are on their way. The step's matrix, up to 256 KiB, comes from the caches: all thread blocks go
 * through the steps at about the same pace. */
#include "chain_launch.h"
#include "chain_step.h"
#include "reduce_chunk.cuh"
#include "words.cuh"

#define MYR_TOGETHER 4

typedef struct chain_group {
    myr_trajectory trajectory[MYR_TOGETHER];
    uint32_t high[MYR_TOGETHER];
    int32_t state[MYR_TOGETHER]; /* from 0 */
} chain_group;

/* One step of all: rows[state][width]. */
MYR_GPU void step_group(const int32_t *rows, int32_t width, const uint32_t words[MYR_TOGETHER],
                        int32_t state[MYR_TOGETHER]) {
    int32_t base[MYR_TOGETHER];
#pragma unroll
    for (int q = 0; q < MYR_TOGETHER; q++) {
        base[q] = state[q] * width;
        state[q] = 0;
    }
#pragma unroll 1
    for (int32_t half = width / 2; half > 0; half /= 2) {
#pragma unroll
        for (int q = 0; q < MYR_TOGETHER; q++)
            state[q] = myr_chain_advance(rows, base[q], half, myr_chain_value(words[q]), state[q]);
    }
}

/* Trajectories j, j + MYR_PARTIALS … of the chunk. Those past its end run along from state 0, and are not
 * kept. */
MYR_GPU void enter_group(const myr_device_chain *slice, int j, int count, chain_group *g) {
    uint32_t words[MYR_TOGETHER];
#pragma unroll
    for (int q = 0; q < MYR_TOGETHER; q++) {
        const int at = j + q * MYR_PARTIALS;
        const uint64_t index = slice->first + (uint64_t)blockIdx.x * MYR_CHUNK + (uint64_t)at;
        const uint32_t low = (uint32_t)index;
        g->high[q] = (uint32_t)(index >> 32);
        g->trajectory[q] = myr_trajectory_make(&slice->keys, MYR_STREAM_STEP, low);
        g->state[q] = 0;
        words[q] = 0;
        if (slice->draw_start) {
            const myr_trajectory start = myr_trajectory_make(&slice->keys, MYR_STREAM_START, low);
            const myr_block block = myr_block_make(&slice->keys, g->high[q], 0);
            words[q] = myr_device_words(&slice->keys, &start, &block).x;
        } else if (at < count) {
            g->state[q] = (int32_t)slice->d_state[(size_t)blockIdx.x * MYR_CHUNK + (size_t)at] - 1;
        }
    }
    if (slice->draw_start)
        step_group(slice->d_start, slice->width, words, g->state);
}

/* The four steps from step 4 number on, as far as they belong to the slice. */
MYR_GPU void run_four(const myr_device_chain *slice, uint32_t number, chain_group *g) {
    uint32_t words[4][MYR_TOGETHER];
#pragma unroll
    for (int q = 0; q < MYR_TOGETHER; q++) {
        const myr_block block = myr_block_make(&slice->keys, g->high[q], number);
        const uint4 w = myr_device_words(&slice->keys, &g->trajectory[q], &block);
        words[0][q] = w.x;
        words[1][q] = w.y;
        words[2][q] = w.z;
        words[3][q] = w.w;
    }
#pragma unroll
    for (uint32_t r = 0; r < 4; r++) {
        const uint32_t step = 4 * number + r - slice->row; /* wraps before the first */
        if (step < slice->rows)
            step_group(slice->d_steps + (size_t)step * (size_t)(slice->states * slice->width), slice->width,
                       words[r], g->state);
    }
}

static __global__ void __launch_bounds__(MYR_PARTIALS, 2) diffuse_chain(const myr_device_chain slice) {
    __shared__ double partials[MYR_PARTIALS];
    const int count = myr_chunk_count(slice.count, blockIdx.x);
    float *values = slice.d_state + (size_t)blockIdx.x * MYR_CHUNK;
    for (int j = (int)threadIdx.x; j < count; j += MYR_TOGETHER * MYR_PARTIALS) {
        chain_group g;
        enter_group(&slice, j, count, &g);
#pragma unroll 1
        for (uint32_t number = slice.row / 4; 4 * number < slice.row + slice.rows; number++)
            run_four(&slice, number, &g);
#pragma unroll
        for (int q = 0; q < MYR_TOGETHER; q++)
            if (j + q * MYR_PARTIALS < count)
                values[j + q * MYR_PARTIALS] = (float)(g.state[q] + 1);
    }
    if (!slice.d_nodes)
        return;
    const myr_moment_node node = myr_reduce_chunk(values, count, partials);
    if (threadIdx.x == 0)
        slice.d_nodes[blockIdx.x] = node;
}

extern "C" cudaError_t myr_launch_chain(const myr_device_chain *slice, cudaStream_t stream) {
    const uint32_t chunks = (slice->count + MYR_CHUNK - 1) / MYR_CHUNK;
    return MYR_LAUNCH(diffuse_chain, chunks, MYR_PARTIALS, 0, stream, *slice);
}
