/* Chains of states: a birth-death chain turned round, with 16 states and T = 1,000 steps, and with 256
 * states and T = 100, whose tables are 1 MiB and 26 MiB; moments at the end, the making of the table
 * included. In trajectory-steps per second. A step is a quarter of a Philox block, and as many dependent
 * loads as the number of states has bits; there is no ceiling for those. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { CHECKED = 1024 };

typedef struct discrete {
    myr_context *context;
    myr_target *target;
    myr_plan *plan;
    myr_run_options run;
    myr_moment moment;
    myr_run_report report;
} discrete;

static myr_status work(void *user) {
    discrete *d = user;
    return myr_run_moments(d->context, d->plan, d->target, &d->run, &d->moment, &d->report);
}

static myr_status make_target(myr_context *context, int states, myr_target **target) {
    double weights[MYR_MAX_STATES], *matrix = malloc((size_t)states * (size_t)states * sizeof *matrix);
    if (!matrix)
        return MYR_OUT_OF_MEMORY;
    for (int i = 0; i < states; i++)
        weights[i] = 1.0 + (i * 7) % 11;
    myr_status status = myr_transition_matrix(context, "birth-death", states, 0.5, 1, matrix);
    if (status == MYR_OK)
        status = myr_target_create_discrete(context, states, weights, 1, matrix, NULL, target);
    free(matrix);
    return status;
}

static myr_status prepare(discrete *d, const bench_options *options, int states, int64_t steps) {
    myr_plan_options plan = MYR_PLAN_OPTIONS_INIT;
    plan.process = "discrete";
    plan.sampler = "ancestral";
    plan.steps = steps;
    d->run.backend = options->backend;
    d->run.math = options->math;
    d->run.threads = options->threads;
    d->run.device = options->device;
    d->run.count = CHECKED;
    myr_status status = make_target(d->context, states, &d->target);
    if (status == MYR_OK)
        status = myr_plan_create(d->context, &plan, d->target, &d->plan);
    return status == MYR_OK ? work(d) : status; /* which backend is it? */
}

/* Trajectories of a timed run: about half a second on the backend, in whole chunks. */
static uint64_t trajectories(const char *backend, double scale, int threads, int64_t steps) {
    double per_second = 2e8 * threads;
    if (strcmp(backend, "cuda") == 0)
        per_second = 5e10;
    else if (strcmp(backend, "reference") == 0)
        per_second = 5e6;
    double chunks = ceil(0.5 * scale * per_second / (double)steps / 4096.0);
    return 4096 * (uint64_t)(chunks < 1.0 ? 1.0 : chunks);
}

/* States that are not the reference's. A draw may part from it within 2^-31 of a threshold, of which it
 * compares with 8 at most (docs/mathematics.md): in 10^6 draws 0.008 are expected, and one trajectory is
 * let pass. And a variance that is more than six standard errors from the exact one. */
static myr_status count_wrong(discrete *d, uint64_t *wrong) {
    double fast[CHECKED], reference[CHECKED], exact;
    myr_run_options options = d->run;
    options.count = CHECKED;
    myr_status status = myr_run_samples(d->context, d->plan, d->target, &options, fast, NULL);
    options.backend = "reference";
    if (status == MYR_OK)
        status = myr_run_samples(d->context, d->plan, d->target, &options, reference, NULL);
    if (status == MYR_OK)
        status = myr_plan_exact(d->context, d->plan, d->target, NULL, &exact);
    if (status != MYR_OK)
        return status;
    uint64_t parted = 0;
    for (int i = 0; i < CHECKED; i++)
        parted += !(fast[i] == reference[i]);
    double z = (myr_moment_variance(&d->moment) - exact) / myr_moment_variance_error(&d->moment);
    *wrong = (parted > 1 ? parted : 0) + !(fabs(z) <= 6.0);
    return MYR_OK;
}

static myr_status measure(myr_context *context, const bench_options *options, int states, int64_t steps,
                          bench_report report, void *user) {
    discrete d = {.context = context, .run = MYR_RUN_OPTIONS_INIT};
    bench_result result = {.name = "discrete", .unit = "trajectory-steps/s", .limit = NAN};
    myr_status status = prepare(&d, options, states, steps);
    if (status == MYR_OK) {
        int threads = options->threads > 0 ? options->threads : omp_get_max_threads();
        d.run.count = trajectories(d.report.backend, options->scale, threads, steps);
        snprintf(result.size, sizeof result.size, "S = %d, T = %lld, N = %llu", states, (long long)steps,
                 (unsigned long long)d.run.count);
        status = bench_time(options->repeats, work, &d, &result);
    }
    if (status == MYR_OK)
        status = count_wrong(&d, &result.wrong);
    if (status == MYR_OK) {
        result.backend = d.report.backend;
        snprintf(result.device, sizeof result.device, "%s", d.report.device);
        result.rate = (double)d.run.count * (double)steps / result.seconds_median;
        report(user, &result);
    }
    myr_plan_destroy(d.plan);
    myr_target_destroy(d.target);
    return status;
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    myr_status status = measure(context, options, 16, 1000, report, user);
    return status == MYR_OK ? measure(context, options, 256, 100, report, user) : status;
}

const bench_case bench_discrete = {
    "discrete", "chains of states turned round: 16 states, T = 1000, and 256 states, T = 100", run};
