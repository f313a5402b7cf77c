/* Mixtures of Gaussians: all rows of a slice in one launch, a trajectory a thread.
 *
 * In a few dimensions the state, the shares of a tile of components and the sums over them stay in
 * registers, and all loops over coordinates and components are unrolled; in more the vectors are in
 * memory that each thread has to itself, trajectory after trajectory, and that stays in the caches. The
 * levels' tables are read through the read-only cache, 8 bytes at a time, the same address in all threads.
 * The order of the arithmetic is that of mixture_row.h. */
#include "diffuse_launch.h"
#include "normals.cuh"
#include "reduce_chunk.cuh"

#ifdef __CUDACC__
MYR_APPROX(myr_approx_exp2, "ex2")
MYR_APPROX(myr_approx_reciprocal, "rcp")
#else
MYR_GPU float myr_approx_exp2(float x) {
    return exp2f(x);
}
MYR_GPU float myr_approx_reciprocal(float x) {
    return 1.0f / x;
}
#endif

/* A vector of a trajectory. D is the number of coordinates, 0 for any: those are in the thread's memory. */
template <int D>
struct vector {
    float value[D];
    __device__ __forceinline__ float &operator[](int c) { return value[c]; }
    __device__ __forceinline__ void place(float *) {}
};

template <>
struct vector<0> {
    float *at;
    __device__ __forceinline__ float &operator[](int c) { return at[(size_t)c * MYR_PARTIALS]; }
    __device__ __forceinline__ void place(float *memory) { at = memory; }
};

template <int D>
struct mixture_walk {
    vector<D> x, d, y, second, d1, d2;
};

/* The normals of a trajectory's stream in order: z[0] is number `number`. given, unless it is NULL: where
 * that number is, MYR_CHUNK floats from one to the next. */
struct normal_cursor {
    myr_trajectory trajectory;
    uint32_t high, number;
    const float *given;
    float z[4];
};

MYR_GPU void draw_block(const myr_device_keys *keys, const int fast, normal_cursor *cursor) {
    myr_block block = myr_block_make(keys, cursor->high, cursor->number / 4);
    myr_device_normals(myr_device_words(keys, &cursor->trajectory, &block), fast, cursor->z);
}

MYR_GPU void shift_normals(normal_cursor *cursor) {
    cursor->z[0] = cursor->z[1];
    cursor->z[1] = cursor->z[2];
    cursor->z[2] = cursor->z[3];
}

MYR_GPU normal_cursor cursor_make(const myr_device_keys *keys, uint32_t stream, uint32_t high, uint32_t low,
                                  uint32_t number, const int fast) {
    normal_cursor cursor = {myr_trajectory_make(keys, stream, low), high, number, NULL, {0}};
    if (number % 4 != 0)
        draw_block(keys, fast, &cursor);
    for (uint32_t n = 0; n < number % 4; n++)
        shift_normals(&cursor);
    return cursor;
}

/* In D dimensions: normals are given to the kernel for any number of them alone. */
template <int D>
MYR_GPU float next_normal(const myr_device_keys *keys, const int fast, normal_cursor *cursor) {
    if (D == 0 && cursor->given) {
        const float z = *cursor->given;
        cursor->given += MYR_CHUNK;
        return z;
    }
    if (cursor->number % 4 == 0)
        draw_block(keys, fast, cursor);
    const float z = cursor->z[0];
    shift_normals(cursor);
    cursor->number++;
    return z;
}

/* scale and offset, or gain and shift: each when it is used, for there is no room to keep them. */
enum { of_share = 0, of_mean = 1 };

MYR_GPU float2 load_part(const float *tile, int c, int j, int which) {
    return __ldg((const float2 *)(tile + MYR_TILE) + 2 * (c * MYR_TILE + j) + which);
}

/* Sums over the components so far, and the largest share. */
struct mixture_sums {
    float largest, total;
};

