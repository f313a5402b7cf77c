/* Tier: every target that there is, by the examples that its own file has; what is looked at follows from what it
 * can do.
 *
 * The denoiser, of every target that has exact draws, against those: they share nothing with it. D = E[x0 | x] if and
 * only if x0 - D is uncorrelated with every function of x; so x = a x0 + s z is made of draws, the backend says what D
 * is, and the means of (x0 - D) h(x) are looked at for some functions h, in standard errors.
 *
 * Rows against the reference, of every target whose denoiser has a bound; moments against the exact answer, of every one
 * that has such. Repetitions, and the bits of exact arithmetic, of all. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/cpu_isa.h"
#include "ground/failure.h"
#include "ground/generator.h"
#include "myriad/random.h"
#include "rounding.h"
#include "vector_steps.h"

enum { draws = 16384, most_dimension = MYR_VECTOR_DIMENSION, functions = 4 };

/* Levels from nearly clean to nearly noise. */
static const struct { double a, s; } levels[] = {{1.0, 0.3}, {0.7, 0.7}, {1.0, 2.5}};
enum { LEVELS = sizeof levels / sizeof *levels };

/* A row whose result is the denoiser's output. */
static myr_status plan_of_level(myr_context *context, int level, int dimension, myr_plan **plan) {
    const double zeros[most_dimension] = {0.0};
    const myr_row row = {.a = levels[level].a, .s = levels[level].s, .a_next = 1.0, .B = 1.0};
    return myr_plan_create_from_rows(context, dimension, 1, &row, zeros, zeros, plan);
}

/* x0, and x = a x0 + s z with normals of another seed. */
static void make_pairs(const myr_verification *v, const myr_target *target, int level, double *clean,
                       double *noisy) {
    const int d = target->dimension;
    for (int n = 0; n < draws; n++) {
        const uint64_t index = (uint64_t)level * draws + (uint64_t)n;
        myr_normals normals = myr_normals_make(~v->seed, index, MYR_STREAM_START);
        target->operations->draw(target, v->seed, index, clean + (size_t)n * (size_t)d);
        for (int c = 0; c < d; c++)
            noisy[n * d + c] =
                levels[level].a * clean[n * d + c] + levels[level].s * myr_normals_draw(&normals, c);
    }
}

static double function_of(int which, double u) {
    const double of[functions] = {1.0, u, u * u, sin(2.0 * u)};
    return of[which];
}

/* The worst |z| of the mean of (x0 - D)_c h(u_e), u = (x - a m)/sqrt(a^2 v + s^2). */
static double worst_correlation(const myr_target *target, int level, const double *clean,
                                const double *noisy, const double *denoised) {
    const int d = target->dimension;
    const double a = levels[level].a, s = levels[level].s;
    double worst = 0.0;
    for (int c = 0; c < d; c++)
        for (int e = 0; e < d; e++)
            for (int h = 0; h < functions; h++) {
                const double scale = sqrt(a * a * target->variance[e] + s * s);
                double sum = 0.0, squares = 0.0;
                for (int n = 0; n < draws; n++) {
                    const double u = (noisy[n * d + e] - a * target->mean[e]) / scale;
                    const double value = (clean[n * d + c] - denoised[n * d + c]) * function_of(h, u);
                    sum += value;
                    squares += value * value;
                }
                worst = myr_worse(worst, fabs(sum) / sqrt(squares - sum * sum / draws));
            }
    return worst;
}

/* 5.3 standard errors: with some 500 z values, one verification in 17,000 fails by chance. */
static myr_status verify_denoiser(myr_verification *v, myr_case *used) {
    const int d = used->target->dimension;
    const uint64_t size = (uint64_t)draws * (uint64_t)d;
    double *clean = malloc(3 * size * sizeof *clean), worst = 0.0;
    if (!clean)
        return myr_fail_memory(v->context, 3 * size * sizeof *clean);
    double *noisy = clean + size, *denoised = noisy + size;
    myr_status status = MYR_OK;
    for (int level = 0; status == MYR_OK && level < LEVELS; level++) {
        status = plan_of_level(v->context, level, d, &used->plan);
        if (status == MYR_OK) {
            make_pairs(v, used->target, level, clean, noisy);
            myr_poison(denoised, size);
            myr_job job = myr_case_job(v, used, 0, draws);
            job.states = noisy;
            status = v->backend->states(v->context, &job, denoised);
        }
        if (status == MYR_OK)
            worst = myr_worse(worst, worst_correlation(used->target, level, clean, noisy, denoised));
        myr_plan_destroy(used->plan);
        used->plan = NULL;
    }
    char name[128];
    snprintf(name, sizeof name, "targets, %s, denoiser against exact draws: worst |z|", used->name);
    if (status == MYR_OK)
        myr_report_check(v, name, worst, 5.3, LEVELS * (uint64_t)(d * d * functions));
    free(clean);
    return status;
}

/* Plan number index for it, on a process and with a sampler that suit; none past the last. */
static myr_status plan_of_case(myr_context *context, int index, myr_case *used) {
    if (!myr_target_chain(used->target))
        return index < MYR_VECTOR_CASES ? myr_vector_plan(context, index, used->target, &used->plan)
                                        : MYR_OK;
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = "discrete";
    options.sampler = "ancestral";
    options.steps = MYR_VECTOR_STEPS;
    return index == 0 ? myr_plan_create(context, &options, used->target, &used->plan) : MYR_OK;
}

