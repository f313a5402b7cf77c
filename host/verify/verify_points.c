/* Tier: data points. A few steps from the reference's own state, against the bound, and from other ends of
 * batches, for equal bits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "failure.h"
#include "rounding.h"
#include "tiers.h"

enum { points = 700, dimension = 7, steps = 12, states = 24, most_values = 300 * dimension };

/* Clusters of unequal width, far from the origin: no two points are alike. */
static myr_status create_points(myr_context *context, myr_target **target) {
    float values[points * dimension];
    for (int i = 0; i < points; i++)
        for (int c = 0; c < dimension; c++) {
            double cluster = (double)((i * 7 + c * 3) % 5) - 2.0, within = sin(1.7 * i + 0.3 * i * c + c);
            values[i * dimension + c] = (float)(10.0 - c + cluster + 0.2 * (1 + i % 3) * within);
        }
    return myr_target_create_empirical(context, points, dimension, values, target);
}

/* Everything that a row can have. */
static const struct {
    const char *process, *sampler, *start;
    double churn;
} cases[] = {
    {"ve", "ddim", "prior", 0.0},       {"ve", "ddpm-large", "exact", 0.0},
    {"vp", "ddpm-small", "exact", 0.0}, {"edm", "euler-ancestral", "exact", 0.0},
    {"edm", "heun", "exact", 4.0},      {"edm", "dpmpp-3m-sde", "exact", 0.0},
};
enum { CASES = sizeof cases / sizeof *cases };

static myr_status create_plan(myr_context *context, int index, const myr_target *target, myr_plan **plan) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = cases[index].process;
    options.sampler = cases[index].sampler;
    options.start = cases[index].start;
    options.churn = cases[index].churn;
    options.steps = steps;
    return myr_plan_create(context, &options, target, plan);
}

static myr_job make_job(const myr_verification *v, const myr_plan *plan, const myr_target *target,
                        uint64_t first, uint64_t count) {
    const myr_case used = {.plan = (myr_plan *)plan, .target = (myr_target *)target};
    return myr_case_job(v, &used, first, count);
}

/* The worst share that the job's results have of their bounds. */
static myr_status compare(myr_verification *v, const myr_job *job, double *worst) {
    double expected[states * dimension], results[states * dimension], bound[dimension];
    myr_poison(expected, states * dimension);
    myr_poison(results, states * dimension);
    myr_status status = myr_backend_reference.states(v->context, job, expected);
    if (status == MYR_OK)
        status = v->backend->states(v->context, job, results);
    for (uint64_t n = 0; status == MYR_OK && n < job->count; n++) {
        status = myr_bound_vector(v->context, job, n, bound);
        for (uint64_t c = 0; status == MYR_OK && c < dimension; c++)
            *worst = myr_worse(*worst,
                               fabs(results[n * dimension + c] - expected[n * dimension + c]) / bound[c]);
    }
    return status;
}

/* From every row on: that one alone or, with a memory of two, three of them. */
static myr_status check_steps(myr_verification *v, const myr_plan *plan, const myr_target *target,
                              double *worst) {
    double entry[states * dimension];
    myr_status status = MYR_OK;
    for (int64_t row = 0; status == MYR_OK && row < steps; row++) {
        myr_job job = make_job(v, plan, target, UINT64_C(0x87654321f0), states);
        if (row > 0) {
            job.row_end = row;
            status = myr_backend_reference.states(v->context, &job, entry);
            for (int j = 0; j < states * dimension; j++) { /* the float form shall be the state itself */
                double along = plan->rows[row].a * target->mean[j % dimension];
                entry[j] = along + (double)(float)(entry[j] - along);
            }
            job.states = entry;
        }
        job.row_begin = row;
        job.row_end = row % 3 == 0 ? row + 3 : row + 1;
        if (status == MYR_OK)
            status = compare(v, &job, worst);
    }
    return status;
}

/* Trajectories that come in one run, and in two of other lengths and numbers of threads. */
static myr_status check_repeats(myr_verification *v, const myr_plan *plan, const myr_target *target,
                                uint64_t *different) {
    double whole[most_values], parts[most_values];
    const uint64_t first = 4000, count = 300, cut = 41;
    myr_poison(whole, most_values);
    myr_poison(parts, most_values);
    myr_job job = make_job(v, plan, target, first, count);
    myr_status status = v->backend->states(v->context, &job, whole);
    job = make_job(v, plan, target, first, cut);
    job.threads = v->threads + 1;
    if (status == MYR_OK)
        status = v->backend->states(v->context, &job, parts);
    job = make_job(v, plan, target, first + cut, count - cut);
    job.threads = 1;
    if (status == MYR_OK)
        status = v->backend->states(v->context, &job, parts + cut * dimension);
    if (status == MYR_OK)
        *different += myr_count_different(whole, parts, most_values);
    return status;
}

myr_status myr_verify_points(myr_verification *v) {
    static const char steps_name[] = "data points, one and three steps: share of the rounding bound";
    static const char repeats_name[] = "data points, repeatability: values that differ";
    if (myr_verifies_reference(v)) {
        myr_report_skip(v, steps_name);
        return MYR_OK;
    }
    myr_target *target = NULL;
    myr_status status = create_points(v->context, &target);
    double worst = 0.0;
    uint64_t different = 0;
    for (int index = 0; status == MYR_OK && index < CASES; index++) {
        myr_plan *plan = NULL;
        status = create_plan(v->context, index, target, &plan);
        if (status == MYR_OK)
            status = check_steps(v, plan, target, &worst);
        if (status == MYR_OK)
            status = check_repeats(v, plan, target, &different);
        myr_plan_destroy(plan);
    }
    myr_target_destroy(target);
    if (status == MYR_OK) {
        myr_report_check(v, steps_name, worst, 1.0, CASES * steps * states * dimension);
        myr_report_check(v, repeats_name, (double)different, 0.0, CASES * most_values);
    }
    return status;
}
