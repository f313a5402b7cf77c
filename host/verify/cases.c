#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "tiers.h"

/* full: with covariances between all coordinates, w_r w_c of a vector w, besides the variances. */
static myr_status create_target(myr_context *context, int dimension, bool full, myr_target **target) {
    /* Coprime lengths, so that coordinates differ; variances from well below the steps to well above. */
    static const double means[] = {0.0, -1.5, 20.0, 0.25, -3e-3};
    static const double variances[] = {0.01, 4.0, 1.0, 1e-4};
    double mean[MYR_MAX_DIMENSION], variance[MYR_MAX_DIMENSION];
    for (int c = 0; c < dimension; c++) {
        mean[c] = means[c % 5];
        variance[c] = variances[c % 4];
    }
    if (!full)
        return myr_target_create_gaussian(context, dimension, mean, variance, target);
    const size_t d = (size_t)dimension;
    double *covariance = malloc(d * d * sizeof *covariance);
    if (!covariance)
        return myr_fail_memory(context, d * d * sizeof *covariance);
    for (size_t r = 0; r < d; r++)
        for (size_t c = 0; c < d; c++)
            covariance[r * d + c] =
                (r == c ? variance[r] : 0.0) + (r % 2 ? -0.5 : 0.75) * (c % 2 ? -0.5 : 0.75);
    const myr_status status = myr_target_create_gaussian_full(context, dimension, mean, covariance, target);
    free(covariance);
    return status;
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
    /* Second stages by turns at the level entered and at one between. */
    for (int64_t k = 1; k < steps; k += 2) {
        const double way = k % 4 == 1 ? 1.0 : 0.375;
        rows[k].a_second = way * rows[k].a_next + (1.0 - way) * rows[k].a;
        rows[k].s_second = way * rows[k].s_next + (1.0 - way) * rows[k].s;
    }
    for (int c = 0; c < dimension; c++) {
        start_mean[c] = 0.5 - 0.25 * c;
        start_scale[c] = 1.0 + 0.125 * c;
    }
    return myr_plan_create_from_rows(context, dimension, steps, rows, start_mean, start_scale, plan);
}

/* Besides every sampler on every process with its defaults: both ends of eta, churn, the grids' extremes.
 */
static const struct variant {
    const char *name;
    myr_plan_options options;
    bool full; /* of a target with a full covariance */
} variants[] = {
#define OPTIONS .struct_size = sizeof(myr_plan_options), .final_noise = true
    {"ddim (eta 1)", .options = {OPTIONS, .process = "ve", .sampler = "ddim", .eta = 1.0}},
    {"euler-ancestral (eta 0.5)",
     .options = {OPTIONS, .process = "vp", .sampler = "euler-ancestral", .eta = 0.5}},
    {"ddpm-small, zero terminal SNR",
     .options = {OPTIONS, .process = "vp", .sampler = "ddpm-small", .eta = MYR_DEFAULT_ETA,
                 .zero_terminal_snr = true, .spacing = "trailing"}},
    {"dpmpp-2m, cosine",
     .options = {OPTIONS, .process = "vp", .sampler = "dpmpp-2m", .eta = MYR_DEFAULT_ETA,
                 .schedule = "squaredcos_cap_v2", .final_alpha = "first"}},
    {"euler (churn)",
     .options = {OPTIONS, .process = "edm", .sampler = "euler", .eta = MYR_DEFAULT_ETA, .churn = 40.0,
                 .churn_min = 0.05, .churn_max = 50.0, .noise_scale = 1.003}},
    {"heun (churn), exponential",
     .options = {OPTIONS, .process = "edm", .sampler = "heun", .eta = MYR_DEFAULT_ETA,
                 .schedule = "exponential", .churn = 40.0}},
    {"dpmpp-3m-sde (eta 0.5)",
     .options = {OPTIONS, .process = "edm", .sampler = "dpmpp-3m-sde", .eta = 0.5}},
    {"ddpm-exact, full covariance",
     .options = {OPTIONS, .process = "ve", .sampler = "ddpm-exact", .eta = MYR_DEFAULT_ETA}, .full = true},
    {"heun (churn), full covariance",
     .options = {OPTIONS, .process = "edm", .sampler = "heun", .eta = MYR_DEFAULT_ETA, .churn = 40.0},
     .full = true},
#undef OPTIONS
};
enum { VARIANTS = sizeof variants / sizeof *variants };

/* Name and options of case number *index; false past them, with what is left of the index. */
static bool find_options(int *index, const myr_target *target, char *name, size_t size,
                         myr_plan_options *options, bool *full) {
    *full = false;
    *options = (myr_plan_options)MYR_PLAN_OPTIONS_INIT;
    for (int p = 0; myr_process_name(p); p++)
        for (int s = 0; myr_sampler_name(s); s++) {
            if (!myr_sampler_supports(myr_sampler_name(s), myr_process_name(p)) ||
                !myr_sampler_supports_target(myr_sampler_name(s), target) || (*index)-- != 0)
                continue;
            options->process = myr_process_name(p);
            options->sampler = myr_sampler_name(s);
            snprintf(name, size, "%s %s", options->process, options->sampler);
            return true;
        }
    if (*index >= VARIANTS) {
        *index -= VARIANTS;
        return false;
    }
    *options = variants[*index].options;
    *full = variants[*index].full;
    snprintf(name, size, "%s %s", options->process, variants[*index].name);
    return true;
}

myr_status myr_case_create(myr_context *context, int index, int dimension, int64_t steps, const char *start,
                           myr_case *made, bool *exists) {
    myr_plan_options options;
    memset(made, 0, sizeof *made);
    myr_status status = create_target(context, dimension, false, &made->target);
    if (status != MYR_OK)
        return status;
    bool found = find_options(&index, made->target, made->name, sizeof made->name, &options, &made->full);
    *exists = found || index == 0;
    if (!*exists)
        return MYR_OK;
    if (!found) {
        snprintf(made->name, sizeof made->name, "made-up table");
        return create_made_up(context, dimension, steps, &made->plan);
    }
    if (made->full) {
        myr_target_destroy(made->target);
        made->target = NULL;
        status = create_target(context, dimension, true, &made->target);
        if (status != MYR_OK)
            return status;
    }
    options.steps = steps;
    options.start = start;
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