typedef struct tally {
    myr_vector_tally vector;
    double z;
    uint64_t compared, exact, different;
} tally;

/* Means and variances against the exact answer, if there is one. */
static myr_status add_moments(myr_verification *v, const myr_case *used, uint64_t first, tally *t) {
    const uint64_t count = myr_verify_count(v);
    double mean[most_dimension], variance[most_dimension];
    myr_moment moments[most_dimension];
    if (!used->plan->chain && !myr_target_affine(used->target))
        return MYR_OK;
    memset(moments, 0xff, sizeof moments); /* the doubles are NaN */
    myr_job job = myr_case_job(v, used, first, count);
    myr_status status = myr_plan_exact(v->context, used->plan, used->target, mean, variance);
    if (status == MYR_OK)
        status = myr_job_moments(v->context, v->backend, &job, moments);
    for (int c = 0; status == MYR_OK && c < used->plan->dimension; c++) {
        t->z = myr_worse(t->z, fabs(moments[c].mean - mean[c]) / myr_moment_mean_error(&moments[c]));
        t->z = myr_worse(t->z, fabs(myr_moment_variance(&moments[c]) - variance[c]) /
                                   myr_moment_variance_error(&moments[c]));
        t->compared += 2;
    }
    return status;
}

/* The bits of the CPU's baseline. */
static myr_status add_exact(myr_verification *v, const myr_case *used, tally *t) {
    const uint64_t size = (uint64_t)MYR_VECTOR_REPEATED * (uint64_t)used->plan->dimension;
    double baseline[MYR_VECTOR_REPEATED * most_dimension], other[MYR_VECTOR_REPEATED * most_dimension];
    if (v->fast || myr_verifies_reference(v) || used->plan->chain || used->target->operations->batched)
        return MYR_OK;
    myr_poison(baseline, size);
    myr_poison(other, size);
    myr_job job = myr_case_job(v, used, UINT64_C(0xffffff81), MYR_VECTOR_REPEATED);
    myr_status status = myr_cpu_states(v->context, myr_cpu_isa_at(0), &job, baseline);
    if (status == MYR_OK)
        status = v->backend->states(v->context, &job, other);
    t->exact += size;
    t->different += myr_count_different(baseline, other, size);
    return status;
}

static void report(myr_verification *v, const myr_case *used, const tally *t) {
    char name[128];
    snprintf(name, sizeof name, "targets, %s, repeatability: values that differ", used->name);
    myr_report_check(v, name, (double)t->vector.different, 0.0, t->vector.repeated);
    snprintf(name, sizeof name, "targets, %s, exact arithmetic: values that differ", used->name);
    if (t->exact > 0)
        myr_report_check(v, name, (double)t->different, 0.0, t->exact);
    snprintf(name, sizeof name, "targets, %s, rows: worst share of the rounding bound", used->name);
    if (t->vector.compared > 0)
        myr_report_check(v, name, t->vector.worst, 1.0, t->vector.compared);
    snprintf(name, sizeof name, "targets, %s, against the exact answer: worst |z|", used->name);
    if (t->compared > 0)
        myr_report_check(v, name, t->z, 5.3, t->compared);
}

static myr_status verify_example(myr_verification *v, myr_case *used) {
    tally t = {.z = 0.0};
    myr_status status = MYR_OK;
    if (used->target->operations->draw && !myr_target_chain(used->target))
        status = verify_denoiser(v, used);
    for (int index = 0; status == MYR_OK; index++) {
        status = plan_of_case(v->context, index, used);
        if (status != MYR_OK || !used->plan)
            break;
        status = myr_vector_check_repeats(v, used, &t.vector);
        if (status == MYR_OK && myr_bounds_vector(used->target))
            status = myr_vector_check_steps(v, used, &t.vector);
        if (status == MYR_OK)
            status = add_exact(v, used, &t);
        if (status == MYR_OK)
            status = add_moments(v, used, (uint64_t)(index + 1) << 44, &t);
        myr_plan_destroy(used->plan);
        used->plan = NULL;
    }
    if (status == MYR_OK)
        report(v, used, &t);
    return status;
}

/* What a backend lacks is skipped, and seen to be. */
static myr_status verify_target(myr_verification *v, const myr_target_operations *operations) {
    myr_status status = MYR_OK;
    if (!operations->example) {
        char name[128];
        snprintf(name, sizeof name, "targets, %s: its file has no example", operations->type);
        myr_report_skip(v, name);
        return MYR_OK;
    }
    for (int index = 0; status == MYR_OK; index++) {
        myr_case used = {.target = NULL};
        status = operations->example(v->context, index, &used.target);
        if (status != MYR_OK || !used.target)
            return status;
        snprintf(used.name, sizeof used.name, "%s %d", operations->type, index + 1);
        status = verify_example(v, &used);
        if (status == MYR_UNSUPPORTED) {
            char name[128];
            snprintf(name, sizeof name, "targets, %s: the backend %s has no denoiser for it", used.name,
                     v->backend->name);
            myr_report_skip(v, name);
            status = MYR_OK;
        }
        myr_case_destroy(&used);
    }
    return status;
}

myr_status myr_verify_targets(myr_verification *v) {
    const myr_target_operations *operations;
    myr_status status = MYR_OK;
    for (int n = 0; status == MYR_OK && (operations = myr_target_operations_at(n)) != NULL; n++)
        status = verify_target(v, operations);
    return status;
}
