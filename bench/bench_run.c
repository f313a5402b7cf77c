#include "bench_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 128, CHUNK = 4096 };

static myr_status work(void *user) {
    bench_run *r = user;
    r->report = (myr_report)MYR_REPORT_INIT;
    return myr_run_moments(r->context, r->plan, r->target, &r->options, r->moments, &r->report);
}

myr_status bench_run_begin(bench_run *run, const bench_options *options, const myr_plan_options *plan) {
    run->options = (myr_run_options)MYR_RUN_OPTIONS_INIT;
    run->options.backend = options->backend;
    run->options.math = options->math;
    run->options.threads = options->threads;
    run->options.device = options->device;
    run->options.count = FEW;
    myr_status status = myr_plan_create(run->context, plan, run->target, &run->plan);
    if (status != MYR_OK)
        return status;
    run->moments = malloc((size_t)myr_target_dimension(run->target) * sizeof *run->moments);
    return run->moments ? work(run) : MYR_OUT_OF_MEMORY;
}

static uint64_t half_a_second(const bench_run *run, const bench_options *options,
                              const bench_speed *speed) {
    double per_second = speed->cpu * bench_threads(options);
    if (myr_backend_has(run->report.backend, "device"))
        per_second = speed->cuda;
    else if (myr_backend_has(run->report.backend, "double"))
        per_second = speed->reference;
    const double steps = (double)myr_plan_steps(run->plan);
    const double chunks = ceil(0.5 * options->scale * per_second / steps / CHUNK);
    return CHUNK * (uint64_t)(chunks < 1.0 ? 1.0 : chunks);
}

myr_status bench_run_time(bench_run *run, const bench_options *options, const bench_speed *speed,
                          bench_result *result) {
    run->options.count = half_a_second(run, options, speed);
    myr_status status = bench_time(options->repeats, work, run, result);
    bench_took(result, run->report.backend, run->report.device);
    result->rate = (double)run->options.count * (double)myr_plan_steps(run->plan) / result->seconds_median;
    return status;
}

myr_status bench_run_both(const bench_run *run, uint64_t count, double *got, double *expected) {
    myr_run_options options = run->options;
    options.count = count;
    myr_status status = myr_run_samples(run->context, run->plan, run->target, &options, got, NULL);
    options.backend = "reference";
    return status == MYR_OK
               ? myr_run_samples(run->context, run->plan, run->target, &options, expected, NULL)
               : status;
}

myr_status bench_run_variance(const bench_run *run, uint64_t *wrong) {
    double exact;
    myr_status status = myr_plan_exact(run->context, run->plan, run->target, NULL, &exact);
    if (status != MYR_OK)
        return status;
    const double z = (myr_moment_variance(run->moments) - exact) / myr_moment_variance_error(run->moments);
    *wrong += !(fabs(z) <= 6.0);
    return MYR_OK;
}

void bench_run_end(bench_run *run) {
    free(run->moments);
    myr_plan_destroy(run->plan);
    myr_target_destroy(run->target);
}
