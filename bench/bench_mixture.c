/* A mixture: process ve, eight Gaussians of variance 0.01 on a circle of radius 1 in two dimensions,
 * ddpm-small, T = 1,000 steps, two normals and a softmax of eight exponents a step, moments at the end; in
 * trajectory-steps per second.
 *
 * The limit: what only the multipliers can do, at the rate of the Gaussian's ceiling (bench_gaussian.c).
 *
 *     normals        two: half a Philox block, 16, and half of two Box-Muller pairs, 25                  41
 *     components     eight: a share in two coordinates 4, the exponential 5, two sums of means 4        104
 *     the rest       two coordinates: a row's four, and a product with the sum's reciprocal              10
 *
 * together 155 lane operations a step. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench_run.h"

enum { STEPS = 1000, COMPONENTS = 8, DIMENSION = 2, CHECKED = 2048 };
static const double lane_operations = 155.0;

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
static myr_status count_wrong(const bench_run *w, uint64_t *wrong) {
    enum { NUMBERS = CHECKED * DIMENSION };
    static double fast[NUMBERS], reference[NUMBERS];
    myr_status status = bench_run_both(w, CHECKED, fast, reference);
    for (int i = 0; status == MYR_OK && i < NUMBERS; i++)
        *wrong += !(fabs(fast[i] - reference[i]) <= 0.01);
    return status;
}

static myr_status prepare(bench_run *w, const bench_options *options) {
    myr_plan_options plan = MYR_PLAN_OPTIONS_INIT;
    plan.sampler = "ddpm-small";
    plan.steps = STEPS;
    myr_status status = create_target(w->context, &w->target);
    return status == MYR_OK ? bench_run_begin(w, options, &plan) : status;
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    const bench_speed speed = {.cpu = 2.2e8, .cuda = 1e11, .reference = 3e6};
    bench_run w = {.context = context};
    bench_result result = {.name = "mixture", .unit = "trajectory-steps/s", .limit = NAN};
    myr_status status = prepare(&w, options);
    if (status == MYR_OK && bench_on_cpu(w.report.backend) && bench_ceiling_mix(1) > 0.0)
        result.limit = bench_ceiling_mix(bench_threads(options)) / lane_operations;
    if (status == MYR_OK)
        status = bench_run_time(&w, options, &speed, &result);
    if (status == MYR_OK)
        status = count_wrong(&w, &result.wrong);
    if (status == MYR_OK) {
        snprintf(result.size, sizeof result.size, "T = %d, K = %d, d = %d, N = %llu", STEPS, COMPONENTS,
                 DIMENSION, (unsigned long long)w.options.count);
        report(user, &result);
    }
    bench_run_end(&w);
    return status;
}

const bench_case bench_mixture = {
    .name = "mixture",
    .help = "a mixture of eight Gaussians in two dimensions: ve, ddpm-small, T = 1000",
    .run = run};