/* A tile's first COUNT components. */
template <int D, int COUNT>
MYR_GPU void add_tile(const float *tile, int dimension, const int fast, vector<D> &x, mixture_sums *sums,
                      vector<D> &d) {
    const int n = D ? D : dimension;
    float q[COUNT];
    float largest = sums->largest;
#pragma unroll
    for (int j = 0; j < COUNT; j++)
        q[j] = __ldg(tile + j);
#pragma unroll
    for (int c = 0; c < n; c++)
#pragma unroll
        for (int j = 0; j < COUNT; j++) {
            const float2 part = load_part(tile, c, j, of_share);
            q[j] = myr_share(part.x, part.y, x[c], q[j]);
        }
#pragma unroll
    for (int j = 0; j < COUNT; j++)
        largest = myr_larger(q[j], largest);
    const float before = sums->largest - largest;
    const float rescale = fast ? myr_approx_exp2(before) : myr_exp2_down(before);
    float total = sums->total * rescale;
#pragma unroll
    for (int j = 0; j < COUNT; j++) {
        q[j] = fast ? myr_approx_exp2(q[j] - largest) : myr_exp2_down(q[j] - largest);
        total += q[j];
    }
#pragma unroll
    for (int c = 0; c < n; c++) {
        float sum = d[c] * rescale;
#pragma unroll
        for (int j = 0; j < COUNT; j++) {
            const float2 part = load_part(tile, c, j, of_mean);
            sum = myr_fmaf(q[j], myr_part_mean(part.x, part.y, x[c]), sum);
        }
        d[c] = sum;
    }
    sums->largest = largest;
    sums->total = total;
}

/* d = D(x~) at a level. */
template <int D>
MYR_GPU void denoise(const myr_device_mixture *slice, const float *level, const int fast, vector<D> &x,
                     vector<D> &d) {
    const int n = D ? D : slice->dimension;
    mixture_sums sums = {MYR_LOWEST_SHARE, 0.0f};
#pragma unroll
    for (int c = 0; c < n; c++)
        d[c] = 0.0f;
    int left = slice->components;
    for (; left > MYR_TILE; left -= MYR_TILE, level += MYR_TILE_FLOATS(n))
        add_tile<D, MYR_TILE>(level, n, fast, x, &sums, d);
    if (left <= 2)
        add_tile<D, 2>(level, n, fast, x, &sums, d);
    else if (left <= 4)
        add_tile<D, 4>(level, n, fast, x, &sums, d);
    else
        add_tile<D, MYR_TILE>(level, n, fast, x, &sums, d);
    const float inverse = fast ? myr_approx_reciprocal(sums.total) : 1.0f / sums.total;
#pragma unroll
    for (int c = 0; c < n; c++)
        d[c] *= inverse;
}

