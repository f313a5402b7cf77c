/* The rows of a slice over a denoiser, all in one launch: the body of the kernels of targets whose denoiser takes single
 * trajectories. Who includes this defines the two functions that are declared here, and a kernel of diffuse_rows for each D,
 * general and fast, and for each of its denoisers, `which`, if it has several.
 *
 * In a few dimensions the vectors stay in registers and all loops over coordinates are unrolled; in more they are in
 * memory that each thread has to itself, trajectory after trajectory, and that stays in the caches. A thread runs N
 * trajectories side by side: what they read of a level they read once, and independent instructions hide each other's
 * latency. */
#ifndef MYRIAD_DIFFUSE_ROWS_CUH
#define MYRIAD_DIFFUSE_ROWS_CUH

#include "diffuse_launch.h"
#include "normal_source.cuh"
#include "reduce_chunk.cuh"

/* A vector of a trajectory. D is the number of coordinates, 0 for any: those are in the thread's memory. */
template <int D>
struct vector {
    float value[D];
    enum { stride = 1 };
    __device__ __forceinline__ float *first() { return value; }
    __device__ __forceinline__ float &operator[](int c) { return value[c]; }
    __device__ __forceinline__ void place(float *) {}
};

template <>
struct vector<0> {
    float *at;
    enum { stride = MYR_PARTIALS };
    __device__ __forceinline__ float *first() { return at; }
    __device__ __forceinline__ float &operator[](int c) { return at[(size_t)c * stride]; }
    __device__ __forceinline__ void place(float *memory) { at = memory; }
};

template <int D, int N>
struct row_walks {
    vector<D> x[N], d[N], y[N], second[N], d1[N], d2[N];
};

/* The including file's. d = D(x~) at a level, of N points, as step_row.h takes it; */
template <int D, int N>
MYR_GPU void denoise(const myr_device_row_slice *slice, const int which, const float *level, const int fast,
                     vector<D> *x, vector<D> *d);

/* and the number of the start, of those in the slice, that a trajectory has. */
MYR_GPU int choose_start(const myr_device_row_slice *slice, uint32_t high, uint32_t low);

/* A row whose normals are made: z[N][stride], this row's first. Rows of a slice that is not general have a first stage
 * alone, and no memory or pre-noise. */
template <int D, int N>
MYR_GPU void run_simple_row(const myr_device_row_slice *slice, const int which, uint32_t row,
                            const int fast, const float *mean, const float *z, const int stride,
                            row_walks<D, N> *w) {
    myr_step step;
    const float4 usual = __ldg((const float4 *)(slice->d_steps + row));
    memcpy(&step, &usual, sizeof usual);
    denoise<D, N>(slice, which, slice->d_levels + (size_t)row * slice->row_floats, fast, w->x, w->d);
#pragma unroll
    for (int c = 0; c < D; c++)
#pragma unroll
        for (int i = 0; i < N; i++)
            w->x[i][c] = myr_step_first(&step, mean[c], w->x[i][c], w->d[i][c], z[i * stride + c]);
}

