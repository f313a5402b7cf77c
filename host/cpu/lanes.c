/* The hot loops of the cpu backend: words, normals and rows of 128 trajectories, all in the first-level
 * cache. Compiled once for each instruction set (MYR_ISA); arithmetic that IEEE 754 defines to the bit, so
 * that all copies give the same bits. */
#include "lanes.h"

#include <string.h>

#include "affine_row.h"
#include "lane_normals.h"
#include "lanes_empirical.h"
#include "lanes_mixture.h"

static void draw_start(const myr_lanes_run *run, uint64_t first, myr_lane_row *state) {
    const myr_affine_table *table = run->affine;
    lane_cursor cursor;
    cursor_begin(&cursor, run->seed, first, MYR_STREAM_START, 0, &run->start);
    for (int c = 0; c < table->dimension; c++) {
        const float *z = cursor_next(&cursor);
#pragma omp simd
        for (int lane = 0; lane < MYR_LANES; lane++)
            state[c][lane] = table->start_scale[c] * z[lane];
    }
}

static void simple_rows(const myr_affine_table *table, lane_cursor *cursor, myr_lane_row *state) {
    static const float no_noise[MYR_LANES];
    for (int64_t k = 0; k < table->rows; k++) {
        const myr_affine_cell *cells = &table->simple[k * table->columns];
        for (int c = 0; c < table->dimension; c++) {
            const myr_affine_cell cell = cells[table->columns == 1 ? 0 : c];
            const float *z = table->slots ? cursor_next(cursor) : no_noise;
            float *x = state[c];
#pragma omp simd
            for (int lane = 0; lane < MYR_LANES; lane++)
                x[lane] = myr_affine_step(cell, x[lane], z[lane]);
        }
    }
}

static void general_rows(const myr_affine_table *table, bool pre_noise, bool noise, lane_cursor *cursor,
                         myr_lane_row *state, myr_lane_row *memory) {
    static const float no_noise[MYR_LANES];
    for (int64_t k = 0; k < table->rows; k++) {
        const myr_affine_general *cells = &table->general_cells[k * table->columns];
        for (int c = 0; pre_noise && c < table->dimension; c++) {
            float n = cells[table->columns == 1 ? 0 : c].n;
            const float *z = cursor_next(cursor);
#pragma omp simd
            for (int lane = 0; lane < MYR_LANES; lane++)
                state[c][lane] = myr_affine_raise(n, state[c][lane], z[lane]);
        }
        for (int c = 0; c < table->dimension; c++) {
            const myr_affine_general cell = cells[table->columns == 1 ? 0 : c];
            const float *z = noise ? cursor_next(cursor) : no_noise;
            float *x = state[c], *d1 = memory[c], *d2 = memory[table->dimension + c];
#pragma omp simd
            for (int lane = 0; lane < MYR_LANES; lane++)
                myr_affine_step_general(&cell, &x[lane], &d1[lane], &d2[lane], z[lane]);
        }
    }
}

static void run_block(const myr_lanes_run *run, uint64_t first, bool enter, myr_lane_row *state,
                      myr_lane_row *memory) {
    const myr_affine_table *table = run->affine;
    if (!enter)
        draw_start(run, first, state);
    lane_cursor cursor;
    uint64_t numbers = (uint64_t)run->row_begin * (uint64_t)(table->slots * table->dimension);
    cursor_begin(&cursor, run->seed, first, MYR_STREAM_STEP, numbers, &run->noise);
    if (!table->general) {
        simple_rows(table, &cursor, state);
        return;
    }
    general_rows(table, table->pre_noise, table->noise, &cursor, state, memory);
}

/* Axis by axis, ascending. */
static void rotate(const float *axes, int dimension, myr_lane_row *from, myr_lane_row *to) {
    for (int r = 0; r < dimension; r++) {
        float *sum = to[r];
        memset(sum, 0, sizeof *to);
        for (int c = 0; c < dimension; c++) {
            const float entry = axes[r * dimension + c], *x = from[c];
#pragma omp simd
            for (int lane = 0; lane < MYR_LANES; lane++)
                sum[lane] = myr_affine_rotate(entry, x[lane], sum[lane]);
        }
    }
}

static void block_words(uint64_t seed, uint64_t first, uint32_t stream, uint32_t block,
                        uint32_t words[4][MYR_LANES]) {
    lane_philox philox;
    lane_philox_begin(&philox, seed, first, stream);
    lane_philox_words(&philox, block, words);
}

static void block_normals(uint64_t seed, uint64_t first, uint32_t stream, uint32_t block,
                          float normals[4][MYR_LANES]) {
    lane_numbers numbers;
    block_words(seed, first, stream, block, numbers.words);
    make_normals(&numbers);
    memcpy(normals, numbers.normals, sizeof numbers);
}

/* Halves the partial sums: p += p + 128, p + 64 … 1. */
static double halve(double *partial) {
    for (int half = MYR_PARTIALS / 2; half > 0; half /= 2) {
#pragma omp simd
        for (int p = 0; p < half; p++)
            partial[p] += partial[p + half];
    }
    return partial[0];
}

static myr_moment_node chunk_moments(const float *values, int n) {
    double p1[MYR_PARTIALS] = {0}, p2[MYR_PARTIALS] = {0}, p3[MYR_PARTIALS] = {0}, p4[MYR_PARTIALS] = {0};
    for (int row = 0; row < n; row += MYR_PARTIALS) {
        int columns = n - row < MYR_PARTIALS ? n - row : MYR_PARTIALS;
#pragma omp simd
        for (int p = 0; p < columns; p++)
            p1[p] += (double)values[row + p];
    }
    double mean = halve(p1) / (double)n;
    for (int row = 0; row < n; row += MYR_PARTIALS) {
        int columns = n - row < MYR_PARTIALS ? n - row : MYR_PARTIALS;
#pragma omp simd
        for (int p = 0; p < columns; p++) {
            double d = (double)values[row + p] - mean;
            double square = d * d;
            p2[p] += square;
            p3[p] += square * d;
            p4[p] += square * square;
        }
    }
    return (myr_moment_node){(double)n, mean, halve(p2), halve(p3), halve(p4)};
}

#define MYR_PASTE(a, b) a##b
#define MYR_EXPAND(a, b) MYR_PASTE(a, b)
#define MYR_QUOTE(a) #a
#define MYR_NAME(a) MYR_QUOTE(a)

const myr_lanes_isa MYR_EXPAND(myr_lanes_, MYR_ISA) = {
    .name = MYR_NAME(MYR_ISA),
    .run_affine = run_block,
    .run_mixture = MYR_EXPAND(myr_run_mixture_, MYR_ISA),
    .run_empirical = MYR_EXPAND(myr_run_empirical_, MYR_ISA),
    .rotate = rotate,
    .words = block_words,
    .normals = block_normals,
    .moments = chunk_moments,
};
