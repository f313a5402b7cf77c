#include <math.h>
#include <stdio.h>
#include <string.h>

#include "failure.h"
#include "tiers.h"

static myr_status create_target(myr_context *context, int dimension, myr_target **target) {
    /* Coprime lengths, so that coordinates differ; variances from well below the steps to well above. */
    static const double means[] = {0.0, -1.5, 20.0, 0.25, -3e-3};
    static const double variances[] = {0.01, 4.0, 1.0, 1e-4};
    double mean[MYR_MAX_DIMENSION], variance[MYR_MAX_DIMENSION];
    for (int c = 0; c < dimension; c++) {
        mean[c] = means[c % 5];
        variance[c] = variances[c % 4];
    }
    return myr_target_create_gaussian(context, dimension, mean, variance, target);
}

/* A table that no sampler writes: pre-noise, memory, two stages on every other row, coefficients that leave
 * the mean path, a level whose a changes. Its rows contract, so that it can be as long as one likes. */
static myr_status create_made_up(myr_context *context, int dimension, int64_t steps, myr_plan **plan) {
    enum { most = 64 };
    myr_row rows[most] = {{0}};
    double start_mean[MYR_MAX_DIMENSION], start_scale[MYR_MAX_DIMENSION];
    if (steps > most)
        steps = most;
    for (int64_t k = 0; k < steps; k++) {
        double here = (double)k / (double)steps, next = (double)(k + 1) / (double)steps;
        rows[k] = (myr_row){.a = 0.2 + 0.8 * here,
                            .a_next = 0.2 + 0.8 * next,
                            .s = 1.1 - here,
                            .s_next = 1.1 - next,
                            .n = k % 3 == 1 ? 0.125 : 0.0,
                            .A = 0.7,
                            .B = 0.3 * here,
                            .P = 0.05,
                            .Q = -0.03,
                            .C = 0.2,
                            .E = 0.1 * next,
                            .two_stage = (int)(k % 2),
                            .A2 = 0.4,
                            .B2 = 0.1,
                            .Y = 0.3,
                            .H = 0.15};
    }
    for (int64_t k = 1; k < steps; k++)
        rows[k].a = rows[k - 1].a_next;
    for (int c = 0; c < dimension; c++) {
        start_mean[c] = 0.5 - 0.25 * c;
        start_scale[c] = 1.0 + 0.125 * c;
    }
    return myr_plan_create_from_rows(context, dimension, steps, rows, start_mean, start_scale, plan);
}

/* Sampler and eta of case number `index`; sampler NULL past the samplers, with what is left of the index.
 */
static const char *sampler_of(int *index, double *eta) {
    *eta = MYR_DEFAULT_ETA;
    for (int s = 0; myr_sampler_name(s); s++) {
        const char *name = myr_sampler_name(s);
        if (!myr_sampler_supports(name, "ve"))
            continue;
        if ((*index)-- == 0)
            return name;
        if (strcmp(name, "ddim") == 0 && (*index)-- == 0) {
            *eta = 1.0;
            return name;
        }
    }
    return NULL;
}

myr_status myr_case_create(myr_context *context, int index, int dimension, int64_t steps, const char *start,
                           myr_case *made, bool *exists) {
    double eta;
    const char *sampler = sampler_of(&index, &eta);
    memset(made, 0, sizeof *made);
    *exists = sampler || index == 0;
    if (!*exists)
        return MYR_OK;
    myr_status status = create_target(context, dimension, &made->target);
    if (status != MYR_OK)
        return status;
    if (!sampler) {
        snprintf(made->name, sizeof made->name, "made-up table");
        return create_made_up(context, dimension, steps, &made->plan);
    }
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.sampler = sampler;
    options.steps = steps;
    options.eta = eta;
    options.start = start;
    snprintf(made->name, sizeof made->name, "%s%s", sampler, eta == 1.0 ? " (eta 1)" : "");
    return myr_plan_create(context, &options, made->target, &made->plan);
}

void myr_case_destroy(myr_case *made) {
    myr_plan_destroy(made->plan);
    myr_target_destroy(made->target);
}

myr_job myr_case_job(const myr_verification *v, const myr_case *used, uint64_t first, uint64_t count) {
    myr_job job = {.plan = used->plan,
                   .target = used->target,
                   .seed = v->seed,
                   .first = first,
                   .count = count,
                   .row_begin = 0,
                   .row_end = used->plan->steps,
                   .fast = v->fast,
                   .threads = v->threads,
                   .device = v->device};
    return job;
}
