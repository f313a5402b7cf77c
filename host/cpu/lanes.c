/* The hot loops of the cpu backend: words, normals and rows of 128 trajectories, all in the first-level
 * cache. Compiled once for each instruction set (MYR_ISA); arithmetic that IEEE 754 defines to the bit, so
 * that all copies give the same bits. */
#include "lanes.h"

#include <string.h>

#include "affine_row.h"
#include "lane_normals.h"

/* x~ <- x~ + n z */
static void raise_state(const myr_row_table *table, const myr_step *step, myr_lane_source *noise,
                        myr_lane_row *state) {
    for (int c = 0; c < table->dimension; c++) {
        const float *z = source_next(noise);
        float *x = state[c];
#pragma omp simd
        for (int lane = 0; lane < MYR_LANES; lane++)
            x[lane] = myr_step_raise(step, x[lane], z[lane]);
    }
}

/* y~ of the first stage, which may be the state; d1~ and d2~ as they were. */
static void first_stage(const myr_row_table *table, const myr_step *step, myr_lane_source *noise,
                        const myr_lane_work *work, myr_lane_row *y) {
    static const float no_noise[MYR_LANES];
    const myr_plan *plan = table->job->plan;
    for (int c = 0; c < table->dimension; c++) {
        const float *z = plan->noise ? source_next(noise) : no_noise;
        const float *x = work->state[c], *d = work->d[c], *d1 = work->d1[c], *d2 = work->d2[c];
        const float m = table->mean[c];
        float *to = y[c];
        if (plan->memory) {
#pragma omp simd
            for (int lane = 0; lane < MYR_LANES; lane++)
                to[lane] = myr_step_first_memory(step, m, x[lane], d[lane], d1[lane], d2[lane], z[lane]);
        } else {
#pragma omp simd
            for (int lane = 0; lane < MYR_LANES; lane++)
                to[lane] = myr_step_first(step, m, x[lane], d[lane], z[lane]);
        }
    }
}

static void second_stage(const myr_row_table *table, const myr_step *step, const myr_lane_work *work) {
    for (int c = 0; c < table->dimension; c++) {
        const float *d = work->d[c], *y = work->y[c], *d_second = work->d_second[c];
        const float m = table->mean[c];
        float *x = work->state[c];
#pragma omp simd
        for (int lane = 0; lane < MYR_LANES; lane++)
            x[lane] = myr_step_second(step, m, x[lane], d[lane], y[lane], d_second[lane]);
    }
}

static void run_row(const myr_lanes_run *run, int64_t k, myr_lane_source *noise,
                    const myr_lane_work *work) {
    const myr_row_table *table = &run->table->rows;
    const myr_plan *plan = run->job->plan;
    const myr_step *step = &table->step[k - table->row];
    const float *level = myr_row_level(table, k);
    const bool two_stage = step->two_stage != 0.0f;
    if (plan->pre_noise)
        raise_state(table, step, noise, work->state);
    run->denoiser->denoise(run->table, level, work->state, work->d, work->scratch);
    first_stage(table, step, noise, work, two_stage ? work->y : work->state);
    if (two_stage) {
        run->denoiser->denoise(run->table, level + table->level_floats, work->y, work->d_second,
                               work->scratch);
        second_stage(table, step, work);
    }
    if (plan->memory) {
        const size_t bytes = (size_t)table->dimension * sizeof(myr_lane_row);
        memcpy(work->d2, work->d1, bytes);
        memcpy(work->d1, work->d, bytes);
    }
}

static void run_block(const myr_lanes_run *run, const myr_lane_work *work) {
    if (!run->enter)
        run->denoiser->start(run, work->state);
    myr_lane_source noise;
    source_begin(&noise, run, myr_step_normals(run->job),
                 (uint64_t)run->row * myr_row_numbers(run->job->plan));
    if (run->denoiser->rows) {
        run->denoiser->rows(run, &noise, work);
        return;
    }
    for (int64_t k = run->row; k < run->row + run->rows; k++)
        run_row(run, k, &noise, work);
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

#define MYR_QUOTE(a) #a
#define MYR_NAME(a) MYR_QUOTE(a)

const myr_lanes_isa MYR_LANES_NAME(myr_lanes) = {
    .name = MYR_NAME(MYR_ISA),
    .run = run_block,
    .rotate = rotate,
    .words = block_words,
    .normals = block_normals,
    .moments = chunk_moments,
};
