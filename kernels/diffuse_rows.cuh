/* The rows of a slice over a denoiser, all in one launch, a trajectory a thread: the body of the kernels of targets whose
 * denoiser takes one trajectory. Who includes this defines the two functions that are declared here, and a kernel of
 * diffuse_rows for each D, memory and fast, and for each of its denoisers, `which`, if it has several.
 *
 * In a few dimensions the vectors stay in registers and all loops over coordinates are unrolled; in more they are in
 * memory that each thread has to itself, trajectory after trajectory, and that stays in the caches. */
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

template <int D>
struct row_walk {
    vector<D> x, d, y, second, d1, d2;
};

/* The including file's. d = D(x~) at a level, as step_row.h takes it; */
template <int D>
MYR_GPU void denoise(const myr_device_row_slice *slice, const int which, const float *level, const int fast,
                     vector<D> &x, vector<D> &d);

/* and the number of the start, of those in the slice, that a trajectory has. */
MYR_GPU int choose_start(const myr_device_row_slice *slice, uint32_t high, uint32_t low);

template <int D>
MYR_GPU void run_row(const myr_device_row_slice *slice, const int which, uint32_t row, const int memory,
                     const int fast, myr_normal_cursor *cursor, row_walk<D> *w) {
    const int n = D ? D : slice->dimension;
    const myr_step *step = slice->d_steps + row;
    const float *level = slice->d_levels + (size_t)row * slice->row_floats;
    if (slice->pre_noise)
#pragma unroll
        for (int c = 0; c < n; c++)
            w->x[c] = myr_step_raise(step, w->x[c], myr_cursor_next(&slice->keys, D == 0, fast, cursor));
    denoise<D>(slice, which, level, fast, w->x, w->d);
#pragma unroll
    for (int c = 0; c < n; c++) {
        const float z = slice->noise ? myr_cursor_next(&slice->keys, D == 0, fast, cursor) : 0.0f;
        const float m = slice->d_mean[c];
        w->y[c] = memory ? myr_step_first_memory(step, m, w->x[c], w->d[c], w->d1[c], w->d2[c], z)
                         : myr_step_first(step, m, w->x[c], w->d[c], z);
    }
    if (step->two_stage != 0.0f) {
        denoise<D>(slice, which, level + slice->level_floats, fast, w->y, w->second);
#pragma unroll
        for (int c = 0; c < n; c++)
            w->y[c] = myr_step_second(step, slice->d_mean[c], w->x[c], w->d[c], w->y[c], w->second[c]);
    }
#pragma unroll
    for (int c = 0; c < n; c++) {
        w->x[c] = w->y[c];
        if (memory) {
            w->d2[c] = w->d1[c];
            w->d1[c] = w->d[c];
        }
    }
}

/* Vectors of more dimensions than registers hold, in this thread's memory. */
MYR_GPU void place_vectors(const myr_device_row_slice *slice, row_walk<0> *w) {
    const size_t size = (size_t)slice->dimension * MYR_PARTIALS;
    float *memory = slice->d_scratch + (size_t)blockIdx.x * MYR_ROW_VECTORS * size + threadIdx.x;
    vector<0> *const vectors[MYR_ROW_VECTORS] = {&w->x, &w->d, &w->y, &w->second, &w->d1, &w->d2};
#pragma unroll
    for (int i = 0; i < MYR_ROW_VECTORS; i++)
        vectors[i]->place(memory + (size_t)i * size);
}

template <int D>
MYR_GPU void place_vectors(const myr_device_row_slice *, row_walk<D> *) {}

/* The start of a trajectory. place: of coordinate 0 in the arrays of states. */
template <int D>
MYR_GPU void draw_start(const myr_device_row_slice *slice, uint32_t high, uint32_t low, size_t place,
                        const int fast, row_walk<D> *w) {
    const int n = D ? D : slice->dimension;
    const int at = n * choose_start(slice, high, low);
    const float *given = slice->d_start_normals ? slice->d_start_normals + place : NULL;
    myr_normal_cursor cursor = myr_cursor_make(
        &slice->keys, myr_source_make(&slice->keys, MYR_STREAM_START, high, low, given, MYR_CHUNK), 0,
        fast);
#pragma unroll
    for (int c = 0; c < n; c++)
        w->x[c] =
            myr_fmaf(slice->d_start_scale[at + c], myr_cursor_next(&slice->keys, D == 0, fast, &cursor),
                     slice->d_start_mean[at + c]);
}

