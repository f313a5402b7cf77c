/* Rankings for verification: ragged ones, of one answer to a few dozen; and of one length, without starts. */
#include <math.h>
#include <stdlib.h>

#include "gradient_cases.h"
#include "gradient_problem.h"
#include "ground/failure.h"
#include "myriad/rankings.h"

enum { RANKINGS = 40, LONGEST = 70, ANSWERS = RANKINGS * LONGEST };

typedef struct ranked {
    double x[ANSWERS], reference[ANSWERS], gradient[ANSWERS], bound[ANSWERS], weight[RANKINGS];
    int64_t starts[RANKINGS + 1];
    myr_rankings rankings;
} ranked;

static myr_status run(myr_context *context, myr_gradient_problem *problem,
                      const myr_compute_options *options) {
    const ranked *r = problem->data;
    myr_ranking_metrics metrics = {.struct_size = sizeof metrics, .loss = (double)NAN};
    myr_status status = myr_loss_rankings(context, &r->rankings, options,
                                          (myr_array_out){problem->gradient, MYR_F64}, &metrics, NULL);
    problem->loss = metrics.loss;
    return status;
}

/* What myriad/rankings.h promises of a gradient: 1e-6 beta v_i/sum v, times 1 + the answers ranked above. A
 * loss, made of positive terms, is within 2e-6 of itself (tests/test_rankings.c). */
static void find_bounds(myr_gradient_problem *problem) {
    const ranked *r = problem->data;
    double total = 0.0;
    for (int i = 0; i < RANKINGS; i++)
        total += r->weight[i];
    problem->loss_bound = 2e-6 * problem->loss;
    for (int i = 0; i < RANKINGS; i++) {
        const double share = r->weight[i] / total;
        for (int64_t k = r->starts[i]; k < r->starts[i + 1]; k++)
            problem->bound[k] = 1e-6 * r->rankings.beta * share * (double)(1 + k - r->starts[i]);
    }
}

/* length: of each; 0: their own. */
static myr_status make(myr_context *context, uint64_t seed, int length, myr_gradient_problem *problem) {
    ranked *r = calloc(1, sizeof *r);
    if (!r)
        return myr_fail_memory(context, sizeof *r);
    for (int i = 0; i < RANKINGS; i++) {
        double answers = 1.0 + floor((i % 7 == 3 ? LONGEST : 9.0) * myr_next_uniform(&seed));
        r->starts[i + 1] = r->starts[i] + (length > 0 ? length : (int64_t)answers);
        r->weight[i] = i % 11 == 5 ? 0.0 : 0.25 + (double)(float)myr_next_uniform(&seed);
    }
    const int64_t answers = r->starts[RANKINGS];
    for (int64_t k = 0; k < answers; k++) {
        r->x[k] = (double)(float)(-20.0 * myr_next_uniform(&seed));
        r->reference[k] = (double)(float)(-20.0 * myr_next_uniform(&seed));
    }
    r->rankings = (myr_rankings)MYR_RANKINGS_INIT;
    r->rankings.beta = 0.25;
    r->rankings.answers = (uint64_t)answers;
    r->rankings.count = RANKINGS;
    if (length == 0)
        r->rankings.starts = (myr_array){r->starts, MYR_I64};
    r->rankings.log_probs = (myr_array){r->x, MYR_F64};
    r->rankings.reference = (myr_array){r->reference, MYR_F64};
    r->rankings.weight = (myr_array){r->weight, MYR_F64};
    /* A ranking's loss adds up at most LONGEST terms below 0.25 40 + log LONGEST, each of a sum. */
    *problem =
        (myr_gradient_problem){.count = (uint64_t)answers,
                               .x = r->x,
                               .gradient = r->gradient,
                               .bound = r->bound,
                               .loss_rounding = 0x1p-53 * (2.0 * LONGEST + RANKINGS) * LONGEST * 15.0,
                               .run = run,
                               .find_bounds = find_bounds,
                               .data = r};
    return MYR_OK;
}

myr_status myr_rankings_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem) {
    return make(context, seed, 0, problem);
}

myr_status myr_equal_rankings_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem) {
    return make(context, seed, 7, problem);
}
