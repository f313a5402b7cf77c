/* Any table in any dimension: all rows in one launch.
 *
 * Coordinates meet only in the numbering of the normals: row k, slot m, coordinate c draws number
 * (k M + m) d + c. So a thread block takes a chunk and four coordinates, and a thread a trajectory after
 * the other with those four in registers: x~ and, for general tables, d1~ and d2~. Where four numbers lie
 * across two Philox blocks (d no multiple of 4) both are made, and the four are shifted into place. */
#include "diffuse_launch.h"
#include "normal_source.cuh"
#include "reduce_chunk.cuh"

#define MYR_MOST_TOGETHER 2

/* Four coordinates of one trajectory. Those past the dimension run along, and are not kept. */
typedef struct any_four {
    float x[MYR_QUAD], d1[MYR_QUAD], d2[MYR_QUAD];
} any_four;

/* Cells of one row, 8 or 16 bytes at a time. */
MYR_GPU myr_affine_cell load_simple(const void *cells, size_t index) {
    myr_affine_cell cell;
    float2 part = __ldg((const float2 *)cells + index);
    memcpy(&cell, &part, sizeof cell);
    return cell;
}

MYR_GPU myr_device_general load_general(const void *cells, size_t index) {
    myr_device_general cell;
    float4 part[2];
#pragma unroll
    for (int i = 0; i < 2; i++)
        part[i] = __ldg((const float4 *)cells + 2 * index + i);
    memcpy(&cell, part, sizeof cell);
    return cell;
}

/* The cell of coordinate c in row row - slice->row. */
MYR_GPU size_t cell_index(const myr_device_slice *slice, uint32_t row, int c) {
    return (size_t)row * (size_t)slice->columns + (size_t)(c < slice->columns ? c : slice->columns - 1);
}

/* Normals of a row's slot, from coordinate c on. */
MYR_GPU void take_slot(const myr_device_slice *slice, const myr_source *sources, const int together,
                       uint32_t row, int slot, int c, const int fast, float (*z)[MYR_QUAD]) {
    const int d = slice->dimension;
    const uint32_t before = (uint32_t)(slot * d + c), numbers = (uint32_t)(slice->slots * d);
    const uint32_t number = (slice->row + row) * numbers + before;
    myr_take_fours(&slice->keys, sources, together, number / 4, number % 4, (size_t)row * numbers + before,
                   d - c, fast, z);
}

/* A row of `together` trajectories, which share its cells. */
MYR_GPU void run_row(const myr_device_slice *slice, const myr_source *sources, uint32_t row, int c,
                     const int together, const int general, const int fast, any_four *fours) {
    float raise[MYR_MOST_TOGETHER][MYR_QUAD] = {{0}}, noise[MYR_MOST_TOGETHER][MYR_QUAD] = {{0}};
    if (general && slice->pre_noise)
        take_slot(slice, sources, together, row, 0, c, fast, raise);
    if (slice->noise)
        take_slot(slice, sources, together, row, slice->slots - 1, c, fast, noise);
#pragma unroll
    for (int i = 0; i < MYR_QUAD; i++) {
        const size_t index = cell_index(slice, row, c + i);
        if (!general) {
            const myr_affine_cell cell = load_simple(slice->d_cells, index);
#pragma unroll
            for (int n = 0; n < together; n++)
                fours[n].x[i] = myr_affine_step(cell, fours[n].x[i], noise[n][i]);
            continue;
        }
        const myr_affine_general cell = load_general(slice->d_cells, index).cell;
#pragma unroll
        for (int n = 0; n < together; n++) {
            any_four *q = &fours[n];
            if (slice->pre_noise)
                q->x[i] = myr_affine_raise(cell.n, q->x[i], raise[n][i]);
            myr_affine_step_general(&cell, &q->x[i], &q->d1[i], &q->d2[i], noise[n][i]);
        }
    }
}

/* The four at the beginning of the slice. place: of coordinate c in the arrays of states. */
MYR_GPU void enter_four(const myr_device_slice *slice, uint32_t high, uint32_t low, size_t place, int c,
                        const int fast, any_four *q) {
    float four[1][MYR_QUAD] = {{0}}, *z = four[0];
    if (slice->draw_start) {
        const float *given = slice->d_start_normals ? slice->d_start_normals + place : NULL;
        const myr_source start =
            myr_source_make(&slice->keys, MYR_STREAM_START, high, low, given, MYR_CHUNK);
        myr_take_fours(&slice->keys, &start, 1, (uint32_t)c / 4, 0, 0, slice->dimension - c, fast, four);
    }
#pragma unroll
    for (int i = 0; i < MYR_QUAD; i++) {
        q->x[i] = q->d1[i] = q->d2[i] = 0.0f;
        if (c + i >= slice->dimension)
            continue;
        const size_t at = place + (size_t)i * MYR_CHUNK;
        q->x[i] = slice->draw_start ? slice->d_start_scale[c + i] * z[i] : slice->d_state[at];
        if (slice->d_memory && !slice->fresh_memory) {
            q->d1[i] = slice->d_memory[at];
            q->d2[i] = slice->d_memory[slice->memory_stride + at];
        }
    }
}