/* A row as it may be. */
template <int D, int N>
MYR_GPU void run_general_row(const myr_device_row_slice *slice, const int which, uint32_t row,
                             const int fast, myr_normal_cursor *cursor, row_walks<D, N> *w) {
    const int n = D ? D : slice->dimension;
    const myr_step *step = slice->d_steps + row;
    const float *level = slice->d_levels + (size_t)row * slice->row_floats;
    if (slice->pre_noise)
#pragma unroll
        for (int c = 0; c < n; c++)
#pragma unroll
            for (int i = 0; i < N; i++)
                w->x[i][c] = myr_step_raise(step, w->x[i][c],
                                            myr_cursor_next(&slice->keys, D == 0, fast, &cursor[i]));
    denoise<D, N>(slice, which, level, fast, w->x, w->d);
#pragma unroll
    for (int c = 0; c < n; c++) {
        const float m = slice->d_mean[c];
#pragma unroll
        for (int i = 0; i < N; i++) {
            const float z = slice->noise ? myr_cursor_next(&slice->keys, D == 0, fast, &cursor[i]) : 0.0f;
            const float x = w->x[i][c], d = w->d[i][c];
            w->y[i][c] = slice->memory ? myr_step_first_memory(step, m, x, d, w->d1[i][c], w->d2[i][c], z)
                                       : myr_step_first(step, m, x, d, z);
        }
    }
    if (step->two_stage != 0.0f) {
        denoise<D, N>(slice, which, level + slice->level_floats, fast, w->y, w->second);
#pragma unroll
        for (int c = 0; c < n; c++)
#pragma unroll
            for (int i = 0; i < N; i++)
                w->y[i][c] = myr_step_second(step, slice->d_mean[c], w->x[i][c], w->d[i][c], w->y[i][c],
                                             w->second[i][c]);
    }
#pragma unroll
    for (int c = 0; c < n; c++)
#pragma unroll
        for (int i = 0; i < N; i++) {
            w->x[i][c] = w->y[i][c];
            if (slice->memory) {
                w->d2[i][c] = w->d1[i][c];
                w->d1[i][c] = w->d[i][c];
            }
        }
}

/* Vectors of more dimensions than registers hold, in this thread's memory. */
MYR_GPU void place_vectors(const myr_device_row_slice *slice, row_walks<0, 1> *w) {
    const size_t size = (size_t)slice->dimension * MYR_PARTIALS;
    float *memory = slice->d_scratch + (size_t)blockIdx.x * MYR_ROW_VECTORS * size + threadIdx.x;
    vector<0> *const vectors[MYR_ROW_VECTORS] = {w->x, w->d, w->y, w->second, w->d1, w->d2};
#pragma unroll
    for (int i = 0; i < MYR_ROW_VECTORS; i++)
        vectors[i]->place(memory + (size_t)i * size);
}

template <int D, int N>
MYR_GPU void place_vectors(const myr_device_row_slice *, row_walks<D, N> *) {}

/* The start of a trajectory. place: of coordinate 0 in the arrays of states. */
template <int D>
MYR_GPU void draw_start(const myr_device_row_slice *slice, uint32_t high, uint32_t low, size_t place,
                        const int fast, vector<D> *x) {
    const int n = D ? D : slice->dimension;
    const int at = n * choose_start(slice, high, low);
    const float *given = slice->d_start_normals ? slice->d_start_normals + place : NULL;
    myr_normal_cursor cursor = myr_cursor_make(
        &slice->keys, myr_source_make(&slice->keys, MYR_STREAM_START, high, low, given, MYR_CHUNK), 0,
        fast);
#pragma unroll
    for (int c = 0; c < n; c++)
        (*x)[c] =
            myr_fmaf(slice->d_start_scale[at + c], myr_cursor_next(&slice->keys, D == 0, fast, &cursor),
                     slice->d_start_mean[at + c]);
}

/* Trajectory i of a thread's at the beginning of the slice. */
template <int D, int N>
MYR_GPU void enter(const myr_device_row_slice *slice, uint32_t high, uint32_t low, size_t place,
                   const int general, const int fast, int i, row_walks<D, N> *w) {
    const int n = D ? D : slice->dimension;
    if (slice->draw_start)
        draw_start<D>(slice, high, low, place, fast, &w->x[i]);
    const int memory = general && slice->memory, kept = slice->d_memory && !slice->fresh_memory;
#pragma unroll
    for (int c = 0; c < n; c++) {
        const size_t at = place + (size_t)c * MYR_CHUNK;
        if (!slice->draw_start)
            w->x[i][c] = slice->d_state[at];
        if (!memory)
            continue;
        w->d1[i][c] = kept ? slice->d_memory[at] : 0.0f;
        w->d2[i][c] = kept ? slice->d_memory[slice->memory_stride + at] : 0.0f;
    }
}

