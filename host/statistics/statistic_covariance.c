/* The covariance matrix, by blocks of 256 trajectories: each block's means and sums of products, centred on
 * itself, merge as moments do (docs/mathematics.md). From FEW whole blocks on the standard error is that of
 * the mean of the blocks' own covariances, which is known to 1/sqrt(2 (FEW - 1)) = 13 % and better. With fewer it
 * is that of the mean of the products p = x_i x_j of centred numbers: their variance within the blocks,
 * sum (p - mean p)^2 over the blocks by sum (n_b - 1), over the count, as of a moment's variance. Centring on a
 * block's mean, not the true one, changes it by a share of the order of 1/n_b. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "statistic.h"

enum { BLOCK = 256, FEW = 32, MOST_COORDINATES = 1024 };

typedef struct covariance {
    int dimension, threads;
    double *expected;          /* [dimension][dimension], its lower half, as all of these: */
    double *products;          /* sums of (x_i - mean_i)(x_j - mean_j) over all blocks so far */
    double *sum, *square;      /* over the whole blocks' covariances */
    double *within;            /* sums of (p - mean p)^2 over the first FEW blocks */
    double *mean, *block_mean; /* [dimension] */
    double *block;             /* [BLOCK][dimension]: trajectories of the block under way */
    uint64_t total, blocks;
    int have;
} covariance;

static bool suits(const myr_target *target) {
    return target->operations->covariance && target->dimension <= MOST_COORDINATES;
}

static void destroy(void *state) {
    covariance *v = state;
    free(v->expected); /* and what lies behind it */
    free(v->block);
    free(v);
}

static myr_status create(myr_context *context, myr_statistics_setting *setting, void **state) {
    const size_t d = (size_t)setting->dimension, square = d * d;
    covariance *v = calloc(1, sizeof *v);
    if (!v)
        return myr_fail_memory(context, sizeof *v);
    *v = (covariance){.dimension = setting->dimension,
                      .threads = setting->threads,
                      .expected = calloc(5 * square + 2 * d, sizeof(double)),
                      .block = malloc(BLOCK * d * sizeof(double))};
    if (!v->expected || !v->block) {
        destroy(v);
        return myr_fail_memory(context, (5 * square + (BLOCK + 2) * d) * sizeof(double));
    }
    v->products = v->expected + square;
    v->sum = v->products + square;
    v->square = v->sum + square;
    v->within = v->square + square;
    v->mean = v->within + square;
    v->block_mean = v->mean + d;
#pragma omp parallel num_threads(v->threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(dynamic) nowait
        for (int i = 0; i < v->dimension; i++)
            for (int j = 0; j <= i; j++)
                v->expected[(size_t)i * d + (size_t)j] =
                    setting->target->operations->covariance(setting->target, i, j);
    }
    *state = v;
    return MYR_OK;
}

/* ---- blocks ---------------------------------------------------------------------------------------- */

/* Centres the n trajectories of a block on their means. */
static void centre(double *block, int n, int dimension, double *mean) {
    const size_t d = (size_t)dimension;
    for (size_t c = 0; c < d; c++) {
        double sum = 0.0;
        for (size_t t = 0; t < (size_t)n; t++)
            sum += block[t * d + c];
        mean[c] = sum / n;
        for (size_t t = 0; t < (size_t)n; t++)
            block[t * d + c] -= mean[c];
    }
}

/* Row i of a centred block's sums of products. */
static void row_of_block(const double *block, int n, int dimension, int i, double *row) {
    memset(row, 0, (size_t)(i + 1) * sizeof *row);
    for (int t = 0; t < n; t++) {
        const double *x = block + (size_t)t * (size_t)dimension;
        for (int j = 0; j <= i; j++)
            row[j] += x[i] * x[j];
    }
}

/* Adds row i of sum (p - sum p/n)^2, p the products of a centred block and row[] their sums. */
static void add_within(const double *block, int n, int dimension, int i, const double *row,
                       double *within) {
    for (int t = 0; t < n; t++) {
        const double *x = block + (size_t)t * (size_t)dimension;
        for (int j = 0; j <= i; j++) {
            const double off = x[i] * x[j] - row[j] / n;
            within[j] += off * off;
        }
    }
}

