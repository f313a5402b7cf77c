/* Tier: gradients, of every reduction but that of pairs (verify_pair_gradients.c). The reference's by
 * central differences of its own loss; a fast backend's, and its loss, against the reference's; the same
 * bits whatever the number of threads and, where the reduction promises it, from every backend. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradient_problem.h"
#include "ground/failure.h"

struct myr_gradient_reduction {
    const char *name;
    myr_status (*make)(myr_context *context, uint64_t seed, myr_gradient_problem *problem);
    bool same_bits; /* on all float backends; else only a backend's own repeat: BLAS multiplied */
};

static const myr_gradient_reduction list[] = {
    {"linear", myr_linear_problem, true},
    {"many", myr_many_problem, false},
    {"tokens", myr_tokens_problem, true},
    {"fused linear", myr_head_problem, false},
    {"fused linear, bf16", myr_head_bf16_problem, false},
    {"fused linear, f16", myr_head_f16_problem, false},
    {"rankings", myr_rankings_problem, true},
    {"rankings of one length", myr_equal_rankings_problem, true},
    {"RLVR", myr_rlvr_problem, true},
};

const myr_gradient_reduction *myr_gradient_reduction_at(int index) {
    return index >= 0 && index < (int)(sizeof list / sizeof *list) ? &list[index] : NULL;
}

/* Loss and gradient on a backend; both poisoned before. */
static myr_status run_on(myr_verification *v, myr_gradient_problem *p, const char *backend, int threads) {
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.backend = backend;
    options.threads = threads;
    options.device = v->device;
    options.math = v->fast ? "fast" : "exact";
    myr_poison(p->gradient, p->count);
    p->loss = (double)NAN;
    return p->run(v->context, p, &options);
}

/* 0 of nothing is nothing; what is NaN stays it. */
static double share_of(double error, double bound) {
    return error == 0.0 ? 0.0 : error / bound;
}

/* ---- central differences --------------------------------------------------------------------------- */

static myr_status difference(myr_verification *v, myr_gradient_problem *p, uint64_t i, double step,
                             double *quotient) {
    const double here = p->x[i];
    p->x[i] = here + step;
    myr_status status = run_on(v, p, "reference", 1);
    double above = p->loss;
    p->x[i] = here - step;
    if (status == MYR_OK)
        status = run_on(v, p, "reference", 1);
    p->x[i] = here;
    *quotient = (above - p->loss) / (2.0 * step);
    return status;
}

/* At some of the numbers, spread over all. The quotients at two steps differ by three quarters of what the
 * larger step leaves out, which is three times what the smaller one does; two losses that are off by their
 * rounding move the smaller one's quotient by that over the step. */
static myr_status check_differences(myr_verification *v, myr_gradient_problem *p, const char *name) {
    enum { most = 64 };
    const double step = 0x1p-10;
    const uint64_t stride = p->count / most + 1;
    double worst = 0.0, gradient[most + 1] = {0};
    uint64_t compared = 0;
    myr_status status = run_on(v, p, "reference", 1);
    for (uint64_t i = 0; i * stride < p->count; i++)
        gradient[i] = p->gradient[i * stride];
    for (uint64_t i = 0; status == MYR_OK && i * stride < p->count; i++, compared++) {
        double large, small = (double)NAN;
        status = difference(v, p, i * stride, step, &large);
        if (status == MYR_OK)
            status = difference(v, p, i * stride, 0.5 * step, &small);
        double bound = fabs(large - small) + p->loss_rounding / (0.5 * step);
        worst = myr_worse(worst, share_of(fabs(gradient[i] - small), bound));
    }
    char line[128];
    snprintf(line, sizeof line, "gradients, %s: share of the central difference's bound", name);
    if (status == MYR_OK)
        myr_report_check(v, line, worst, 1.0, compared);
    return status;
}

/* ---- against the reference, and the same bits -------------------------------------------------------- */

static myr_status check_agreement(myr_verification *v, myr_gradient_problem *p, const char *name,
                                  double *expected) {
    myr_status status = run_on(v, p, "reference", 1);
    const double loss = p->loss;
    double worst = 0.0;
    if (status == MYR_OK)
        p->find_bounds(p);
    memcpy(expected, p->gradient, (size_t)p->count * sizeof *expected);
    if (status == MYR_OK)
        status = run_on(v, p, v->backend->name, v->threads);
    for (uint64_t i = 0; status == MYR_OK && i < p->count; i++)
        worst = myr_worse(worst, share_of(fabs(p->gradient[i] - expected[i]), p->bound[i]));
    worst = myr_worse(worst, share_of(fabs(p->loss - loss), p->loss_bound));
    char line[128];
    snprintf(line, sizeof line, "gradients, %s: share of the rounding bound", name);
    if (status == MYR_OK)
        myr_report_check(v, line, worst, 1.0, p->count + 1);
    return status;
}

static myr_status check_bits(myr_verification *v, myr_gradient_problem *p,
                             const myr_gradient_reduction *reduction, double *expected) {
    static const int threads[] = {1, 2, 7};
    const bool by_cpu = reduction->same_bits && !myr_verifies_reference(v);
    uint64_t differing = 0, compared = 0;
    myr_status status = run_on(v, p, by_cpu ? "cpu" : v->backend->name, 1);
    const double loss = p->loss;
    memcpy(expected, p->gradient, (size_t)p->count * sizeof *expected);
    for (int n = 0; status == MYR_OK && n < 3; n++) {
        status = run_on(v, p, v->backend->name, threads[n]);
        differing += myr_count_different(expected, p->gradient, p->count);
        differing += myr_count_different(&loss, &p->loss, 1);
        compared += p->count + 1;
    }
    char line[128];
    snprintf(line, sizeof line, "gradients, %s, 1, 2, 7 threads against %s: values that differ",
             reduction->name, by_cpu ? "the CPU" : "one");
    if (status == MYR_OK)
        myr_report_check(v, line, (double)differing, 0.0, compared);
    return status;
}

myr_status myr_verify_reduction(myr_verification *v, const myr_gradient_reduction *reduction,
                                void (*change)(myr_gradient_problem *problem)) {
    myr_gradient_problem p = {.count = 0};
    myr_status status = reduction->make(v->context, v->seed, &p);
    p.fast = v->fast && v->backend->fast;
    if (status == MYR_OK && change)
        change(&p);
    double *expected = myr_poisoned(p.count + 1);
    if (status == MYR_OK && !expected)
        status = myr_fail_memory(v->context, (size_t)p.count * sizeof *expected);
    if (status == MYR_OK)
        status = myr_verifies_reference(v) ? check_differences(v, &p, reduction->name)
                                           : check_agreement(v, &p, reduction->name, expected);
    if (status == MYR_OK)
        status = check_bits(v, &p, reduction, expected);
    free(expected);
    free(p.data);
    return status;
}

myr_status myr_verify_gradients(myr_verification *v) {
    myr_status status = MYR_OK;
    for (int n = 0; status == MYR_OK && myr_gradient_reduction_at(n); n++)
        status = myr_verify_reduction(v, myr_gradient_reduction_at(n), NULL);
    return status;
}