template <int D, int N>
MYR_GPU void leave(const myr_device_row_slice *slice, size_t place, const int general, int i,
                   row_walks<D, N> *w) {
    const int n = D ? D : slice->dimension;
#pragma unroll
    for (int c = 0; c < n; c++) {
        const size_t at = place + (size_t)c * MYR_CHUNK;
        slice->d_state[at] = w->x[i][c];
        if (general && slice->memory && slice->d_memory) {
            slice->d_memory[at] = w->d1[i][c];
            slice->d_memory[slice->memory_stride + at] = w->d2[i][c];
        }
    }
}

/* Rows that are not general, as many at a time as use up whole Philox blocks: 4, 2, 4 in 1, 2, 3 dimensions. The block's
 * part of the words is the same for all trajectories. */
template <int D, int N>
MYR_GPU void run_simple(const myr_device_row_slice *slice, const int which, uint32_t high, uint32_t low,
                        const int *at, const int fast, row_walks<D, N> *w) {
    enum { together = D == 2 ? 2 : 4, blocks = together * D / 4 };
    myr_trajectory trajectories[N];
#pragma unroll
    for (int i = 0; i < N; i++)
        trajectories[i] = myr_trajectory_make(&slice->keys, MYR_STREAM_STEP, low + (uint32_t)at[i]);
    float mean[D];
#pragma unroll
    for (int c = 0; c < D; c++)
        mean[c] = slice->d_mean[c];
    const uint32_t end = slice->row + slice->rows;
#pragma unroll 1
    for (uint32_t number = slice->row / together; number * together < end; number++) {
        float z[N][4 * blocks] = {};
        if (slice->noise)
#pragma unroll
            for (int b = 0; b < blocks; b++) {
                const myr_block block = myr_block_make(&slice->keys, high, number * blocks + (uint32_t)b);
#pragma unroll
                for (int i = 0; i < N; i++)
                    myr_device_normals(myr_device_words(&slice->keys, &trajectories[i], &block), fast,
                                       &z[i][4 * b]);
            }
#pragma unroll
        for (int r = 0; r < together; r++) {
            const uint32_t row = number * together + (uint32_t)r - slice->row;
            if (row < slice->rows) /* one that comes before the slice is a large number */
                run_simple_row<D, N>(slice, which, row, fast, mean, &z[0][D * r], 4 * blocks, w);
        }
    }
}

/* The normals of the slice's rows, for a trajectory of a chunk. */
MYR_GPU myr_normal_cursor step_normals(const myr_device_row_slice *slice, uint32_t chunk, uint32_t high,
                                       int at, const int fast) {
    const uint32_t numbers = (uint32_t)(slice->slots * slice->dimension); /* of a row */
    const uint32_t low = (uint32_t)slice->first + chunk * (uint32_t)MYR_CHUNK + (uint32_t)at;
    const float *given =
        slice->d_noise ? slice->d_noise + (size_t)chunk * slice->rows * numbers * MYR_CHUNK + (size_t)at
                       : NULL;
    return myr_cursor_make(&slice->keys,
                           myr_source_make(&slice->keys, MYR_STREAM_STEP, high, low, given, MYR_CHUNK),
                           slice->row * numbers, fast);
}

template <int D, int N>
MYR_GPU void run_general(const myr_device_row_slice *slice, const int which, const myr_chunk_part *part,
                         uint32_t high, const int *at, const int fast, row_walks<D, N> *w) {
    myr_normal_cursor cursors[N];
#pragma unroll
    for (int i = 0; i < N; i++)
        cursors[i] = step_normals(slice, part->chunk, high, at[i], fast);
#pragma unroll 1
    for (uint32_t row = 0; row < slice->rows; row++)
        run_general_row<D, N>(slice, which, row, fast, cursors, w);
}

/* Runs the trajectories j, j + MYR_PARTIALS … of a chunk, in place of those past its count trajectory j again, and keeps those
 * whose index has that upper half. */
