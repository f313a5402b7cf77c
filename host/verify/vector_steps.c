#include "vector_steps.h"

#include <math.h>

#include "rounding.h"

enum { states = 24 };

static const struct {
    const char *process, *sampler, *start;
    double churn, sigma_min, sigma_max, rho;
} cases[MYR_VECTOR_CASES] = {
    {"ve", "ddim", "prior", 0.0, 0.0, 0.0, 0.0},
    {"ve", "ddpm-large", "exact", 0.0, 0.0, 0.0, 0.0},
    {"vp", "ddpm-small", "exact", 0.0, 0.0, 0.0, 0.0},
    {"edm", "euler-ancestral", "exact", 0.0, 0.0, 0.0, 0.0},
    {"edm", "heun", "exact", 4.0, 0.0, 0.0, 0.0},
    {"edm", "heun", "exact", 0.0, 1e-6, 10.0, 1.0}, /* a last step whose sigmas' ratio is a million */
    {"edm", "dpmpp-3m-sde", "exact", 0.0, 0.0, 0.0, 0.0},
};

myr_status myr_vector_plan(myr_context *context, int index, const myr_target *target, myr_plan **plan) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = cases[index].process;
    options.sampler = cases[index].sampler;
    options.start = cases[index].start;
    if (!myr_target_affine(target) && !target->operations->starts_in_component)
        options.start = "prior";
    options.churn = cases[index].churn;
    options.sigma_min = cases[index].sigma_min;
    options.sigma_max = cases[index].sigma_max;
    options.rho = cases[index].rho;
    options.steps = MYR_VECTOR_STEPS;
    return myr_plan_create(context, &options, target, plan);
}

static myr_status compare(myr_verification *v, const myr_job *job, myr_vector_tally *t) {
    const uint64_t d = (uint64_t)job->plan->dimension;
    double expected[states * MYR_VECTOR_DIMENSION], results[states * MYR_VECTOR_DIMENSION];
    double bound[MYR_VECTOR_DIMENSION];
    myr_poison(expected, states * MYR_VECTOR_DIMENSION);
    myr_poison(results, states * MYR_VECTOR_DIMENSION);
    myr_status status = myr_backend_reference.states(v->context, job, expected);
    if (status == MYR_OK)
        status = v->backend->states(v->context, job, results);
    for (uint64_t n = 0; status == MYR_OK && n < job->count; n++) {
        status = myr_bound_vector(v->context, job, n, bound);
        for (uint64_t c = 0; status == MYR_OK && c < d; c++)
            t->worst = myr_worse(t->worst, fabs(results[n * d + c] - expected[n * d + c]) / bound[c]);
    }
    t->compared += job->count * d;
    return status;
}

myr_status myr_vector_check_steps(myr_verification *v, const myr_case *used, myr_vector_tally *t) {
    const int d = used->plan->dimension;
    double entry[states * MYR_VECTOR_DIMENSION];
    myr_status status = MYR_OK;
    for (int64_t row = 0; status == MYR_OK && row < MYR_VECTOR_STEPS; row++) {
        myr_job job = myr_case_job(v, used, UINT64_C(0x87654321f0), states);
        if (row > 0) {
            job.row_end = row;
            status = myr_backend_reference.states(v->context, &job, entry);
            for (int j = 0; j < states * d; j++) { /* the float form shall be the state itself */
                double along = used->plan->rows[row].a * used->target->mean[j % d];
                entry[j] = along + (double)(float)(entry[j] - along);
            }
            job.states = entry;
        }
        job.row_begin = row;
        job.row_end = row % 3 == 0 ? row + 3 : row + 1;
        if (status == MYR_OK)
            status = compare(v, &job, t);
    }
    return status;
}

myr_status myr_vector_check_repeats(myr_verification *v, const myr_case *used, myr_vector_tally *t) {
    const uint64_t first = 4000, cut = 41,
                   size = (uint64_t)MYR_VECTOR_REPEATED * (uint64_t)used->plan->dimension;
    double whole[MYR_VECTOR_REPEATED * MYR_VECTOR_DIMENSION],
        parts[MYR_VECTOR_REPEATED * MYR_VECTOR_DIMENSION];
    myr_poison(whole, size);
    myr_poison(parts, size);
    myr_job job = myr_case_job(v, used, first, MYR_VECTOR_REPEATED);
    myr_status status = v->backend->states(v->context, &job, whole);
    job = myr_case_job(v, used, first, cut);
    job.threads = v->threads + 1;
    if (status == MYR_OK)
        status = v->backend->states(v->context, &job, parts);
    job = myr_case_job(v, used, first + cut, MYR_VECTOR_REPEATED - cut);
    job.threads = 1;
    if (status == MYR_OK)
        status = v->backend->states(v->context, &job, parts + cut * (uint64_t)used->plan->dimension);
    t->repeated += size;
    t->different += myr_count_different(whole, parts, size);
    return status;
}
