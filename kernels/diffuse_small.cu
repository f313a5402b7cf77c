/* Simple tables in one to four dimensions: all rows in one launch, states and normals never leaving the
 * registers.
 *
 *     x~ <- alpha x~ + c z          affine_row.h
 *
 * A thread block is a chunk. A thread runs a few trajectories side by side (independent instructions hide
 * each other's latency), and a *four* is four rows: the fewest that use up whole Philox blocks, one a
 * coordinate. The block number is the same for all trajectories and the index for all fours, so the
 * compiler moves what depends on the index alone in the first two Philox rounds out of the loop. Cells are
 * read through the read-only cache, 16 bytes at a time, the same address in all threads. */
#include "diffuse_launch.h"
#include "normals.cuh"
#include "reduce_chunk.cuh"

#define MYR_MOST_TOGETHER 4

typedef struct small_states {
    float x[MYR_MOST_TOGETHER][MYR_SMALL_DIMENSION];
} small_states;

/* Normals of four n: number 4 D n + D row + c. */
typedef struct small_normals {
    float z[4 * MYR_SMALL_DIMENSION];
} small_normals;

MYR_GPU void load_four(const float4 *cells, myr_device_four *four) {
    float4 part[2];
    part[0] = __ldg(cells);
    part[1] = __ldg(cells + 1);
    memcpy(four, part, sizeof *four);
}

/* What trajectories side by side share. */
typedef struct small_group {
    myr_trajectory step[MYR_MOST_TOGETHER]; /* of the steps' stream */
    small_states states;
} small_group;

MYR_GPU void run_four(const myr_device_slice *slice, const float4 *cells, uint32_t high, uint32_t number,
                      const int D, const int together, const int noise, const int fast,
                      small_group *group) {
    myr_device_four rows[MYR_SMALL_DIMENSION];
    myr_block blocks[MYR_SMALL_DIMENSION];
#pragma unroll
    for (int c = 0; c < D; c++) {
        load_four(cells + 2 * c, &rows[c]);
        blocks[c] = myr_block_make(&slice->keys, high, number * (uint32_t)D + (uint32_t)c);
    }
#pragma unroll
    for (int n = 0; n < together; n++) {
        small_normals normals = {{0}};
#pragma unroll
        for (int b = 0; b < D; b++)
            if (noise)
                myr_device_normals(myr_device_words(&slice->keys, &group->step[n], &blocks[b]), fast,
                                   &normals.z[4 * b]);
#pragma unroll
        for (int row = 0; row < 4; row++) {
#pragma unroll
            for (int c = 0; c < D; c++) {
                const myr_affine_cell cell = rows[c].cell[row];
                float *x = &group->states.x[n][c];
                *x = myr_affine_step(cell, *x, normals.z[D * row + c]);
            }
        }
    }
}

/* Trajectory of index (high, low) at the beginning of the slice. */
MYR_GPU void enter(const myr_device_slice *slice, uint32_t high, uint32_t low, const float *values,
                   const int D, const int fast, float *x) {
    float z[4] = {0};
    if (slice->draw_start) {
        myr_trajectory start = myr_trajectory_make(&slice->keys, MYR_STREAM_START, low);
        myr_block block = myr_block_make(&slice->keys, high, 0);
        myr_device_normals(myr_device_words(&slice->keys, &start, &block), fast, z);
    }
#pragma unroll
    for (int c = 0; c < D; c++)
        x[c] = slice->draw_start ? slice->d_start_scale[c] * z[c] : values[c * MYR_CHUNK];
}

