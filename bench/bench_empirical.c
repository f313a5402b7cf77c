/* Data points: process edm, ddim, T = 20 steps; on 1,797 made-up points of 64 coordinates, the shape of
 * examples/digits.npy, or on those of --target. In trajectory-steps per second.
 *
 * The limit: the two products of matrices that a step needs, scores X S^T and sums W S, alone, on the same
 * BLAS and as many threads, in the best of several shapes (ceiling_products.c). */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { STEPS = 20, POINTS = 1797, DIMENSION = 64, CHECKED = 32 };

typedef struct empirical {
    myr_context *context;
    myr_target *target;
    myr_plan *plan;
    myr_run_options run;
    myr_moment *moments;
    myr_run_report report;
} empirical;

static myr_status work(void *user) {
    empirical *e = user;
    return myr_run_moments(e->context, e->plan, e->target, &e->run, e->moments, &e->report);
}

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
static myr_status count_wrong(const empirical *e, uint64_t *wrong) {
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
    myr_plan *plan = NULL;
    myr_run_options run = e->run;
    run.count = CHECKED;
    myr_status status = myr_plan_create(e->context, &options, e->target, &plan);
    if (status == MYR_OK)
        status = myr_run_samples(e->context, plan, e->target, &run, values, NULL);
    run.backend = "reference";
    if (status == MYR_OK)
        status = myr_run_samples(e->context, plan, e->target, &run, expected, NULL);
    *wrong = 0;
    for (size_t n = 0; status == MYR_OK && n < size; n++)
        *wrong += !(fabs(values[n] - expected[n]) <= 0.01 * spread + 1e-6 * fabs(expected[n]));
    myr_plan_destroy(plan);
    free(values);
    return status;
}

/* Trajectories of a timed run: about half a second on the backend, in whole chunks. */
static uint64_t trajectories(const empirical *e, double scale, int threads) {
    double per_second = 2e10 * threads;
    if (strcmp(e->report.backend, "cuda") == 0)
        per_second = 1e13;
    else if (strcmp(e->report.backend, "reference") == 0)
        per_second = 5e8;
    double work_of_one =
        2.0 * STEPS * (double)myr_target_points(e->target) * myr_target_dimension(e->target);
    double chunks = ceil(0.5 * scale * per_second / work_of_one / 4096.0);
    return 4096 * (uint64_t)(chunks < 1.0 ? 1.0 : chunks);
}

static myr_status prepare(empirical *e, const bench_options *options) {
    myr_plan_options plan = MYR_PLAN_OPTIONS_INIT;
    plan.process = "edm";
    plan.sampler = "ddim";
    plan.steps = STEPS;
    e->run.backend = options->backend;
    e->run.math = options->math;
    e->run.threads = options->threads;
    e->run.device = options->device;
    e->run.count = 128;
    myr_status status = options->points ? myr_target_load(e->context, options->points, &e->target)
                                        : make_points(e->context, &e->target);
    if (status == MYR_OK)
        status = myr_plan_create(e->context, &plan, e->target, &e->plan);
    if (status != MYR_OK)
        return status;
    e->moments = malloc((size_t)myr_target_dimension(e->target) * sizeof *e->moments);
    return e->moments ? work(e) : MYR_OUT_OF_MEMORY; /* which backend is it? */
}

static myr_status measure(empirical *e, const bench_options *options, bench_result *result) {
    const int threads = options->threads > 0 ? options->threads : omp_get_max_threads();
    const int points = (int)myr_target_points(e->target), dimension = myr_target_dimension(e->target);
    e->run.count = trajectories(e, options->scale, threads);
    snprintf(result->size, sizeof result->size, "n = %d, d = %d, T = %d, N = %llu", points, dimension,
             STEPS, (unsigned long long)e->run.count);
    if (strcmp(e->report.backend, "cpu") == 0)
        result->limit = bench_ceiling_products(points, dimension, threads);
    myr_status status = bench_time(options->repeats, work, e, result);
    if (status == MYR_OK)
        status = count_wrong(e, &result->wrong);
    result->backend = e->report.backend;
    snprintf(result->device, sizeof result->device, "%s", e->report.device);
    result->rate = (double)e->run.count * STEPS / result->seconds_median;
    return status;
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    empirical e = {.context = context, .run = MYR_RUN_OPTIONS_INIT};
    bench_result result = {.name = "empirical", .unit = "trajectory-steps/s", .limit = NAN};
    myr_status status = prepare(&e, options);
    if (status == MYR_OK)
        status = measure(&e, options, &result);
    if (status == MYR_OK)
        report(user, &result);
    free(e.moments);
    myr_plan_destroy(e.plan);
    myr_target_destroy(e.target);
    return status;
}

const bench_case bench_empirical = {
    "empirical", "data points: edm, ddim, T = 20, beside their two products of matrices alone", run};