template <int D>
MYR_GPU void run_row(const myr_device_mixture *slice, uint32_t row, const int memory, const int fast,
                     normal_cursor *cursor, mixture_walk<D> *w) {
    const int n = D ? D : slice->dimension;
    const myr_step *step = slice->d_steps + row;
    const float *level = slice->d_levels + (size_t)row * slice->row_floats;
    if (slice->pre_noise)
#pragma unroll
        for (int c = 0; c < n; c++)
            w->x[c] = myr_step_raise(step, w->x[c], next_normal<D>(&slice->keys, fast, cursor));
    denoise<D>(slice, level, fast, w->x, w->d);
#pragma unroll
    for (int c = 0; c < n; c++) {
        const float z = slice->noise ? next_normal<D>(&slice->keys, fast, cursor) : 0.0f;
        const float m = slice->d_mean[c];
        w->y[c] = memory ? myr_step_first_memory(step, m, w->x[c], w->d[c], w->d1[c], w->d2[c], z)
                         : myr_step_first(step, m, w->x[c], w->d[c], z);
    }
    if (step->two_stage != 0.0f) {
        denoise<D>(slice, level + slice->level_floats, fast, w->y, w->second);
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

/* Which component a trajectory begins in: as many thresholds as word 0 of the target's stream reaches. */
MYR_GPU int choose_component(const myr_device_mixture *slice, uint32_t high, uint32_t low) {
    const myr_trajectory target = myr_trajectory_make(&slice->keys, MYR_STREAM_TARGET, low);
    const myr_block block = myr_block_make(&slice->keys, high, 0);
    const uint4 words = myr_device_words(&slice->keys, &target, &block);
    int component = 0;
    for (int j = 0; j < slice->choices; j++)
        component += words.x >= slice->d_thresholds[j];
    return component;
}

/* Vectors of more dimensions than registers hold, in this thread's memory. */
MYR_GPU void place_vectors(const myr_device_mixture *slice, mixture_walk<0> *w) {
    const size_t size = (size_t)slice->dimension * MYR_PARTIALS;
    float *memory = slice->d_scratch + (size_t)blockIdx.x * MYR_MIXTURE_VECTORS * size + threadIdx.x;
    vector<0> *const vectors[MYR_MIXTURE_VECTORS] = {&w->x, &w->d, &w->y, &w->second, &w->d1, &w->d2};
#pragma unroll
    for (int i = 0; i < MYR_MIXTURE_VECTORS; i++)
        vectors[i]->place(memory + (size_t)i * size);
}

template <int D>
MYR_GPU void place_vectors(const myr_device_mixture *, mixture_walk<D> *) {}

/* The start of a trajectory. place: of coordinate 0 in the arrays of states. */
template <int D>
MYR_GPU void draw_start(const myr_device_mixture *slice, uint32_t high, uint32_t low, size_t place,
                        const int fast, mixture_walk<D> *w) {
    const int n = D ? D : slice->dimension;
    const int at = slice->d_thresholds ? n * choose_component(slice, high, low) : 0;
    normal_cursor cursor = cursor_make(&slice->keys, MYR_STREAM_START, high, low, 0, fast);
    if (slice->d_start_normals)
        cursor.given = slice->d_start_normals + place;
#pragma unroll
    for (int c = 0; c < n; c++)
        w->x[c] = myr_fmaf(slice->d_start_scale[at + c], next_normal<D>(&slice->keys, fast, &cursor),
                           slice->d_start_mean[at + c]);
}

/* The trajectory at the beginning of the slice. */
template <int D>
MYR_GPU void enter(const myr_device_mixture *slice, uint32_t high, uint32_t low, size_t place,
                   const int memory, const int fast, mixture_walk<D> *w) {
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
MYR_GPU void leave(const myr_device_mixture *slice, size_t place, const int memory, mixture_walk<D> *w) {
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
MYR_GPU normal_cursor step_normals(const myr_device_mixture *slice, uint32_t high, uint32_t low, int j,
                                   const int fast) {
    const uint32_t numbers = (uint32_t)(slice->slots * slice->dimension); /* of a row */
    normal_cursor cursor =
        cursor_make(&slice->keys, MYR_STREAM_STEP, high, low, slice->row * numbers, fast);
    if (slice->d_noise)
        cursor.given = slice->d_noise + (size_t)blockIdx.x * slice->rows * numbers * MYR_CHUNK + (size_t)j;
    return cursor;
}

/* The kernel, for chunk blockIdx.x. memory and fast are literal in each wrapper below. */
template <int D>
MYR_GPU void diffuse_mixture(const myr_device_mixture *slice, const int memory, const int fast,
                             double *shared_partials) {
    const int n = D ? D : slice->dimension;
    const uint64_t first = slice->first + (uint64_t)blockIdx.x * MYR_CHUNK;
    const size_t chunk = (size_t)blockIdx.x * (size_t)n * MYR_CHUNK;
    const int count = myr_chunk_count(slice->count);
    for (int j = (int)threadIdx.x; j < count; j += MYR_PARTIALS) {
        const uint64_t index = first + (uint64_t)j;
        const uint32_t low = (uint32_t)index, high = (uint32_t)(index >> 32);
        mixture_walk<D> w;
        place_vectors(slice, &w);
        enter<D>(slice, high, low, chunk + (size_t)j, memory, fast, &w);
        normal_cursor cursor = step_normals(slice, high, low, j, fast);
#pragma unroll 1
        for (uint32_t row = 0; row < slice->rows; row++)
            run_row<D>(slice, row, memory, fast, &cursor, &w);
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

/* X(D, memory, fast) */
#define MYR_MIXTURE_OF(X, D) X(D, 0, 0) X(D, 0, 1) X(D, 1, 0) X(D, 1, 1)
#define MYR_MIXTURE_LIST(X) \
    MYR_MIXTURE_OF(X, 1) MYR_MIXTURE_OF(X, 2) MYR_MIXTURE_OF(X, 3) MYR_MIXTURE_OF(X, 0)

#define MYR_MIXTURE_KERNEL(D, memory, fast)                                       \
    static __global__ void __launch_bounds__(MYR_PARTIALS, 2)                     \
        diffuse_mixture_##D##_##memory##_##fast(const myr_device_mixture slice) { \
        __shared__ double partials[MYR_PARTIALS];                                 \
        diffuse_mixture<D>(&slice, memory, fast, partials);                       \
    }
MYR_MIXTURE_LIST(MYR_MIXTURE_KERNEL)

#define MYR_MIXTURE_CASE(D, memory_, fast_)                                                           \
    if ((D == 0 || (slice->dimension == D && !slice->d_scratch)) && slice->memory == memory_ &&       \
        slice->fast == fast_)                                                                         \
        return MYR_LAUNCH(diffuse_mixture_##D##_##memory_##_##fast_, chunks, MYR_PARTIALS, 0, stream, \
                          *slice);

extern "C" cudaError_t myr_launch_mixture(const myr_device_mixture *slice, cudaStream_t stream) {
    const uint32_t chunks = (slice->count + MYR_CHUNK - 1) / MYR_CHUNK;
    MYR_MIXTURE_LIST(MYR_MIXTURE_CASE)
    return cudaErrorInvalidValue;
}
