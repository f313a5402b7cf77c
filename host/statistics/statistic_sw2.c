/* The sliced Wasserstein-2 distance, squared: the mean over 32 directions (one in one dimension) of the
 * squared W2 between the samples' projection and the target's, which is known exactly.
 *
 * Of blocks of 4,096 samples, the first 64 blocks of a run. With the block's projections in order, y_1 …
 * y_n, and q_i = n times the integral of the target's quantile function Q over ((i - 1)/n, i/n),
 *
 *     W2^2 = integral of (Q_n - Q)^2 du = 1/n sum (y_i - q_i)^2 + (integral of Q^2 - 1/n sum q_i^2)
 *
 * without cancellation. A block of exact draws is not at distance 0 either: so each block has a partner, as
 * many exact draws from the target, and what it exceeds its partner by has mean 0, and a symmetric law, if
 * the samples are exact draws too. */
#include <math.h>
#include <stdlib.h>

#include "block_test.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/generator.h"
#include "myriad/random.h"
#include "statistic.h"

enum { BLOCK = 4096, BLOCKS = 64, DIRECTIONS = 32 };

typedef struct sliced {
    const myr_target *target;
    uint64_t seed;
    int dimension, directions, threads;
    double *direction; /* [directions][dimension] */
    double *cell;      /* [directions][BLOCK]: q_i, relative to the projected mean */
    double *mean;      /* [directions]: of the projection */
    double *rest;      /* [directions]: what of W2^2 is the target's alone */
    double *projected; /* [directions][BLOCK]: of the block under way */
    double *partner;   /* likewise, of exact draws */
    uint64_t begin;    /* the block's first trajectory */
    int have;
    myr_block_test test;
} sliced;

static void destroy(void *state) {
    sliced *s = state;
    free(s->direction);
    free(s->cell);
    free(s->mean);
    free(s->rest);
    free(s->projected);
    free(s->partner);
    free(s);
}

/* The same ones in every run: normals of seed 0, made of length 1. */
static void draw_direction(int d, uint64_t index, double *v) {
    myr_normals stream = myr_normals_make(0, index, MYR_STREAM_DIRECTION);
    double square = 0.0;
    for (int c = 0; c < d; c++) {
        v[c] = d == 1 ? 1.0 : myr_normals_draw(&stream, c);
        square += v[c] * v[c];
    }
    for (int c = 0; c < d; c++)
        v[c] /= sqrt(square);
}

/* The integral of Q - mean from 0 to u: of a density that of x - mean over the lower part, E[X - mean; X <=
 * Q(u)]; of atoms, the last one in part. */
static double lower_part(const myr_marginal *marginal, double u, double *near) {
    const double x = *near = myr_marginal_quantile(marginal, u, *near);
    const double off = x - marginal->mean;
    return myr_marginal_lower(marginal, x) - off * (myr_marginal_cdf(marginal, x) - u);
}

static myr_status fill_cells(myr_context *context, sliced *s, int k) {
    myr_marginal marginal;
    myr_status status = myr_marginal_create(context, s->target, 0,
                                            s->direction + (size_t)k * (size_t)s->dimension, &marginal);
    if (status != MYR_OK)
        return status;
    double before = 0.0, near = myr_marginal_quantile(&marginal, 1.0 / BLOCK, marginal.mean), squares = 0.0;
    for (int i = 0; i < BLOCK; i++) {
        const double part = i + 1 < BLOCK ? lower_part(&marginal, (i + 1.0) / BLOCK, &near) : 0.0;
        const double q = BLOCK * (part - before);
        s->cell[(size_t)k * BLOCK + (size_t)i] = q;
        squares += q * q / BLOCK;
        before = part;
    }
    s->mean[k] = marginal.mean;
    s->rest[k] = fmax(marginal.deviation * marginal.deviation - squares, 0.0);
    myr_marginal_destroy(&marginal);
    return MYR_OK;
}

