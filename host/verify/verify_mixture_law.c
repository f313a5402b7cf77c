/* Tier: statistics of mixtures. On a line the law of the results can be computed: the density of x is
 * pushed through the rows by quadrature, noise and all, in double and from the formulas. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "mixture_cases.h"
#include "targets/mixture.h"

enum { steps = 64 };

myr_status myr_mixture_pair(myr_context *context, const char *sampler, int64_t rows, myr_case *made) {
    static const double weights[] = {2.0, 1.0}, means[] = {-2.0, 1.5}, variances[] = {0.04, 0.09};
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.sampler = sampler;
    options.start = "exact";
    options.steps = rows;
    *made = (myr_case){.target = NULL};
    myr_status status = myr_target_create_mixture(context, 1, 2, weights, means, variances, &made->target);
    return status == MYR_OK ? myr_plan_create(context, &options, made->target, &made->plan) : status;
}

static double normal_density(double x, double variance) {
    return exp(-0.5 * x * x / variance) / sqrt(6.283185307179586 * variance);
}

/* The density of x at a level, and the denoiser there: the components' posterior means, by their shares
 * (relative to the largest, for far away all are 0). */
static double density(const myr_target *target, double a, double s, double x, double *denoised) {
    const myr_mixture *m = myr_mixture_of(target);
    double exponent[2], largest = -INFINITY, sum = 0.0, of_means = 0.0;
    for (int j = 0; j < 2; j++) {
        double S = a * a * m->variances[j] + s * s, away = x - a * m->means[j];
        exponent[j] = log(m->weights[j] / sqrt(6.283185307179586 * S)) - 0.5 * away * away / S;
        largest = fmax(largest, exponent[j]);
    }
    for (int j = 0; j < 2; j++) {
        double S = a * a * m->variances[j] + s * s, away = x - a * m->means[j];
        double share = exp(exponent[j] - largest);
        sum += share;
        of_means += share * (m->means[j] + a * m->variances[j] / S * away);
    }
    *denoised = of_means / sum;
    return exp(largest) * sum;
}

/* What a row, of one stage and without memory, makes of x but for its noise. */
static double move(const myr_target *target, const myr_row *row, double x) {
    double denoised;
    density(target, row->a, row->s, x, &denoised);
    return row->A * x + row->B * denoised;
}

/* Points x_i = low + i step with weights p_i, which sum up to 1. */
typedef struct law {
    int64_t points;
    double low, step;
    double *weight;
} law;

/* Noise: every point becomes a Gaussian about where it is moved, whose tails end at nine deviations. The
 * rectangle rule is off by exp(-2 (pi C/step)^2) relatively. */
static void push(const myr_target *target, const myr_row *row, const law *from, law *to) {
    const double reach = 9.0 * row->C, variance = row->C * row->C;
    memset(to->weight, 0, (size_t)to->points * sizeof *to->weight);
    for (int64_t i = 0; i < from->points; i++) {
        const double centre = move(target, row, from->low + (double)i * from->step);
        double first = fmax(ceil((centre - reach - to->low) / to->step), 0.0);
        double last = fmin(floor((centre + reach - to->low) / to->step), (double)(to->points - 1));
        for (int64_t j = (int64_t)first; j <= (int64_t)last; j++)
            to->weight[j] += from->weight[i] * to->step *
                             normal_density(to->low + (double)j * to->step - centre, variance);
    }
}

/* Mean and variance of the results, from the law at the plan's row k, the rows from there on being without
 * noise, but for the last one's; NaN if the law has lost anything. */
static void finish(const myr_case *used, const law *from, int64_t k, double *mean, double *variance) {
    double total = 0.0, first = 0.0, second = 0.0;
    for (int64_t i = 0; i < from->points; i++) {
        double x = from->low + (double)i * from->step;
        for (int64_t row = k; row < used->plan->steps; row++)
            x = move(used->target, &used->plan->rows[row], x);
        total += from->weight[i];
        first += from->weight[i] * x;
        second += from->weight[i] * x * x;
    }
    const double C = used->plan->rows[used->plan->steps - 1].C;
    bool whole = fabs(total - 1.0) <= 1e-9;
    *mean = whole ? first : (double)NAN;
    *variance = whole ? second - first * first + C * C : (double)NAN;
}

/* Without noise the results are a function of the start, which rises, steeply at the basins' edge: the
 * rectangle rule is off by its step times the largest density of the start, 0.3, times the most by which
 * the function rises, 8, or its square, 16. Noise C is 0.08 at least where there is any but in the last
 * row, so that its step may be a third of it. */
static const double fine = 5e-5, coarse = 0.025, low = -12.0, high = 12.0;

static myr_status find_exact(myr_verification *v, const myr_case *used, double *mean, double *variance,
                             double *off) {
    const bool noise = used->plan->noise;
    law here = {.low = low, .step = noise ? coarse : fine}, next;
    here.points = (int64_t)((high - low) / here.step) + 1;
    double *memory = myr_poisoned(2 * (uint64_t)here.points), unused;
    if (!memory)
        return myr_fail_memory(v->context, 2 * (size_t)here.points * sizeof *memory);
    next = here;
    here.weight = memory;
    next.weight = memory + here.points;
    const myr_row *rows = used->plan->rows;
    for (int64_t i = 0; i < here.points; i++) {
        double x = here.low + (double)i * here.step;
        here.weight[i] = here.step * density(used->target, rows[0].a, rows[0].s, x, &unused);
    }
    int64_t k = 0;
    for (; noise && k + 1 < used->plan->steps; k++) {
        push(used->target, &rows[k], &here, &next);
        law swapped = here;
        here = next;
        next = swapped;
    }
    finish(used, &here, k, mean, variance);
    *off = noise ? 0.0 : fine * 0.3 * 16.0;
    free(memory);
    return MYR_OK;
}

static myr_status verify_law(myr_verification *v, const char *sampler, uint64_t first, uint64_t count) {
    myr_case used;
    double mean = NAN, variance = NAN, off = NAN;
    myr_moment moment;
    memset(&moment, 0xff, sizeof moment); /* the doubles are NaN */
    myr_status status = myr_mixture_pair(v->context, sampler, steps, &used);
    if (status == MYR_OK)
        status = find_exact(v, &used, &mean, &variance, &off);
    if (status == MYR_OK) {
        myr_job job = myr_case_job(v, &used, first, count);
        status = myr_job_moments(v->context, v->backend, &job, &moment);
    }
    if (status == MYR_OK) {
        char name[128];
        double mean_z = fabs(moment.mean - mean) / (myr_moment_mean_error(&moment) + off);
        double variance_z = fabs(myr_moment_variance(&moment) - variance) /
                            (myr_moment_variance_error(&moment) + off * (1.0 + 2.0 * fabs(mean)));
        snprintf(name, sizeof name, "mixtures, statistics, %s: worst |z| of mean, variance", sampler);
        myr_report_check(v, name, myr_worse(mean_z, variance_z), 5.0, count);
    }
    myr_case_destroy(&used);
    return status;
}

myr_status myr_verify_mixture_laws(myr_verification *v) {
    static const char *const samplers[] = {"ddim", "ddpm-small", "ddpm-large", "euler-ancestral"};
    const uint64_t count = myr_verify_count(v);
    myr_status status = MYR_OK;
    for (size_t n = 0; status == MYR_OK && n < sizeof samplers / sizeof *samplers; n++)
        status = verify_law(v, samplers[n], (uint64_t)(n + 1) << 40, count);
    return status;
}
