/* The textbook sampler. Process ve, a scalar Gaussian target of variance 0.01, ddpm-exact, T = 1,000
 * steps, one normal a step, moments at the end; in trajectory-steps per second.
 *
 * The limit. Four steps of a trajectory take one Philox block and four rows. What only the multipliers can
 * do:
 *
 *     Philox         rounds 3 to 10 (1 and 2 are shared), two 32 x 32 -> 64 multiplications      32
 *                    each, in a lane of 64 bits, that is, two of 32
 *     Box-Muller     two pairs: u 1, g 1, Q 6, its closing 2, exponent 1; angle 1, its           50
 *                    square 1, sine 5, cosine 5, products with rho 2: fused multiply-adds
 *                    or products
 *     rows           two fused multiply-adds each                                                 8
 *
 * together 90 lane operations, 22.5 a step, at the rate at which this machine was just seen to do them and
 * nothing else (ceiling_lanes.c). A GPU's is not known. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench_run.h"

enum { STEPS = 1000, CHECKED = 4096 };
static const double lane_operations = 90.0 / 4.0;

/* Trajectories that differ from the reference's by more than 1e-4, and a variance that is more than six
 * standard errors from the exact one. Float rounding over 1,000 contracting steps stays below 1e-5, and one
 * normal in 10^4 is off by up to 1.8e-4, times a noise scale of at most 0.032 (docs/mathematics.md): 1e-4
 * parts rounding from wrong results, which are off by about 0.1. */
static myr_status count_wrong(const bench_run *w, uint64_t *wrong) {
    static double fast[CHECKED], reference[CHECKED];
    myr_status status = bench_run_both(w, CHECKED, fast, reference);
    for (int i = 0; status == MYR_OK && i < CHECKED; i++)
        *wrong += !(fabs(fast[i] - reference[i]) <= 1e-4);
    return status == MYR_OK ? bench_run_variance(w, wrong) : status;
}

static myr_status prepare(bench_run *w, const bench_options *options) {
    const double mean = 0.0, variance = 0.01;
    myr_plan_options plan = MYR_PLAN_OPTIONS_INIT;
    plan.steps = STEPS;
    myr_status status = myr_target_create_gaussian(w->context, 1, &mean, &variance, &w->target);
    return status == MYR_OK ? bench_run_begin(w, options, &plan) : status;
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    const bench_speed speed = {.cpu = 1.3e9, .cuda = 5e11, .reference = 3e7};
    bench_run w = {.context = context};
    bench_result result = {.name = "gaussian", .unit = "trajectory-steps/s", .limit = NAN};
    myr_status status = prepare(&w, options);
    if (status == MYR_OK && bench_on_cpu(w.report.backend) && bench_ceiling_mix(1) > 0.0)
        result.limit = bench_ceiling_mix(bench_threads(options)) / lane_operations;
    if (status == MYR_OK)
        status = bench_run_time(&w, options, &speed, &result);
    if (status == MYR_OK)
        status = count_wrong(&w, &result.wrong);
    if (status == MYR_OK) {
        snprintf(result.size, sizeof result.size, "T = %d, N = %llu", STEPS,
                 (unsigned long long)w.options.count);
        report(user, &result);
    }
    bench_run_end(&w);
    return status;
}

const bench_case bench_gaussian = {
    .name = "gaussian",
    .help = "the variance study's inner loop: ve, scalar Gaussian, ddpm-exact, T = 1000",
    .run = run};
