/* W1: the textbook sampler. Process ve, a scalar Gaussian target of variance 0.01, ddpm-exact, T = 1,000
 * steps, one normal a step, moments at the end; in trajectory-steps per second.
 *
 * The limit. Four steps of a trajectory take one Philox block and four rows. What only the multipliers can
 * do:
 *
 *     Philox         rounds 3 to 10, two 32 x 32 -> 64 multiplications each (rounds 1 and 2 are shared),
 * each in a lane of 64 bits, that is, two of 32                                       32 Box-Muller     two
 * pairs: u 1, g 1, Q 6, its closing 2, exponent 1; angle 1, its square 1, sine 5, cosine 5, products with
 * rho 2: fused multiply-adds or products         50 rows           two fused multiply-adds each 8
 *
 * together 90 lane operations, 22.5 a step, at the rate at which this machine was just seen to do them and
 * nothing else (ceiling_lanes.c). On a GPU see docs/performance.md. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

enum { STEPS = 1000, CHECKED = 4096 };
static const double lane_operations = 90.0 / 4.0;

typedef struct w1 {
    myr_context *context;
    myr_target *target;
    myr_plan *plan;
    myr_run_options run;
    myr_moment moment;
    myr_run_report report;
} w1;

static myr_status work(void *user) {
    w1 *w = user;
    return myr_run_moments(w->context, w->plan, w->target, &w->run, &w->moment, &w->report);
}

/* Trajectories that differ from the reference's by more than 1e-4, and a variance that is more than six
 * standard errors from the exact one. Float rounding over 1,000 contracting steps stays below 1e-5, and one
 * normal in 10^4 is off by up to 1.8e-4, times a noise scale of at most 0.032 (docs/mathematics.md): 1e-4
 * parts rounding from wrong results, which are off by about 0.1. */
static myr_status count_wrong(w1 *w, uint64_t *wrong) {
    double fast[CHECKED], reference[CHECKED], exact;
    myr_run_options options = w->run;
    options.count = CHECKED;
    myr_status status = myr_run_samples(w->context, w->plan, w->target, &options, fast, NULL);
    options.backend = "reference";
    if (status == MYR_OK)
        status = myr_run_samples(w->context, w->plan, w->target, &options, reference, NULL);
    if (status == MYR_OK)
        status = myr_plan_exact(w->context, w->plan, w->target, NULL, &exact);
    if (status != MYR_OK)
        return status;
    *wrong = 0;
    for (int i = 0; i < CHECKED; i++)
        *wrong += !(fabs(fast[i] - reference[i]) <= 1e-4);
    double z = (myr_moment_variance(&w->moment) - exact) / myr_moment_variance_error(&w->moment);
    *wrong += !(fabs(z) <= 6.0);
    return MYR_OK;
}

/* Trajectories of a timed run: about half a second on the backend, in whole chunks. */
static uint64_t trajectories(const char *backend, double scale, int threads) {
    double per_second = 1.3e9 * threads / STEPS;
    if (strcmp(backend, "cuda") == 0)
        per_second = 5e11 / STEPS;
    else if (strcmp(backend, "reference") == 0)
        per_second = 3e7 / STEPS;
    double chunks = ceil(0.5 * scale * per_second / 4096.0);
    return 4096 * (uint64_t)(chunks < 1.0 ? 1.0 : chunks);
}

static myr_status prepare(w1 *w, const bench_options *options) {
    double mean = 0.0, variance = 0.01;
    myr_plan_options plan = MYR_PLAN_OPTIONS_INIT;
    plan.steps = STEPS;
    w->run.backend = options->backend;
    w->run.math = options->math;
    w->run.threads = options->threads;
    w->run.device = options->device;
    w->run.count = 4096;
    myr_status status = myr_target_create_gaussian(w->context, 1, &mean, &variance, &w->target);
    if (status == MYR_OK)
        status = myr_plan_create(w->context, &plan, w->target, &w->plan);
    if (status == MYR_OK)
        status = work(w); /* which backend is it? */
    return status;
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    w1 w = {.context = context, .run = MYR_RUN_OPTIONS_INIT};
    bench_result result = {.name = "w1", .unit = "trajectory-steps/s", .limit = NAN};
    myr_status status = prepare(&w, options);
    if (status == MYR_OK) {
        int threads = options->threads > 0 ? options->threads : omp_get_max_threads();
        w.run.count = trajectories(w.report.backend, options->scale, threads);
        snprintf(result.size, sizeof result.size, "T = %d, N = %llu", STEPS,
                 (unsigned long long)w.run.count);
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

const bench_case bench_w1 = {
    "w1", "the variance study's inner loop: ve, scalar Gaussian, ddpm-exact, T = 1000", run};