/* What merging a block of n, with those means, adds besides. */
static double between(const covariance *v, const double *block_mean, int n, int i, int j) {
    const double weight = (double)v->total * ((double)n / (double)(v->total + (uint64_t)n));
    return (block_mean[i] - v->mean[i]) * (block_mean[j] - v->mean[j]) * weight;
}

static void merge_row(const covariance *v, int i) {
    const size_t at = (size_t)i * (size_t)v->dimension;
    double row[MOST_COORDINATES];
    row_of_block(v->block, BLOCK, v->dimension, i, row);
    if (v->blocks < FEW)
        add_within(v->block, BLOCK, v->dimension, i, row, v->within + at);
    for (int j = 0; j <= i; j++) {
        const double own = row[j] / (BLOCK - 1);
        v->products[at + (size_t)j] += row[j] + between(v, v->block_mean, BLOCK, i, j);
        v->sum[at + (size_t)j] += own;
        v->square[at + (size_t)j] += own * own;
    }
}

static void merge_block(covariance *v) {
    centre(v->block, BLOCK, v->dimension, v->block_mean);
#pragma omp parallel num_threads(v->threads) if (v->dimension > 16)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(dynamic, 8) nowait
        for (int i = 0; i < v->dimension; i++)
            merge_row(v, i);
    }
    v->total += BLOCK;
    for (int c = 0; c < v->dimension; c++)
        v->mean[c] += (v->block_mean[c] - v->mean[c]) * (BLOCK / (double)v->total);
    v->blocks++;
    v->have = 0;
}

static void add(void *state, uint64_t first, uint64_t count, const double *samples) {
    (void)first;
    covariance *v = state;
    const size_t d = (size_t)v->dimension;
    for (uint64_t t = 0; t < count; t++) {
        memcpy(v->block + (size_t)v->have * d, samples + t * d, d * sizeof *samples);
        if (++v->have == BLOCK)
            merge_block(v);
    }
}

/* ---- the report ------------------------------------------------------------------------------------ */

/* NaN with fewer than 3 trajectories, whose products do not differ. */
static double error_of_pair(const covariance *v, size_t at, double within) {
    const double n = (double)v->blocks, total = (double)v->total + v->have, mean = v->sum[at] / n;
    if (v->blocks >= FEW)
        return sqrt(fmax(v->square[at] / n - mean * mean, 0.0) / (n - 1.0));
    const double freedom = (double)v->blocks * (BLOCK - 1) + (v->have > 0 ? v->have - 1 : 0);
    return total > 2.0 ? sqrt((v->within[at] + within) / freedom / total) : NAN;
}

/* rest and within: what the block under way adds. */
static void report_pair(const covariance *v, int i, int j, double rest, double within,
                        myr_statistic_row *row) {
    const size_t at = (size_t)i * (size_t)v->dimension + (size_t)j;
    const double total = (double)v->total + v->have;
    row->first = j;
    row->second = i;
    row->expected = v->expected[at];
    if (total > 1.0)
        row->value = (v->products[at] + rest) / (total - 1.0);
    row->standard_error = error_of_pair(v, at, within);
}

/* The block under way counts, but stays as it is: more may come. */
static void report(const void *state, myr_statistic_rows *rows) {
    const covariance *v = state;
    const size_t d = (size_t)v->dimension;
    double *block = malloc((BLOCK + 1) * d * sizeof *block), *mean = block + BLOCK * d;
    if (!block) {
        rows->lost = true;
        return;
    }
    memcpy(block, v->block, (size_t)v->have * d * sizeof *block);
    if (v->have > 0)
        centre(block, v->have, v->dimension, mean);
    for (int i = 0; i < v->dimension; i++) {
        double row[MOST_COORDINATES], within[MOST_COORDINATES] = {0.0};
        row_of_block(block, v->have, v->dimension, i, row);
        add_within(block, v->have, v->dimension, i, row, within);
        for (int j = 0; j <= i; j++) {
            const double rest = v->have > 0 ? row[j] + between(v, mean, v->have, i, j) : 0.0;
            report_pair(v, i, j, rest, within[j],
                        myr_statistic_row_add(rows, myr_statistic_covariance.name));
        }
    }
    free(block);
}

const myr_statistic myr_statistic_covariance = {
    .name = "covariance",
    .help = "covariance matrix of the coordinates, beside the target's",
    .expected = "a known covariance and at most 1,024 coordinates",
    .suits = suits,
    .create = create,
    .add = add,
    .report = report,
    .destroy = destroy,
};
