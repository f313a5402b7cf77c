/* The energy distance, 2 E|X - Y| - E|X - X'| - E|Y - Y'|, of samples X and exact draws Y: 0 if and only if
 * they have one law (Székely & Rizzo, 2013). Of blocks of 256 samples and as many exact draws, the first
 * 256 blocks of a run, each by its unbiased estimate, whose mean is 0 for exact draws:
 *
 *     2/n^2 sum |x_i - y_j| - 1/(n (n - 1)) (sum_{i != j} |x_i - x_j| + sum_{i != j} |y_i - y_j|) */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "block_test.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "statistic.h"

enum { BLOCK = 256, BLOCKS = 256 };

typedef struct energy {
    const myr_target *target;
    uint64_t seed;
    int dimension, threads;
    double *x, *y;  /* [BLOCK][dimension] */
    uint64_t begin; /* the block's first trajectory */
    int have;
    myr_block_test test;
} energy;

static void destroy(void *state) {
    energy *e = state;
    free(e->x);
    free(e->y);
    free(e);
}

static myr_status create(myr_context *context, myr_statistics_setting *setting, void **state) {
    const size_t bytes = BLOCK * (size_t)setting->dimension * sizeof(double);
    energy *e = calloc(1, sizeof *e);
    if (!e)
        return myr_fail_memory(context, sizeof *e);
    *e = (energy){.target = setting->target,
                  .seed = setting->seed,
                  .dimension = setting->dimension,
                  .threads = setting->threads,
                  .x = malloc(bytes),
                  .y = malloc(bytes)};
    if (!e->x || !e->y) {
        destroy(e);
        return myr_fail_memory(context, 2 * bytes);
    }
    *state = e;
    return MYR_OK;
}

static double apart(const double *a, const double *b, int d) {
    double square = 0.0;
    for (int c = 0; c < d; c++)
        square += (a[c] - b[c]) * (a[c] - b[c]);
    return sqrt(square);
}

/* Row i of the three sums. */
static double row_of(const energy *e, int i) {
    const int d = e->dimension;
    const double *x = e->x + (size_t)i * (size_t)d, *y = e->y + (size_t)i * (size_t)d;
    double across = 0.0, within = 0.0;
    for (int j = 0; j < BLOCK; j++) {
        const double *other_x = e->x + (size_t)j * (size_t)d, *other_y = e->y + (size_t)j * (size_t)d;
        across += apart(x, other_y, d);
        if (j != i)
            within += apart(x, other_x, d) + apart(y, other_y, d);
    }
    return 2.0 * across / ((double)BLOCK * BLOCK) - within / ((double)BLOCK * (BLOCK - 1));
}

static void finish_block(energy *e) {
    double row[BLOCK], sum = 0.0;
    for (int i = 0; i < BLOCK; i++)
        e->target->operations->draw(e->target, e->seed, e->begin + (uint64_t)i,
                                    e->y + (size_t)i * (size_t)e->dimension);
#pragma omp parallel num_threads(e->threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (int i = 0; i < BLOCK; i++)
            row[i] = row_of(e, i);
    }
    for (int i = 0; i < BLOCK; i++)
        sum += row[i];
    myr_block_test_add(&e->test, sum, 0.0);
    e->have = 0;
}

static void add(void *state, uint64_t first, uint64_t count, const double *samples) {
    energy *e = state;
    const size_t d = (size_t)e->dimension;
    for (uint64_t t = 0; t < count && e->test.blocks < BLOCKS; t++) {
        if (e->have == 0)
            e->begin = first + t;
        memcpy(e->x + (size_t)e->have * d, samples + t * d, d * sizeof *samples);
        if (++e->have == BLOCK)
            finish_block(e);
    }
}

static void report(const void *state, myr_statistic_rows *rows) {
    const energy *e = state;
    myr_statistic_row *row = myr_statistic_row_add(rows, myr_statistic_energy.name);
    myr_block_test_report(&e->test, row);
    row->expected = 0.0;
}

const myr_statistic myr_statistic_energy = {
    .name = "energy",
    .help = "energy distance from the target: of blocks of 256, the first 256",
    .expected = "exact draws",
    .suits = myr_has_draws,
    .create = create,
    .add = add,
    .report = report,
    .destroy = destroy,
};
