/* Data points: process edm, ddim, T = 20 steps; on 1,797 made-up points of 64 coordinates, the shape of
 * examples/digits.npy, or on those of --target. In trajectory-steps per second.
 *
 * The limit: the two products of matrices that a step needs, scores X S^T and sums W S, alone, on the same
 * BLAS and as many threads, in the best of several shapes (ceiling_products.c). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_run.h"

enum { STEPS = 20, POINTS = 1797, DIMENSION = 64, CHECKED = 32 };

/* Whole numbers from 0 to 16, by Knuth's linear congruential generator. */
static myr_status make_points(myr_context *context, myr_target **target) {
    float *points = malloc((size_t)POINTS * DIMENSION * sizeof *points);
    if (!points)
        return MYR_OUT_OF_MEMORY;
    uint64_t state = 1;
    for (int n = 0; n < POINTS * DIMENSION; n++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        points[n] = (float)((state >> 33) % 17);
    }
    myr_status status = myr_target_create_empirical(context, POINTS, DIMENSION, points, target);
    free(points);
    return status;
}

/* The root of the mean variance of a coordinate. */
static double spread_of(const myr_target *target, double *variance) {
    const int d = myr_target_dimension(target);
    double sum = 0.0;
    myr_target_moments(target, NULL, variance);
    for (int c = 0; c < d; c++)
        sum += variance[c] / d;
    return sqrt(sum);
}

/* Of the denoiser's outputs at a level as wide as the data, one step from its true marginal: those that
 * differ from the reference's by more than a hundredth of the data's spread. Rounding makes differences
 * near 1e-5 of it (docs/mathematics.md has the bound), a wrong point or weight one near 1. */
static myr_status count_wrong(const bench_run *e, uint64_t *wrong) {
    bench_run one = *e;
    const size_t d = (size_t)myr_target_dimension(e->target), size = CHECKED * d;
    double *values = malloc((2 * size + d) * sizeof *values), *expected = values + size;
    if (!values)
        return MYR_OUT_OF_MEMORY;
    const double spread = spread_of(e->target, values + 2 * size);
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = "edm";
    options.sampler = "ddim";
    options.start = "exact";
    options.steps = 1;
    options.sigma_max = spread > 0.0 ? spread : 1.0;
    options.sigma_min = 0.5 * options.sigma_max;
    myr_status status = myr_plan_create(e->context, &options, e->target, &one.plan);
    if (status == MYR_OK)
        status = bench_run_both(&one, CHECKED, values, expected);
    for (size_t n = 0; status == MYR_OK && n < size; n++)
        *wrong += !(fabs(values[n] - expected[n]) <= 0.01 * spread + 1e-6 * fabs(expected[n]));
    myr_plan_destroy(one.plan);
    free(values);
    return status;
}

static myr_status prepare(bench_run *e, const bench_options *options) {
    myr_plan_options plan = MYR_PLAN_OPTIONS_INIT;
    plan.process = "edm";
    plan.sampler = "ddim";
    plan.steps = STEPS;
    myr_status status = options->points ? myr_target_load(e->context, options->points, &e->target)
                                        : make_points(e->context, &e->target);
    return status == MYR_OK ? bench_run_begin(e, options, &plan) : status;
}

static myr_status measure(bench_run *e, const bench_options *options, bench_result *result) {
    const int points = (int)myr_target_points(e->target), dimension = myr_target_dimension(e->target);
    const double step = 2.0 * points * dimension; /* multiply-adds of the two products */
    const bench_speed speed = {.cpu = 2e10 / step, .cuda = 1e13 / step, .reference = 5e8 / step};
    if (bench_on_cpu(e->report.backend))
        result->limit = bench_ceiling_products(points, dimension, bench_threads(options));
    myr_status status = bench_run_time(e, options, &speed, result);
    snprintf(result->size, sizeof result->size, "n = %d, d = %d, T = %d, N = %llu", points, dimension,
             STEPS, (unsigned long long)e->options.count);
    return status == MYR_OK ? count_wrong(e, &result->wrong) : status;
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    bench_run e = {.context = context};
    bench_result result = {.name = "empirical", .unit = "trajectory-steps/s", .limit = NAN};
    myr_status status = prepare(&e, options);
    if (status == MYR_OK)
        status = measure(&e, options, &result);
    if (status == MYR_OK)
        report(user, &result);
    bench_run_end(&e);
    return status;
}

const bench_case bench_empirical = {
    .name = "empirical",
    .help = "data points: edm, ddim, T = 20, beside their two products of matrices alone",
    .run = run};
