/* W2: a mixture. Process ve, eight Gaussians of variance 0.01 on a circle of radius 1 in two dimensions,
 * ddpm-small, T = 1,000 steps, two normals and a softmax of eight exponents a step, moments at the end; in
 * trajectory-steps per second.
 *
 * The limit: what only the multipliers can do, at the rate of W1's ceiling (bench_w1.c).
 *
 *     normals        two: half a Philox block, 16, and half of two Box-Muller pairs, 25                  41
 *     components     eight: a share in two coordinates 4, the exponential 5, two sums of means 4        104
 *     the rest       two coordinates: a row's four, and a product with the sum's reciprocal              10
 *
 * together 155 lane operations a step. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

enum { STEPS = 1000, COMPONENTS = 8, DIMENSION = 2, CHECKED = 2048 };
static const double lane_operations = 155.0;

typedef struct w2 {
    myr_context *context;
    myr_target *target;
    myr_plan *plan;
    myr_run_options run;
    myr_moment moments[DIMENSION];
    myr_run_report report;
} w2;

static myr_status work(void *user) {
    w2 *w = user;
    return myr_run_moments(w->context, w->plan, w->target, &w->run, w->moments, &w->report);
}

static myr_status create_target(myr_context *context, myr_target **target) {
    double weights[COMPONENTS], means[COMPONENTS][DIMENSION], variances[COMPONENTS][DIMENSION];
    for (int j = 0; j < COMPONENTS; j++) {
        double angle = 6.283185307179586 * j / COMPONENTS;
        weights[j] = 1.0;
        means[j][0] = cos(angle);
        means[j][1] = sin(angle);
        variances[j][0] = variances[j][1] = 0.01;
    }
    return myr_target_create_mixture(context, DIMENSION, COMPONENTS, weights, means[0], variances[0],
                                     target);
}

/* Numbers that differ from the reference's by more than 0.01. Rounding, some 1e-6, is amplified where a
 * trajectory hesitates between two components: of 40,000 numbers 100 are off by more than 1e-5, 6 by more
 * than 1e-4 and none by more than 1e-3, and by that law one of 4,096 passes 0.01 once in some 200 seeds.
 * Wrong results are off by about 1. */
static myr_status count_wrong(w2 *w, uint64_t *wrong) {
    enum { NUMBERS = CHECKED * DIMENSION };
    double fast[NUMBERS], reference[NUMBERS];
    myr_run_options options = w->run;
    options.count = CHECKED;
    myr_status status = myr_run_samples(w->context, w->plan, w->target, &options, fast, NULL);
    options.backend = "reference";
    if (status == MYR_OK)
        status = myr_run_samples(w->context, w->plan, w->target, &options, reference, NULL);
    *wrong = 0;
    for (int i = 0; status == MYR_OK && i < NUMBERS; i++)
        *wrong += !(fabs(fast[i] - reference[i]) <= 0.01);
    return status;
}

/* Trajectories of a timed run: about half a second on the backend, in whole chunks. */
static uint64_t trajectories(const char *backend, double scale, int threads) {
    double per_second = 2.2e8 * threads / STEPS;
    if (strcmp(backend, "cuda") == 0)
        per_second = 1e11 / STEPS;
    else if (strcmp(backend, "reference") == 0)
        per_second = 3e6 / STEPS;
    double chunks = ceil(0.5 * scale * per_second / 4096.0);
    return 4096 * (uint64_t)(chunks < 1.0 ? 1.0 : chunks);
}

static myr_status prepare(w2 *w, const bench_options *options) {
    myr_plan_options plan = MYR_PLAN_OPTIONS_INIT;
    plan.sampler = "ddpm-small";
    plan.steps = STEPS;
    w->run.backend = options->backend;
    w->run.math = options->math;
    w->run.threads = options->threads;
    w->run.device = options->device;
    w->run.count = 1;
    myr_status status = create_target(w->context, &w->target);
    if (status == MYR_OK)
        status = myr_plan_create(w->context, &plan, w->target, &w->plan);
    if (status == MYR_OK)
        status = work(w); /* which backend is it? */
    return status;
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    w2 w = {.context = context, .run = MYR_RUN_OPTIONS_INIT};
    bench_result result = {.name = "w2", .unit = "trajectory-steps/s", .limit = NAN};
    myr_status status = prepare(&w, options);
    if (status == MYR_OK) {
        int threads = options->threads > 0 ? options->threads : omp_get_max_threads();
        w.run.count = trajectories(w.report.backend, options->scale, threads);
        snprintf(result.size, sizeof result.size, "T = %d, K = %d, d = %d, N = %llu", STEPS, COMPONENTS,
                 DIMENSION, (unsigned long long)w.run.count);
        if (strcmp(w.report.backend, "cpu") == 0 && bench_ceiling_mix(1) > 0.0)
            result.limit = bench_ceiling_mix(threads) / lane_operations;
        status = bench_time(options->repeats, work, &w, &result);
    }
    if (status == MYR_OK)
        status = count_wrong(&w, &result.wrong);
    if (status == MYR_OK) {
        result.backend = w.report.backend;
        snprintf(result.device, sizeof result.device, "%s", w.report.device);
        result.rate = (double)w.run.count * STEPS / result.seconds_median;
        report(user, &result);
    }
    myr_plan_destroy(w.plan);
    myr_target_destroy(w.target);
    return status;
}

const bench_case bench_w2 = {
    "w2", "a mixture of eight Gaussians in two dimensions: ve, ddpm-small, T = 1000", run};
