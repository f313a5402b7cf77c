/* Tier: gradients of pairs, every loss and divergence. The reference's by central differences of its own
 * loss; a fast backend's, and its loss, against the reference's; the same bits from every instruction set,
 * device, and number of threads. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/losses/cpu_reductions.h"
#include "gradient_cases.h"
#include "ground/failure.h"
#include "reference/reference_loss.h"

/* A chunk and a bit; and a few, for differences take two runs a number. */
enum { PAIRS = 4096 + 333, FEW = 24 };

/* ---- central differences --------------------------------------------------------------------------------
 */

/* Roundings that the reference's loss of a pair takes, at the most, in units of 2^-53 of the size of its
 * parts. */
static const double loss_roundings = 32.0;

/* (L(x + step) - L(x - step))/(2 step), for x a policy's log-probability. */
static myr_status difference(myr_verification *v, const myr_loss_options *options, myr_gradient_batch *b,
                             double *x, double step, double *quotient) {
    const double here = *x;
    *x = here + step;
    double high = *x;
    myr_status status = myr_gradient_run(v->context, &myr_backend_reference, 1, 0, options, b);
    double above = b->loss;
    *x = here - step;
    double low = *x;
    if (status == MYR_OK)
        status = myr_gradient_run(v->context, &myr_backend_reference, 1, 0, options, b);
    *x = here;
    *quotient = (above - b->loss) / (high - low);
    return status;
}

/* The quotients at two steps differ by three quarters of what the larger step leaves out, which is three
 * times what the smaller one does; and a loss that is off by its rounding moves the quotient by that over
 * the step. The parts of a pair's loss are at most of the loss's own size, 1, and the slope times what w
 * and l are made of. */
static double difference_bound(const myr_gradient_batch *b, double large, double small, double step,
                               double slope) {
    double parts = 1.0 + fabs(b->loss) + 100.0 * slope;
    return fabs(large - small) + loss_roundings * 0x1p-53 * parts / step;
}

/* h of a row, from the sigmoid loss of the same margin. */
static double margin_of(const myr_loss_options *options, const myr_gradient_batch *b, uint64_t row) {
    myr_loss_options sigmoid = *options;
    myr_loss loss;
    sigmoid.loss = "sigmoid";
    if (myr_loss_make(NULL, &sigmoid, &loss) != MYR_OK)
        return (double)NAN;
    double w = b->policy[0][row] - b->reference[0][row], l = b->policy[1][row] - b->reference[1][row];
    return -log(expm1(myr_reference_pair(&loss, w, l, 1.0, 1.0).loss));
}

/* A listed loss, whose options are sound. */
static myr_loss loss_of(const myr_loss_options *options) {
    myr_loss loss = {.kind = MYR_LOSSES};
    (void)myr_loss_make(NULL, options, &loss);
    return loss;
}

/* Of ranks in the whole batch: without weights. */
static bool is_sorted(const myr_loss_options *options) {
    return loss_of(options).kind >= MYR_POINTWISE_LOSSES;
}

/* Where a step would cross the hinge's kink (no divergence of these batches is steeper than exp(0.7 6) =
 * 67), or exchange two ranks, the loss has no derivative. */
static bool is_smooth(const myr_loss_options *options, const myr_gradient_batch *b, uint64_t row,
                      double step) {
    const bool hinge = loss_of(options).kind == MYR_LOSS_hinge, sorted = is_sorted(options);
    if (hinge)
        return fabs(1.0 - margin_of(options, b, row)) > 100.0 * options->beta * step;
    for (uint64_t i = 0; sorted && i < b->count; i++) {
        double chosen = b->policy[0][i] - b->policy[0][row], rejected = b->policy[1][i] - b->policy[1][row];
        double w = chosen - (b->reference[0][i] - b->reference[0][row]);
        double l = rejected - (b->reference[1][i] - b->reference[1][row]);
        double gap = fmin(fabs(chosen - rejected), fmin(fabs(w), fabs(l)));
        if (i != row && gap <= 4.0 * step)
            return false;
    }
    return true;
}

/* A shift would be taken from the batch unless it is given. */
static void fix_shift(myr_loss_options *options) {
    if (loss_of(options).traits & MYR_TAKES_SHIFT)
        options->shift = 0.25;
}

