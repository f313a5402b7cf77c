/* RLVR for verification. The ratios count as constants in the gradient: the old log-probabilities move with
 * the new ones here, by a gap that stays. */
#include <math.h>
#include <stdlib.h>

#include "gradient_cases.h"
#include "gradient_problem.h"
#include "ground/failure.h"
#include "myriad/rlvr.h"

/* More tokens than the CPU gives one thread. */
enum { GROUPS = 12, ANSWERS = 5, SEQUENCES = GROUPS * ANSWERS, LENGTH = 1000, TOKENS = SEQUENCES * LENGTH };

typedef struct rlvr {
    double x[TOKENS], gap[TOKENS], old[TOKENS], gradient[TOKENS], bound[TOKENS];
    float x_float[TOKENS], old_float[TOKENS];
    uint8_t mask[TOKENS];
    double rewards[SEQUENCES];
} rlvr;

static myr_status run(myr_context *context, myr_gradient_problem *problem,
                      const myr_compute_options *options) {
    rlvr *r = problem->data;
    const bool exact = options->backend[0] == 'r'; /* the reference takes doubles, the others floats */
    for (uint64_t t = 0; t < TOKENS; t++) {
        r->old[t] = r->x[t] - r->gap[t];
        r->x_float[t] = (float)r->x[t];
        r->old_float[t] = (float)r->old[t];
    }
    myr_rlvr_batch batch = MYR_RLVR_BATCH_INIT;
    batch.tokens = TOKENS;
    batch.sequences = SEQUENCES;
    batch.groups = GROUPS;
    batch.log_probs = exact ? (myr_array){r->x, MYR_F64} : (myr_array){r->x_float, MYR_F32};
    batch.old_log_probs = exact ? (myr_array){r->old, MYR_F64} : (myr_array){r->old_float, MYR_F32};
    batch.mask = r->mask;
    batch.rewards = (myr_array){r->rewards, MYR_F64};
    myr_rlvr_options rlvr_options = MYR_RLVR_OPTIONS_INIT;
    rlvr_options.cap = 1.5;
    myr_rlvr_metrics metrics = {.struct_size = sizeof metrics, .loss = (double)NAN};
    myr_status status =
        myr_loss_rlvr(context, &rlvr_options, &batch, options, (myr_array_out){NULL, MYR_F64},
                      (myr_array_out){problem->gradient, MYR_F64}, &metrics, NULL);
    problem->loss = metrics.loss;
    double sizes = 0.0; /* of the terms that the loss adds up, within a sequence and over all */
    for (uint64_t t = 0; exact && t < TOKENS; t++)
        sizes += fabs(problem->gradient[t] * r->x[t]);
    problem->loss_rounding = 0x1p-53 * (LENGTH + SEQUENCES + 32.0) * sizes;
    return status;
}

/* A gradient is a ratio, its exponential within 1.5e-7 and its argument a rounded difference of at most 1
 * in size, times a factor: 1.5e-7 + 6 u relatively, the cap or not. The loss is the sum of the gradients
 * times the log-probabilities. */
static void find_bounds(myr_gradient_problem *problem) {
    const double relative = 1.5e-7 + 6.0 * 0x1p-24;
    problem->loss_bound = 0.0;
    for (uint64_t t = 0; t < TOKENS; t++) {
        problem->bound[t] = relative * fabs(problem->gradient[t]);
        problem->loss_bound += problem->bound[t] * fabs(problem->x[t]);
    }
}

/* Numbers of few digits, so that the gap is exact in float; groups of all kinds: the fourth is equal. */
myr_status myr_rlvr_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem) {
    rlvr *r = malloc(sizeof *r);
    if (!r)
        return myr_fail_memory(context, sizeof *r);
    for (uint64_t t = 0; t < TOKENS; t++) {
        r->x[t] = -floor(4096.0 * myr_next_uniform(&seed)) * 0x1p-10;
        r->gap[t] = floor(2048.0 * (myr_next_uniform(&seed) - 0.5)) * 0x1p-10;
        r->mask[t] = myr_next_uniform(&seed) < 0.8;
    }
    for (int s = 0; s < SEQUENCES; s++)
        r->rewards[s] = s / ANSWERS == 3 ? 1.0 : floor(3.0 * myr_next_uniform(&seed)) - 0.5;
    *problem = (myr_gradient_problem){.count = TOKENS,
                                      .x = r->x,
                                      .gradient = r->gradient,
                                      .bound = r->bound,
                                      .run = run,
                                      .find_bounds = find_bounds,
                                      .data = r};
    return MYR_OK;
}
