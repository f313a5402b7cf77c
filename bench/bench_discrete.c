/* Chains of states: a birth-death chain turned round, with 16 states and T = 1,000 steps, and with 256
 * states and T = 100, whose tables are 1 MiB and 26 MiB; moments at the end, the making of the table
 * included. In trajectory-steps per second. A step is a quarter of a Philox block, and as many dependent
 * loads as the number of states has bits; there is no ceiling for those. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench_run.h"

enum { CHECKED = 1024 };

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

static myr_status prepare(bench_run *d, const bench_options *options, int states, int64_t steps) {
    myr_plan_options plan = MYR_PLAN_OPTIONS_INIT;
    plan.process = "discrete";
    plan.sampler = "ancestral";
    plan.steps = steps;
    myr_status status = make_target(d->context, states, &d->target);
    return status == MYR_OK ? bench_run_begin(d, options, &plan) : status;
}

/* States that are not the reference's. A draw may part from it within 2^-31 of a threshold, of which it
 * compares with 8 at most (docs/mathematics.md): in 10^6 draws 0.008 are expected, and one trajectory is
 * let pass. And a variance that is more than six standard errors from the exact one. */
static myr_status count_wrong(const bench_run *d, uint64_t *wrong) {
    double fast[CHECKED], reference[CHECKED];
    uint64_t parted = 0;
    myr_status status = bench_run_both(d, CHECKED, fast, reference);
    for (int i = 0; status == MYR_OK && i < CHECKED; i++)
        parted += !(fast[i] == reference[i]);
    *wrong = parted > 1 ? parted : 0;
    return status == MYR_OK ? bench_run_variance(d, wrong) : status;
}

static myr_status measure(myr_context *context, const bench_options *options, int states, int64_t steps,
                          bench_report report, void *user) {
    const bench_speed speed = {.cpu = 2e8, .cuda = 5e10, .reference = 5e6};
    bench_run d = {.context = context};
    bench_result result = {.name = "discrete", .unit = "trajectory-steps/s", .limit = NAN};
    myr_status status = prepare(&d, options, states, steps);
    if (status == MYR_OK)
        status = bench_run_time(&d, options, &speed, &result);
    if (status == MYR_OK)
        status = count_wrong(&d, &result.wrong);
    if (status == MYR_OK) {
        snprintf(result.size, sizeof result.size, "S = %d, T = %lld, N = %llu", states, (long long)steps,
                 (unsigned long long)d.options.count);
        report(user, &result);
    }
    bench_run_end(&d);
    return status;
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    myr_status status = measure(context, options, 16, 1000, report, user);
    return status == MYR_OK ? measure(context, options, 256, 100, report, user) : status;
}

const bench_case bench_discrete = {
    .name = "discrete",
    .help = "chains of states turned round: 16 states, T = 1000, and 256 states, T = 100",
    .run = run};