static myr_status difference_case(myr_verification *v, const myr_backend *backend,
                                  myr_loss_options *options, double *worst, uint64_t *count) {
    const double step = 0x1p-12;
    myr_gradient_batch b;
    fix_shift(options);
    myr_status status = myr_gradient_batch_create(v->context, FEW, v->seed + *count, &b);
    if (status == MYR_OK)
        status = myr_gradient_run(v->context, backend, 1, v->device, options, &b);
    double gradient[2][FEW], slope = 0.0;
    for (int i = 0; status == MYR_OK && i < 2 * FEW; i++) {
        gradient[i / FEW][i % FEW] = b.gradient[i / FEW][i % FEW];
        slope = fmax(slope, fabs(gradient[i / FEW][i % FEW]));
    }
    for (int i = 0; status == MYR_OK && i < 2 * FEW; i++) {
        double *x = &b.policy[i / FEW][i % FEW], large, small = 0.0;
        if (!is_smooth(options, &b, (uint64_t)(i % FEW), step))
            continue;
        status = difference(v, options, &b, x, step, &large);
        if (status == MYR_OK)
            status = difference(v, options, &b, x, 0.5 * step, &small);
        double bound = difference_bound(&b, large, small, 0.5 * step, slope);
        *worst = myr_worse(*worst, fabs(gradient[i / FEW][i % FEW] - small) / bound);
        ++*count;
    }
    myr_gradient_batch_destroy(&b);
    return status;
}

/* ---- against the reference ------------------------------------------------------------------------------
 */

/* What the float backends round, in units of 2^-24: w and l once each, more where the loss takes log pi
 * itself; scaling by beta, 1/tau or a length, and the margin, some more times. So a result may be that of w
 * and l that are off by `inputs` units of their size or of 1; and what is evaluated there adds `results`
 * units of its own size, of the slope beta, or of the loss 1, where parts cancel. */
static const double inputs = 8.0 * 0x1p-24, results = 24.0 * 0x1p-24;

/* By how much the reference's results move when w and l do: the largest of four ways, a row. */
typedef struct movement {
    double *gradient[2]; /* [PAIRS] */
    double loss;
} movement;

static myr_status move(myr_verification *v, const myr_loss_options *options, const myr_gradient_batch *at,
                       myr_gradient_batch *moved, movement *m) {
    const bool policy_only = loss_of(options).traits & MYR_TAKES_POLICY_ONLY;
    m->loss = 0.0;
    for (int way = 0; way < 4; way++) {
        for (uint64_t i = 0; i < at->count; i++)
            for (int c = 0; c < 2; c++) {
                double size = 1.0 + fabs(at->policy[c][i]) + fabs(at->policy[c][i] - at->reference[c][i]);
                if (!policy_only)
                    size -= fabs(at->policy[c][i]);
                moved->policy[c][i] = at->policy[c][i] + (way >> c & 1 ? inputs : -inputs) * size;
            }
        myr_status status = myr_gradient_run(v->context, &myr_backend_reference, 1, 0, options, moved);
        if (status != MYR_OK)
            return status;
        for (uint64_t i = 0; i < at->count; i++)
            for (int c = 0; c < 2; c++) {
                double by = fabs(moved->gradient[c][i] - at->gradient[c][i]);
                m->gradient[c][i] = way == 0 ? by : myr_worse(m->gradient[c][i], by);
            }
        m->loss = myr_worse(m->loss, fabs(moved->loss - at->loss));
    }
    return MYR_OK;
}

/* The worst share of the bound. The scale of a row's gradient is v/sum v, known to the float backends to a
 * few units. */
static double compare(const myr_loss_options *options, const myr_gradient_batch *expected,
                      const myr_gradient_batch *got, const movement *m) {
    double total = 0.0, worst = 0.0;
    const bool sorted = is_sorted(options);
    for (uint64_t i = 0; i < expected->count; i++)
        total += sorted ? 1.0 : expected->weight[i];
    for (uint64_t i = 0; i < expected->count; i++)
        for (int c = 0; c < 2; c++) {
            double size = fabs(expected->gradient[c][i]) +
                          options->beta * (sorted ? 1.0 : expected->weight[i]) / total;
            double bound = m->gradient[c][i] + results * size;
            worst = myr_worse(worst, fabs(got->gradient[c][i] - expected->gradient[c][i]) / bound);
        }
    double bound = m->loss + results * (1.0 + fabs(expected->loss));
    return myr_worse(worst, fabs(got->loss - expected->loss) / bound);
}

/* Three batches of the same numbers: the reference's, the backend's, and one to move. */
typedef struct batches {
    myr_gradient_batch expected, got, moved;
    movement movement;
} batches;

static myr_status create_batches(myr_verification *v, uint64_t seed, batches *b) {
    myr_gradient_batch *each[3] = {&b->expected, &b->got, &b->moved};
    myr_status status = MYR_OK;
    memset(b, 0, sizeof *b);
    for (int n = 0; status == MYR_OK && n < 3; n++)
        status = myr_gradient_batch_create(v->context, PAIRS, seed, each[n]);
    if (status == MYR_OK) {
        b->movement.gradient[0] = myr_poisoned(2 * PAIRS);
        if (!b->movement.gradient[0])
            return myr_fail_memory(v->context, 2 * PAIRS * sizeof(double));
        b->movement.gradient[1] = b->movement.gradient[0] + PAIRS;
    }
    return status;
}

