/* The public calls that run trajectories: options checked, backend chosen, work handed over. */
#include "myriad/run.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "plans/chain.h"
#include "run.h"

myr_status myr_options_given(myr_context *context, const myr_run_options *options) {
    return options ? MYR_OK
                   : myr_fail(context, MYR_INVALID_ARGUMENT,
                              "options: NULL (expected options, for the array has as many rows as their "
                              "count says)");
}

static myr_status check_options(myr_context *context, const myr_run_options *options) {
    if (!options->backend || !options->math)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "options: backend and math must not be NULL");
    if (options->count < 1 || options->count > UINT64_C(1) << 63)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "trajectories: %llu is out of range (expected 1 … 2^63)",
                        (unsigned long long)options->count);
    if (options->first > UINT64_MAX - (options->count - 1))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "first: %llu plus %llu trajectories passes the last index, 2^64 - 1",
                        (unsigned long long)options->first, (unsigned long long)options->count);
    return MYR_OK;
}

myr_status myr_run_where(myr_context *context, const myr_run_options *options, myr_compute *where,
                         myr_report *report) {
    const myr_status status = check_options(context, options);
    myr_asked asked = MYR_ASKED(options);
    asked.math = options->math;
    return status == MYR_OK ? myr_where_find(context, &asked, where, report) : status;
}

myr_job myr_job_make(const myr_plan *plan, const myr_target *target, const myr_run_options *options,
                     const myr_compute *where) {
    return (myr_job){
        .plan = plan,
        .target = target,
        .seed = options->seed,
        .first = options->first,
        .count = options->count,
        .row_begin = 0,
        .row_end = plan->steps,
        .fast = where->fast,
        .threads = where->threads,
        .device = where->device,
        .progress = options->progress,
        .user = options->user,
    };
}

static myr_status check_run(myr_context *context, const myr_plan *plan, const myr_target *target,
                            const void *output) {
    if (!plan || !target || !output)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "plan, target and output must not be NULL");
    if (plan->dimension != target->dimension)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "target: has %d coordinates, but the plan was made for %d", target->dimension,
                        plan->dimension);
    myr_status status = myr_chain_check_target(context, plan, target);
    if (status != MYR_OK)
        return status;
    if (plan->start_in_component && !target->operations->starts_in_component)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "target: is a %s, but the plan starts in a component of a mixture or of data",
                        myr_target_type(target));
    if (plan->uncertainty && !myr_target_affine(target))
        return myr_fail(
            context, MYR_UNSUPPORTED,
            "target: is a %s, but a row's noise has a share E of Var(x0 | x), which only Gaussians "
            "have in closed form",
            myr_target_type(target));
    return MYR_OK;
}

/* Bits of a backend's numbers. */
static int digits_of(const myr_backend *backend) {
    return backend->doubles ? 53 : 24;
}

myr_status myr_run_prepare(myr_context *context, const myr_plan *plan, const myr_target *target,
                           const myr_run_options *options, const void *output, const myr_backend **backend,
                           myr_job *job, myr_report *report) {
    myr_compute where;
    myr_status status = check_run(context, plan, target, output);
    if (status == MYR_OK)
        status = myr_run_where(context, options, &where, report);
    if (status != MYR_OK)
        return status;
    *backend = where.backend;
    *job = myr_job_make(plan, target, options, &where);
    myr_coarse_warn(plan, target, digits_of(*backend), report->warning, sizeof report->warning);
    return MYR_OK;
}

static myr_status run_range(myr_context *context, const myr_plan *plan, const myr_target *target,
                            const myr_run_options *options, myr_range **range, myr_report *report) {
    const myr_backend *backend = NULL;
    myr_job job;
    myr_status status = myr_run_prepare(context, plan, target, options, range, &backend, &job, report);
    if (status == MYR_OK)
        status = myr_range_begin(context, &job, range);
    if (status != MYR_OK)
        return status;
    myr_coarse_warn_moments(plan, target, digits_of(backend), report->warning, sizeof report->warning);
    const double start = omp_get_wtime();
    status = backend->range(context, &job, *range);
    report->seconds = omp_get_wtime() - start;
    if (status == MYR_OK) {
        report->checksum = myr_range_checksum(*range);
        return MYR_OK;
    }
    myr_range_destroy(*range);
    *range = NULL;
    return status;
}

myr_status myr_run_range(myr_context *context, const myr_plan *plan, const myr_target *target,
                         const myr_run_options *options, myr_range **range, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_run_options known;
    myr_report made = {0};
    if (range)
        *range = NULL;
    myr_status status = myr_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_run_options_read(context, &options, &known);
    if (status == MYR_OK)
        status = run_range(context, plan, target, options, range, &made);
    myr_report_fill(report, &made);
    return status;
}

myr_status myr_run_moments(myr_context *context, const myr_plan *plan, const myr_target *target,
                           const myr_run_options *options, myr_moment *moments, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_range *range = NULL;
    myr_status status = myr_run_range(context, plan, target, options, moments ? &range : NULL, report);
    myr_range_moments(range, moments);
    myr_range_destroy(range);
    return status;
}

static myr_status run(myr_context *context, const myr_plan *plan, const myr_target *target,
                      const myr_run_options *options, const myr_given *given, double *samples,
                      myr_report *report) {
    const myr_backend *backend = NULL;
    myr_job job;
    myr_status status = myr_run_prepare(context, plan, target, options, samples, &backend, &job, report);
    if (status != MYR_OK)
        return status;
    double *turned = NULL;
    if (given)
        status = myr_job_give(context, given, &job, &turned);
    if (status != MYR_OK)
        return status;
    report->math = myr_math_of(backend, job.fast); /* given numbers ask for exact arithmetic */
    double start = omp_get_wtime();
    status = backend->states(context, &job, samples);
    report->seconds = omp_get_wtime() - start;
    free(turned);
    return status;
}

/* Samples; given may be NULL. */
static myr_status run_samples(myr_context *context, const myr_plan *plan, const myr_target *target,
                              const myr_run_options *options, const myr_given *given, double *samples,
                              myr_report *report) {
    myr_run_options known;
    myr_report made = {0};
    myr_status status = myr_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_options_given(context, options);
    if (status == MYR_OK)
        status = myr_run_options_read(context, &options, &known);
    if (status == MYR_OK)
        status = run(context, plan, target, options, given, samples, &made);
    myr_report_fill(report, &made);
    return status;
}

myr_status myr_run_samples(myr_context *context, const myr_plan *plan, const myr_target *target,
                           const myr_run_options *options, double *samples, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    return run_samples(context, plan, target, options, NULL, samples, report);
}

myr_status myr_run_samples_given(myr_context *context, const myr_plan *plan, const myr_target *target,
                                 const myr_run_options *options, const myr_given *given, double *samples,
                                 myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_given numbers;
    const myr_status status = myr_given_read(context, &given, &numbers);
    return status == MYR_OK ? run_samples(context, plan, target, options, given, samples, report) : status;
}