/* The trajectory at the beginning of the slice. */
template <int D>
MYR_GPU void enter(const myr_device_row_slice *slice, uint32_t high, uint32_t low, size_t place,
                   const int memory, const int fast, row_walk<D> *w) {
    const int n = D ? D : slice->dimension;
    if (slice->draw_start)
        draw_start<D>(slice, high, low, place, fast, w);
    const int kept = memory && slice->d_memory && !slice->fresh_memory;
#pragma unroll
    for (int c = 0; c < n; c++) {
        const size_t at = place + (size_t)c * MYR_CHUNK;
        if (!slice->draw_start)
            w->x[c] = slice->d_state[at];
        if (!memory)
            continue;
        w->d1[c] = kept ? slice->d_memory[at] : 0.0f;
        w->d2[c] = kept ? slice->d_memory[slice->memory_stride + at] : 0.0f;
    }
}

template <int D>
MYR_GPU void leave(const myr_device_row_slice *slice, size_t place, const int memory, row_walk<D> *w) {
    const int n = D ? D : slice->dimension;
#pragma unroll
    for (int c = 0; c < n; c++) {
        const size_t at = place + (size_t)c * MYR_CHUNK;
        slice->d_state[at] = w->x[c];
        if (memory && slice->d_memory) {
            slice->d_memory[at] = w->d1[c];
            slice->d_memory[slice->memory_stride + at] = w->d2[c];
        }
    }
}

/* The normals of the slice's rows, for trajectory j of the chunk. */
MYR_GPU myr_normal_cursor step_normals(const myr_device_row_slice *slice, uint32_t high, uint32_t low,
                                       int j, const int fast) {
    const uint32_t numbers = (uint32_t)(slice->slots * slice->dimension); /* of a row */
    const float *given =
        slice->d_noise ? slice->d_noise + (size_t)blockIdx.x * slice->rows * numbers * MYR_CHUNK + (size_t)j
                       : NULL;
    return myr_cursor_make(&slice->keys,
                           myr_source_make(&slice->keys, MYR_STREAM_STEP, high, low, given, MYR_CHUNK),
                           slice->row * numbers, fast);
}

/* The kernel, for chunk blockIdx.x. which, memory and fast are literal in each wrapper. */
template <int D>
MYR_GPU void diffuse_rows(const myr_device_row_slice *slice, const int which, const int memory,
                          const int fast, double *shared_partials) {
    const int n = D ? D : slice->dimension;
    const uint64_t first = slice->first + (uint64_t)blockIdx.x * MYR_CHUNK;
    const size_t chunk = (size_t)blockIdx.x * (size_t)n * MYR_CHUNK;
    const int count = myr_chunk_count(slice->count);
    for (int j = (int)threadIdx.x; j < count; j += MYR_PARTIALS) {
        const uint64_t index = first + (uint64_t)j;
        const uint32_t low = (uint32_t)index, high = (uint32_t)(index >> 32);
        row_walk<D> w;
        place_vectors(slice, &w);
        enter<D>(slice, high, low, chunk + (size_t)j, memory, fast, &w);
        myr_normal_cursor cursor = step_normals(slice, high, low, j, fast);
#pragma unroll 1
        for (uint32_t row = 0; row < slice->rows; row++)
            run_row<D>(slice, which, row, memory, fast, &cursor, &w);
        leave<D>(slice, chunk + (size_t)j, memory, &w);
    }
    if (!slice->d_nodes)
        return;
    for (int c = 0; c < n; c++) {
        myr_moment_node node =
            myr_reduce_chunk(slice->d_state + chunk + (size_t)c * MYR_CHUNK, count, shared_partials);
        if (threadIdx.x == 0)
            slice->d_nodes[(size_t)c * gridDim.x + blockIdx.x] = node;
    }
}

/* A denoiser's kernel for D coordinates, or any (D is 0), and the case of its launcher; those of a number of coordinates
 * come before that of any. */
#define MYR_ROWS_KERNEL(name, which, D, memory, fast)                                \
    static __global__ void __launch_bounds__(MYR_PARTIALS, 2)                        \
        diffuse_##name##_##D##_##memory##_##fast(const myr_device_row_slice slice) { \
        __shared__ double partials[MYR_PARTIALS];                                    \
        diffuse_rows<D>(&slice, which, memory, fast, partials);                      \
    }

#define MYR_ROWS_CASE(name, which, D, memory_, fast_)                                                      \
    if ((D == 0 || (slice->dimension == D && !slice->d_scratch)) && slice->memory == memory_ &&            \
        slice->fast == fast_)                                                                              \
        return MYR_LAUNCH(diffuse_##name##_##D##_##memory_##_##fast_, myr_row_chunks(slice), MYR_PARTIALS, \
                          0, stream, *slice);

static inline uint32_t myr_row_chunks(const myr_device_row_slice *slice) {
    return (slice->count + MYR_CHUNK - 1) / MYR_CHUNK;
}

#endif