MYR_GPU void leave_four(const myr_device_slice *slice, size_t place, int c, const any_four *q) {
#pragma unroll
    for (int i = 0; i < MYR_QUAD; i++) {
        if (c + i >= slice->dimension)
            continue;
        const size_t at = place + (size_t)i * MYR_CHUNK;
        slice->d_state[at] = q->x[i];
        if (slice->d_memory) {
            slice->d_memory[at] = q->d1[i];
            slice->d_memory[slice->memory_stride + at] = q->d2[i];
        }
    }
}

/* Runs the trajectories j, j + MYR_PARTIALS … of a chunk, in place of those past its count trajectory j again, and keeps those
 * whose index has that upper half. */
MYR_GPU void run_together(const myr_device_slice *slice, const myr_chunk_part *part, uint32_t high, int j,
                          int c, const int together, const int general, const int fast) {
    const size_t numbers = (size_t)slice->rows * (size_t)(slice->slots * slice->dimension);
    const float *noise = slice->d_noise ? slice->d_noise + part->chunk * numbers * MYR_CHUNK : NULL;
    const size_t chunk = ((size_t)part->chunk * (size_t)slice->dimension + (size_t)c) * MYR_CHUNK;
    const uint64_t first = slice->first + (uint64_t)part->chunk * MYR_CHUNK;
    any_four fours[MYR_MOST_TOGETHER];
    myr_source sources[MYR_MOST_TOGETHER];
#pragma unroll
    for (int n = 0; n < together; n++) {
        const int at = j + n * MYR_PARTIALS < part->count ? j + n * MYR_PARTIALS : j;
        const uint32_t low = (uint32_t)first + (uint32_t)at;
        enter_four(slice, high, low, chunk + (size_t)at, c, fast, &fours[n]);
        sources[n] =
            myr_source_make(&slice->keys, MYR_STREAM_STEP, high, low, noise ? noise + at : NULL, MYR_CHUNK);
    }
#pragma unroll 1
    for (uint32_t row = 0; row < slice->rows; row++)
        run_row(slice, sources, row, c, together, general, fast, fours);
#pragma unroll
    for (int n = 0; n < together; n++) {
        const int at = j + n * MYR_PARTIALS;
        if (at < part->count && (uint32_t)((first + (uint64_t)at) >> 32) == high)
            leave_four(slice, chunk + (size_t)at, c, &fours[n]);
    }
}

/* The kernel, for coordinates 4 blockIdx.y … + 3. together, general and fast are literal in each wrapper below. A chunk that
 * crosses a multiple of 2^32 is run twice. */
MYR_GPU void diffuse_any(const myr_device_slice *slice, const int together, const int general,
                         const int fast, double *shared_partials) {
    const int c = MYR_QUAD * (int)blockIdx.y;
    const myr_chunk_part part = myr_chunk_part_make(slice->first, slice->count, slice->spread, together);
    const size_t chunk = ((size_t)part.chunk * (size_t)slice->dimension + (size_t)c) * MYR_CHUNK;
    for (uint32_t run = 0; run < part.runs; run++)
        for (int j = part.begin; j < part.count; j += part.step)
            run_together(slice, &part, part.high + run, j, c, together, general, fast);
    if (!slice->d_nodes)
        return;
    for (int i = 0; i < MYR_QUAD && c + i < slice->dimension; i++) {
        myr_moment_node node =
            myr_reduce_chunk(slice->d_state + chunk + (size_t)i * MYR_CHUNK, part.count, shared_partials);
        if (threadIdx.x == 0)
            slice->d_nodes[(size_t)(c + i) * gridDim.x + blockIdx.x] = node;
    }
}

/* X(trajectories together, general, fast). The number of thread blocks a multiprocessor leaves registers to spare: left to
 * itself, ptxas gives up registers for a higher number, and spills. */
#define MYR_ANY_LIST(X) X(2, 0, 0) X(2, 0, 1) X(1, 1, 0) X(1, 1, 1)

#define MYR_ANY_KERNEL(together, general, fast)                        \
    static __global__ void __launch_bounds__(MYR_PARTIALS, 2)          \
        diffuse_any_##general##_##fast(const myr_device_slice slice) { \
        __shared__ double partials[MYR_PARTIALS];                      \
        diffuse_any(&slice, together, general, fast, partials);        \
    }
MYR_ANY_LIST(MYR_ANY_KERNEL)

#define MYR_ANY_CASE(together, general_, fast_)             \
    if (slice->general == general_ && slice->fast == fast_) \
        return MYR_LAUNCH(diffuse_any_##general_##_##fast_, grid, MYR_PARTIALS, 0, stream, *slice);

extern "C" cudaError_t myr_launch_any(const myr_device_slice *slice, cudaStream_t stream) {
    const dim3 grid((slice->count + MYR_CHUNK - 1) / MYR_CHUNK * slice->spread,
                    (unsigned)(slice->dimension + MYR_QUAD - 1) / MYR_QUAD);
    MYR_ANY_LIST(MYR_ANY_CASE)
    return cudaErrorInvalidValue;
}
