/* Tier: mixtures. A few steps from the reference's own state, against the bound; the same bits from every
 * instruction set and device, and from other ends of batches; and whole trajectories, of which a share may
 * part from the reference's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/cpu_isa.h"
#include "ground/failure.h"
#include "mixture_cases.h"
#include "rounding.h"
#include "vector_steps.h"

enum { most_dimension = 5, most_components = 19, block = MYR_VECTOR_REPEATED };

/* The loops of few and of many dimensions; one tile of components, or several with a rest. */
static const struct {
    int dimension, components;
} shapes[] = {{1, 2}, {2, 8}, {3, 11}, {most_dimension, most_components}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Weights and variances of several sizes; components near each other and far apart, off the origin. */
static myr_status create_mixture(myr_context *context, int shape, myr_target **target) {
    const int d = shapes[shape].dimension, components = shapes[shape].components;
    double weights[most_components], means[most_components * most_dimension];
    double variances[most_components * most_dimension];
    for (int j = 0; j < components; j++) {
        weights[j] = 1.0 + (double)(j * 5 % 7);
        for (int c = 0; c < d; c++) {
            means[j * d + c] = 3.0 - c + 2.0 * sin(2.3 * j + 1.1 * c + 0.4);
            variances[j * d + c] = (j + c) % 3 == 0 ? 0.01 : 0.04 * (1 + (j + 2 * c) % 5);
        }
    }
    return myr_target_create_mixture(context, d, components, weights, means, variances, target);
}

static myr_status create_case(myr_context *context, int shape, int index, myr_case *made) {
    *made = (myr_case){.target = NULL};
    myr_status status = create_mixture(context, shape, &made->target);
    return status == MYR_OK ? myr_vector_plan(context, index, made->target, &made->plan) : status;
}

typedef struct tally {
    myr_vector_tally steps;
    uint64_t exact[4], exact_different[4]; /* by instruction set; in place of the first one the backend */
} tally;

/* The bits of the CPU's baseline from the verified backend (number 0) and, where that is the CPU, from its
 * other instruction sets. */
static myr_status check_exact(myr_verification *v, const myr_case *used, tally *t) {
    const uint64_t size = (uint64_t)block * (uint64_t)used->plan->dimension;
    double baseline[block * most_dimension], other[block * most_dimension];
    myr_poison(baseline, size);
    myr_job job = myr_case_job(v, used, UINT64_C(0xffffff81), block);
    myr_status status = myr_cpu_states(v->context, myr_cpu_isa_at(0), &job, baseline);
    for (int n = 0; status == MYR_OK && (n == 0 || v->backend == &myr_backend_cpu) && myr_cpu_isa_at(n);
         n++) {
        if (!myr_cpu_isa_supported(myr_cpu_isa_at(n)))
            continue;
        myr_poison(other, size);
        status = n == 0 ? v->backend->states(v->context, &job, other)
                        : myr_cpu_states(v->context, myr_cpu_isa_at(n), &job, other);
        t->exact[n] += size;
        t->exact_different[n] += myr_count_different(baseline, other, size);
    }
    return status;
}

/* ---- whole trajectories ---------------------------------------------------------------------------- */

/* A step in one dimension increases with x where A, B >= 0, for D' = a Var(x0 | x)/s^2 > 0; so does the
 * rest F_k of a run from its row k, whatever the noise, and its results cover a length R. With p the
 * largest density of x at that row, E F_k' <= p R. A row's rounding, e_k at most, arrives at the end F_k'
 * times as large; all rows' together are off by sum F_k' e_k, whose mean is p R E at most, E = sum e_k. So
 * (Markov) all but a share of p R/1000 of the trajectories are off by less than 1000 E. From the exact
 * start x has the true marginal at every row, to the accuracy of the sampler, which makes components
 * narrower by less than the half that p = 1/sqrt(2 pi 0.04) = 2.0 leaves: the weights are 2/3 and 1/3. R =
 * 8 holds all but 1e-9 of the results. The share is 2.0 8/1000 = 0.016. */
enum { run_steps = 64, trajectories = 2000 };
static const double amplification = 1000.0, share_bound = 0.016;

/* E: the sum over the rows of the largest bound that one of them alone has on any of the trajectories. */
static myr_status add_rounding(myr_verification *v, const myr_case *used, double *entry, double *next,
                               double *sum) {
    myr_job job = myr_case_job(v, used, 0, trajectories);
    myr_status status = MYR_OK;
    *sum = 0.0;
    for (int64_t row = 0; status == MYR_OK && row < run_steps; row++) {
        double largest = 0.0, error;
        job.row_begin = row;
        job.row_end = row + 1;
        job.states = row > 0 ? entry : NULL;
        for (uint64_t n = 0; status == MYR_OK && n < trajectories; n++) {
            status = myr_bound_vector(v->context, &job, n, &error);
            largest = myr_worse(largest, error);
        }
        if (status == MYR_OK)
            status = myr_backend_reference.states(v->context, &job, next);
        memcpy(entry, next, trajectories * sizeof *entry);
        *sum += largest;
    }
    return status;
}

static myr_status check_run(myr_verification *v, const char *sampler) {
    myr_case used;
    double *states = malloc(4 * trajectories * sizeof *states), rounding = 0.0;
    if (!states)
        return myr_fail_memory(v->context, 4 * trajectories * sizeof *states);
    double *expected = states, *results = states + trajectories, *entry = states + 2 * trajectories,
           *next = states + 3 * trajectories;
    uint64_t parted = 0;
    myr_poison(expected, trajectories);
    myr_poison(results, trajectories);
    myr_status status = myr_mixture_pair(v->context, sampler, run_steps, &used);
    if (status == MYR_OK) {
        myr_job job = myr_case_job(v, &used, 0, trajectories);
        status = myr_backend_reference.states(v->context, &job, expected);
        if (status == MYR_OK)
            status = v->backend->states(v->context, &job, results);
    }
    if (status == MYR_OK)
        status = add_rounding(v, &used, entry, next, &rounding);
    for (uint64_t n = 0; status == MYR_OK && n < trajectories; n++)
        parted += !(fabs(results[n] - expected[n]) <= amplification * rounding);
    char name[128];
    snprintf(name, sizeof name, "mixtures, trajectories, %s: share that parts", sampler);
    if (status == MYR_OK)
        myr_report_check(v, name, (double)parted / trajectories, share_bound, trajectories);
    free(states);
    myr_case_destroy(&used);
    return status;
}

static void report(myr_verification *v, const tally *t) {
    char name[128];
    myr_report_check(v, "mixtures, one and three steps: share of the rounding bound", t->steps.worst, 1.0,
                     t->steps.compared);
    myr_report_check(v, "mixtures, repeatability: values that differ", (double)t->steps.different, 0.0,
                     t->steps.repeated);
    for (int n = 0; n < 4; n++) {
        snprintf(name, sizeof name, "mixtures, exact arithmetic, %s against baseline: values that differ",
                 n == 0              ? v->backend->name
                 : myr_cpu_isa_at(n) ? myr_cpu_isa_at(n)->name
                                     : "");
        if (t->exact[n] > 0)
            myr_report_check(v, name, (double)t->exact_different[n], 0.0, t->exact[n]);
    }
}

static myr_status verify_shapes(myr_verification *v) {
    tally t = {0};
    myr_status status = MYR_OK;
    for (int shape = 0; shape < SHAPES; shape++)
        for (int index = 0; status == MYR_OK && index < MYR_VECTOR_CASES; index++) {
            myr_case used;
            status = create_case(v->context, shape, index, &used);
            if (status == MYR_OK)
                status = myr_vector_check_steps(v, &used, &t.steps);
            if (status == MYR_OK)
                status = myr_vector_check_repeats(v, &used, &t.steps);
            if (status == MYR_OK && !v->fast)
                status = check_exact(v, &used, &t);
            myr_case_destroy(&used);
        }
    if (status == MYR_OK)
        report(v, &t);
    return status;
}

myr_status myr_verify_mixtures(myr_verification *v) {
    static const char *const samplers[] = {"ddim", "ddpm-small", "ddpm-large", "euler"};
    if (myr_verifies_reference(v)) {
        myr_report_skip(v, "mixtures, one and three steps: share of the rounding bound");
        return myr_verify_mixture_laws(v);
    }
    myr_status status = verify_shapes(v);
    for (size_t n = 0; status == MYR_OK && n < sizeof samplers / sizeof *samplers; n++)
        status = check_run(v, samplers[n]);
    return status == MYR_OK ? myr_verify_mixture_laws(v) : status;
}