/* Runs the trajectories j, j + MYR_PARTIALS … of the chunk whose index has that upper half. */
MYR_GPU void run_group(const myr_device_slice *slice, uint64_t first, uint32_t high, int j, const int D,
                       const int together, const int noise, const int fast, float *values) {
    small_group group;
#pragma unroll
    for (int n = 0; n < together; n++) {
        const uint32_t low = (uint32_t)first + (uint32_t)(j + n * MYR_PARTIALS);
        enter(slice, high, low, values + j + n * MYR_PARTIALS, D, fast, group.states.x[n]);
        group.step[n] = myr_trajectory_make(&slice->keys, MYR_STREAM_STEP, low);
    }
    const float4 *cells = (const float4 *)slice->d_cells;
    const uint32_t end = (slice->row + slice->rows) / 4;
#pragma unroll 2
    for (uint32_t number = slice->row / 4; number < end; number++, cells += 2 * D)
        run_four(slice, cells, high, number, D, together, noise, fast, &group);
#pragma unroll
    for (int n = 0; n < together; n++) {
        const int place = j + n * MYR_PARTIALS;
        if ((uint32_t)((first + (uint64_t)place) >> 32) == high)
#pragma unroll
            for (int c = 0; c < D; c++)
                values[c * MYR_CHUNK + place] = group.states.x[n][c];
    }
}

/* The kernel. D, together, noise and fast are literal in each wrapper below. A chunk that crosses a
 * multiple of 2^32 is run twice, and each trajectory taken from the run that had its upper half. */
MYR_GPU void diffuse_small(const myr_device_slice *slice, const int D, const int together, const int noise,
                           const int fast, float *shared_values, double *shared_partials) {
    const myr_chunk_part part = myr_chunk_part_make(slice->first, slice->count, slice->spread, together);
    const uint64_t first = slice->first + (uint64_t)part.chunk * MYR_CHUNK;
    float *values =
        slice->d_state ? slice->d_state + (size_t)part.chunk * (size_t)D * MYR_CHUNK : shared_values;
    for (uint32_t run = 0; run < part.runs; run++)
        for (int j = part.begin; j < part.count; j += part.step)
            run_group(slice, first, part.high + run, j, D, together, noise, fast, values);
    if (!slice->d_nodes)
        return;
    for (int c = 0; c < D; c++) {
        myr_moment_node node = myr_reduce_chunk(values + c * MYR_CHUNK, part.count, shared_partials);
        if (threadIdx.x == 0)
            slice->d_nodes[(size_t)c * gridDim.x + blockIdx.x] = node;
    }
}

/* X(dimension, trajectories together, noise, fast) */
#define MYR_SMALL_LIST(X) \
    X(1, 4, 1, 0)         \
    X(1, 4, 1, 1)         \
    X(1, 4, 0, 0)         \
    X(2, 2, 1, 0)         \
    X(2, 2, 1, 1)         \
    X(3, 1, 1, 0)         \
    X(3, 1, 1, 1)

/* Thread blocks that a multiprocessor shall have: ptxas, left to itself (0), goes for one more in the first two cases, and
 * spills. */
#define MYR_SMALL_KERNEL(D, together, noise, fast)                               \
    static __global__ void __launch_bounds__(MYR_PARTIALS, D == 1           ? 4  \
                                                           : D == 2 && fast ? 3  \
                                                                            : 0) \
        diffuse_small_##D##_##noise##_##fast(const myr_device_slice slice) {     \
        __shared__ float values[D == 1 ? MYR_CHUNK : 1];                         \
        __shared__ double partials[MYR_PARTIALS];                                \
        diffuse_small(&slice, D, together, noise, fast, values, partials);       \
    }
MYR_SMALL_LIST(MYR_SMALL_KERNEL)

#define MYR_SMALL_CASE(D, together, noise_, fast_)                                                 \
    if (slice->dimension == D && slice->noise == noise_ && (slice->noise && slice->fast) == fast_) \
        return MYR_LAUNCH(diffuse_small_##D##_##noise_##_##fast_, blocks, MYR_PARTIALS, 0, stream, *slice);

extern "C" cudaError_t myr_launch_small(const myr_device_slice *slice, cudaStream_t stream) {
    const uint32_t blocks = (slice->count + MYR_CHUNK - 1) / MYR_CHUNK * slice->spread;
    MYR_SMALL_LIST(MYR_SMALL_CASE)
    return cudaErrorInvalidValue;
}

extern "C" cudaError_t myr_launch_check(void) {
    cudaFuncAttributes attributes;
    return cudaFuncGetAttributes(&attributes, (const void *)diffuse_small_1_1_0);
}