static myr_status create(myr_context *context, myr_statistics_setting *setting, void **state) {
    const size_t d = (size_t)setting->dimension, n = setting->dimension > 1 ? DIRECTIONS : 1;
    sliced *s = calloc(1, sizeof *s);
    if (!s)
        return myr_fail_memory(context, sizeof *s);
    *s = (sliced){.target = setting->target,
                  .seed = setting->seed,
                  .dimension = setting->dimension,
                  .directions = (int)n,
                  .threads = setting->threads,
                  .direction = malloc(n * d * sizeof(double)),
                  .cell = malloc(n * BLOCK * sizeof(double)),
                  .mean = malloc(n * sizeof(double)),
                  .rest = malloc(n * sizeof(double)),
                  .projected = malloc(n * BLOCK * sizeof(double)),
                  .partner = malloc(n * BLOCK * sizeof(double))};
    myr_status status = MYR_OK;
    if (!s->direction || !s->cell || !s->mean || !s->rest || !s->projected || !s->partner)
        status = myr_fail_memory(context, n * (d + 3 * BLOCK) * sizeof(double));
    for (int k = 0; status == MYR_OK && k < s->directions; k++) {
        draw_direction(s->dimension, (uint64_t)k, s->direction + (size_t)k * d);
        status = fill_cells(context, s, k);
    }
    if (status == MYR_OK)
        *state = s;
    else
        destroy(s);
    return status;
}

/* ---- blocks ---------------------------------------------------------------------------------------- */

static int compare(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* W2^2 along direction k of a block's projections, which it sorts. */
static double distance_along(const sliced *s, int k, double *y) {
    double sum = 0.0;
    qsort(y, BLOCK, sizeof *y, compare);
    for (size_t i = 0; i < BLOCK; i++) {
        const double off = y[i] - s->mean[k] - s->cell[(size_t)k * BLOCK + i];
        sum += off * off;
    }
    return sum / BLOCK + s->rest[k];
}

static double distance_of(const sliced *s, double *projected) {
    double along[DIRECTIONS], sum = 0.0;
#pragma omp parallel num_threads(s->threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (int k = 0; k < s->directions; k++)
            along[k] = distance_along(s, k, projected + (size_t)k * BLOCK);
    }
    for (int k = 0; k < s->directions; k++)
        sum += along[k];
    return sum / s->directions;
}

static void project(const sliced *s, const double *x, double *projected, int place) {
    for (int k = 0; k < s->directions; k++) {
        const double *v = s->direction + (size_t)k * (size_t)s->dimension;
        double sum = 0.0;
        for (int c = 0; c < s->dimension; c++)
            sum += v[c] * x[c];
        projected[(size_t)k * BLOCK + (size_t)place] = sum;
    }
}

static void finish_block(sliced *s) {
#pragma omp parallel num_threads(s->threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (int i = 0; i < BLOCK; i++) {
            double x[MYR_MAX_DATA_DIMENSION];
            s->target->operations->draw(s->target, s->seed, s->begin + (uint64_t)i, x);
            project(s, x, s->partner, i);
        }
    }
    const double value = distance_of(s, s->projected);
    myr_block_test_add(&s->test, value, distance_of(s, s->partner));
    s->have = 0;
}

static void add(void *state, uint64_t first, uint64_t count, const double *samples) {
    sliced *s = state;
    uint64_t t = 0;
    while (t < count && s->test.blocks < BLOCKS) {
        const int room = BLOCK - s->have;
        const int n = count - t < (uint64_t)room ? (int)(count - t) : room;
        if (s->have == 0)
            s->begin = first + t;
#pragma omp parallel num_threads(s->threads)
        {
            MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
            for (int i = 0; i < n; i++)
                project(s, samples + (t + (uint64_t)i) * (uint64_t)s->dimension, s->projected, s->have + i);
        }
        s->have += n;
        t += (uint64_t)n;
        if (s->have == BLOCK)
            finish_block(s);
    }
}

static void report(const void *state, myr_statistic_rows *rows) {
    const sliced *s = state;
    myr_block_test_report(&s->test, myr_statistic_row_add(rows, myr_statistic_sw2.name));
}

const myr_statistic myr_statistic_sw2 = {
    .name = "sw2",
    .help = "sliced Wasserstein-2 distance from the target, squared: of blocks of 4,096, the first 64",
    .expected = "exact draws, and their law on a line",
    .suits = myr_has_draws_and_marginal,
    .create = create,
    .add = add,
    .report = report,
    .destroy = destroy,
};
