/* What the suites of statistics share: targets, draws from them by a generator of another kind (splitmix64,
 * Marsaglia's polar normals), and sets. */
#ifndef MYRIAD_STATISTICS_SAMPLES_H
#define MYRIAD_STATISTICS_SAMPLES_H

#include "support.h"
#include "targets/empirical.h"

static inline double uniform(uint64_t *random) {
    return ((double)(next_random(random) >> 12) + 0.5) * 0x1p-52;
}

static inline double normal(uint64_t *random) {
    for (;;) {
        const double a = 2.0 * uniform(random) - 1.0, b = 2.0 * uniform(random) - 1.0, s = a * a + b * b;
        if (s < 1.0 && s > 0.0)
            return a * sqrt(-2.0 * log(s) / s);
    }
}

static inline int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- targets --------------------------------------------------------------------------------------- */

/* Two components that overlap, and two coordinates that differ. */
static const double weights[] = {0.7, 0.3}, means[] = {-1.0, 0.5, 0.8, -0.2},
                    variances[] = {0.6, 0.2, 0.3, 0.9};
enum { points = 500 };

static inline myr_target *make_target(myr_context *context, const char *kind) {
    static const double covariance[] = {1.0, 0.6, 0.6, 2.0},
                        matrix[9] = {0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1, 0.8};
    static const double states[] = {0.5, 0.2, 0.3};
    myr_target *target = NULL;
    if (strcmp(kind, "normal") == 0) {
        const double m = 0.5, v = 4.0;
        REQUIRE_OK(context, myr_target_create_gaussian(context, 1, &m, &v, &target));
    } else if (strcmp(kind, "gaussian") == 0) {
        REQUIRE_OK(context, myr_target_create_gaussian_full(context, 2, means, covariance, &target));
    } else if (strcmp(kind, "mixture") == 0) {
        REQUIRE_OK(context, myr_target_create_mixture(context, 2, 2, weights, means, variances, &target));
    } else if (strcmp(kind, "discrete") == 0) {
        REQUIRE_OK(context, myr_target_create_discrete(context, 3, states, 1, matrix, NULL, &target));
    } else {
        float data[2 * points];
        uint64_t random = 99;
        for (int i = 0; i < 2 * points; i++)
            data[i] = (float)(normal(&random) * (i % 2 == 0 ? 1.0 : 3.0));
        REQUIRE_OK(context, myr_target_create_empirical(context, points, 2, data, &target));
    }
    return target;
}

/* One exact draw; scale 1. Other scales stretch it about the target's mean. */
static inline void draw(const myr_target *target, double scale, uint64_t *random, double *x) {
    const int d = target->dimension;
    if (target->operations == &myr_target_gaussian) {
        const double z[2] = {normal(random), normal(random)};
        if (d == 1) {
            x[0] = 0.5 + 2.0 * z[0];
        } else { /* Cholesky's factor of {1, 0.6; 0.6, 2} */
            x[0] = means[0] + z[0];
            x[1] = means[1] + 0.6 * z[0] + sqrt(1.64) * z[1];
        }
    } else if (target->operations == &myr_target_mixture) {
        const int k = uniform(random) < 0.7 ? 0 : 1;
        for (int c = 0; c < 2; c++)
            x[c] = means[2 * k + c] + sqrt(variances[2 * k + c]) * normal(random);
    } else if (target->operations == &myr_target_empirical) {
        const int i = (int)(uniform(random) * points);
        for (int c = 0; c < 2; c++)
            x[c] = (double)myr_empirical_of(target)->points[2 * i + c];
    } else {
        const double u = uniform(random);
        x[0] = u < 0.5 ? 1.0 : u < 0.7 ? 2.0 : 3.0;
    }
    for (int c = 0; c < d; c++)
        x[c] = target->mean[c] + scale * (x[c] - target->mean[c]);
}

static inline double *draw_many(const myr_target *target, double scale, uint64_t seed, size_t count) {
    double *x = malloc(count * (size_t)target->dimension * sizeof *x);
    uint64_t random = seed;
    for (size_t i = 0; i < count; i++)
        draw(target, scale, &random, x + i * (size_t)target->dimension);
    return x;
}

/* ---- sets ------------------------------------------------------------------------------------------ */

static inline myr_statistics *make_set(myr_context *context, const myr_target *target, const char *names,
                                       uint64_t seed) {
    myr_statistics_options options = MYR_STATISTICS_OPTIONS_INIT;
    myr_statistics *set = NULL;
    options.names = names;
    options.seed = seed;
    options.threads = 1; /* Criterion runs the tests side by side */
    REQUIRE_OK(context, myr_statistics_create(context, target, &options, &set));
    return set;
}

static inline size_t rows_of(myr_context *context, myr_statistics *set, const myr_statistic_row **rows) {
    size_t count = 0;
    REQUIRE_OK(context, myr_statistics_rows(context, set, rows, &count));
    cr_assert(count > 0);
    return count;
}

/* The row of a statistic and coordinate (or what first is). */
static inline myr_statistic_row find_row(myr_context *context, myr_statistics *set, const char *name,
                                         int first) {
    const myr_statistic_row *rows;
    const size_t count = rows_of(context, set, &rows);
    for (size_t n = 0; n < count; n++)
        if (strcmp(rows[n].statistic, name) == 0 && rows[n].first == first)
            return rows[n];
    cr_assert(false, "no row %s %d", name, first);
    return rows[0];
}

/* The target's distribution function, written out: of a coordinate of a Gaussian or of the mixture. */
static inline double cdf(const myr_target *target, int c, double x) {
    if (target->operations == &myr_target_gaussian)
        return 0.5 * erfc(-(x - target->mean[c]) / sqrt(2.0 * target->variance[c]));
    double sum = 0.0;
    for (int k = 0; k < 2; k++)
        sum += weights[k] * 0.5 * erfc(-(x - means[2 * k + c]) / sqrt(2.0 * variances[2 * k + c]));
    return sum;
}

#endif