template <int D, int N>
MYR_GPU void run_together(const myr_device_row_slice *slice, const int which, const myr_chunk_part *part,
                          uint32_t high, int j, const int general, const int fast) {
    const int n = D ? D : slice->dimension;
    const size_t chunk = (size_t)part->chunk * (size_t)n * MYR_CHUNK;
    const uint64_t first = slice->first + (uint64_t)part->chunk * MYR_CHUNK;
    int at[N];
    row_walks<D, N> w;
    place_vectors(slice, &w);
#pragma unroll
    for (int i = 0; i < N; i++) {
        at[i] = j + i * MYR_PARTIALS < part->count ? j + i * MYR_PARTIALS : j;
        enter<D, N>(slice, high, (uint32_t)first + (uint32_t)at[i], chunk + (size_t)at[i], general, fast, i,
                    &w);
    }
    if constexpr (D == 0)
        run_general<D, N>(slice, which, part, high, at, fast, &w);
    else if (general)
        run_general<D, N>(slice, which, part, high, at, fast, &w);
    else
        run_simple<D, N>(slice, which, high, (uint32_t)first, at, fast, &w);
#pragma unroll
    for (int i = 0; i < N; i++)
        if (i == 0 || at[i] != j)
            if ((uint32_t)((first + (uint64_t)at[i]) >> 32) == high)
                leave<D, N>(slice, chunk + (size_t)at[i], general, i, &w);
}

/* The kernel. which, N, general and fast are literal in each wrapper. A chunk that crosses a multiple
 * of 2^32 is run twice, and each trajectory taken from the run that had its upper half. */
template <int D, int N>
MYR_GPU void diffuse_rows(const myr_device_row_slice *slice, const int which, const int general,
                          const int fast, double *shared_partials) {
    const int n = D ? D : slice->dimension;
    const myr_chunk_part part = myr_chunk_part_make(slice->first, slice->count, slice->spread, N);
    for (uint32_t run = 0; run < part.runs; run++)
        for (int j = part.begin; j < part.count; j += part.step)
            run_together<D, N>(slice, which, &part, part.high + run, j, general, fast);
    if (!slice->d_nodes)
        return;
    const size_t chunk = (size_t)part.chunk * (size_t)n * MYR_CHUNK;
    for (int c = 0; c < n; c++) {
        myr_moment_node node =
            myr_reduce_chunk(slice->d_state + chunk + (size_t)c * MYR_CHUNK, part.count, shared_partials);
        if (threadIdx.x == 0)
            slice->d_nodes[(size_t)c * gridDim.x + blockIdx.x] = node;
    }
}

/* A denoiser's kernel for D coordinates, or any (D is 0), N trajectories a thread, and the case of its launcher. Those of a
 * number of coordinates come before that of any, which takes all rows. */
#define MYR_ROWS_KERNEL(name, which, D, N, general, fast)                             \
    static __global__ void __launch_bounds__(MYR_PARTIALS, 2)                         \
        diffuse_##name##_##D##_##general##_##fast(const myr_device_row_slice slice) { \
        __shared__ double partials[MYR_PARTIALS];                                     \
        diffuse_rows<D, N>(&slice, which, general, fast, partials);                   \
    }

#define MYR_ROWS_CASE(name, which, D, N, general, fast_)                                                   \
    if ((D == 0 || (slice->dimension == D && !slice->d_scratch && myr_row_general(slice) == general)) &&   \
        slice->fast == fast_)                                                                              \
        return MYR_LAUNCH(diffuse_##name##_##D##_##general##_##fast_, myr_row_blocks(slice), MYR_PARTIALS, \
                          0, stream, *slice);

/* Whether some row has more than a first stage without memory. */
static inline int myr_row_general(const myr_device_row_slice *slice) {
    return slice->memory || slice->pre_noise || slice->two_stages;
}

static inline uint32_t myr_row_blocks(const myr_device_row_slice *slice) {
    return (slice->count + MYR_CHUNK - 1) / MYR_CHUNK * slice->spread;
}

#endif