static void destroy_batches(batches *b) {
    myr_gradient_batch_destroy(&b->expected);
    myr_gradient_batch_destroy(&b->got);
    myr_gradient_batch_destroy(&b->moved);
    free(b->movement.gradient[0]);
}

static myr_status compare_case(myr_verification *v, const myr_backend *backend, myr_loss_options *options,
                               double *worst, uint64_t *count) {
    batches b;
    myr_status status = create_batches(v, v->seed + *count, &b);
    if (status == MYR_OK)
        status = myr_gradient_run(v->context, &myr_backend_reference, 1, 0, options, &b.expected);
    if (status == MYR_OK)
        status = myr_gradient_run(v->context, backend, v->threads, v->device, options, &b.got);
    if (status == MYR_OK)
        status = move(v, options, &b.expected, &b.moved, &b.movement);
    if (status == MYR_OK) {
        *worst = myr_worse(*worst, compare(options, &b.expected, &b.got, &b.movement));
        *count += 2 * PAIRS + 1;
    }
    destroy_batches(&b);
    return status;
}

/* ---- the same bits --------------------------------------------------------------------------------------
 */

static uint64_t count_differing(const myr_gradient_batch *a, const myr_gradient_batch *b) {
    return myr_count_different(a->gradient[0], b->gradient[0], a->count) +
           myr_count_different(a->gradient[1], b->gradient[1], a->count) +
           myr_count_different(&a->loss, &b->loss, 1);
}

/* On the CPU, another copy of its loops; bits of all must be the baseline's. */
static myr_status run_baseline(myr_context *context, const myr_pair_job *job, myr_pair_sums *sums,
                               uint64_t *bad) {
    return myr_cpu_pairs_on(context, myr_cpu_isa_at(0), job, sums, bad);
}

static myr_status bits_case(myr_verification *v, const myr_backend *backend,
                            const myr_loss_options *options, double *differing, uint64_t *count) {
    static const myr_backend baseline = {.name = "cpu", .pairs = run_baseline};
    static const int threads[] = {1, 2, 7};
    batches b;
    myr_status status = create_batches(v, v->seed + *count, &b);
    if (status == MYR_OK)
        status = myr_gradient_run(v->context, myr_verifies_reference(v) ? backend : &baseline, 1, 0,
                                  options, &b.expected);
    for (int n = 0; status == MYR_OK && n < 3; n++) {
        status = myr_gradient_run(v->context, backend, threads[n], v->device, options, &b.got);
        *differing += (double)count_differing(&b.expected, &b.got);
        *count += 2 * PAIRS + 1;
    }
    destroy_batches(&b);
    return status;
}

/* ---- all losses -----------------------------------------------------------------------------------------
 */

static void report_share(myr_verification *v, const char *loss, const char *of, double worst,
                         uint64_t count) {
    char name[128];
    snprintf(name, sizeof name, "pair gradients, %s: share of the %s bound", loss, of);
    myr_report_check(v, name, worst, 1.0, count);
}

myr_status myr_verify_pair_gradients_of(myr_verification *v, const myr_backend *backend) {
    const bool is_reference = myr_verifies_reference(v);
    double differing = 0.0, worst = 0.0;
    uint64_t bits = 0, count = 0;
    myr_loss_options options, next;
    myr_status status = MYR_OK;
    for (int index = 0; status == MYR_OK && myr_gradient_case(index, &options); index++) {
        bool last = !myr_gradient_case(index + 1, &next) || strcmp(next.loss, options.loss) != 0;
        status = bits_case(v, backend, &options, &differing, &bits);
        if (status == MYR_OK && is_reference)
            status = difference_case(v, backend, &options, &worst, &count);
        else if (status == MYR_OK)
            status = compare_case(v, backend, &options, &worst, &count);
        if (status == MYR_OK && last) {
            report_share(v, options.loss, is_reference ? "central difference's" : "rounding", worst, count);
            worst = 0.0;
            count = 0;
        }
    }
    if (status == MYR_OK)
        myr_report_check(v,
                         is_reference
                             ? "pair gradients, repeated: values that differ"
                             : "pair gradients, 1, 2, 7 threads against baseline: values that differ",
                         differing, 0.0, bits);
    return status;
}

myr_status myr_verify_pair_gradients(myr_verification *v) {
    return myr_verify_pair_gradients_of(v, v->backend);
}
