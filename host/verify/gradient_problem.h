/* A reduction as verification sees it: a loss of numbers x, and its gradient. A new one is a function that
 * makes it, and its line in the list of verify_gradients.c. */
#ifndef MYRIAD_GRADIENT_PROBLEM_H
#define MYRIAD_GRADIENT_PROBLEM_H

#include "myriad/compute.h"
#include "tiers.h"

typedef struct myr_gradient_problem myr_gradient_problem;

struct myr_gradient_problem {
    uint64_t count; /* of numbers: exactly floats, so that all backends take the same */
    double *x, *gradient;
    double loss;
    double loss_rounding; /* of the reference's own loss, in double */
    bool fast; /* whether a float backend that is verified has fast arithmetic: find_bounds asks */

    /* How far a float backend may be from the reference, [count] and the loss: filled in by find_bounds
     * from the reference's loss and gradient. */
    double *bound, loss_bound;
    void (*find_bounds)(myr_gradient_problem *problem);

    /* Loss and gradient at x: by the public calls. */
    myr_status (*run)(myr_context *context, myr_gradient_problem *problem,
                      const myr_compute_options *options);
    void *data; /* all of its memory, from malloc() */
};

myr_status myr_linear_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem);
myr_status myr_many_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem);
myr_status myr_tokens_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem);
myr_status myr_head_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem);
myr_status myr_head_bf16_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem);
myr_status myr_head_f16_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem);
myr_status myr_rankings_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem);
myr_status myr_equal_rankings_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem);
myr_status myr_rlvr_problem(myr_context *context, uint64_t seed, myr_gradient_problem *problem);

/* One of the list, by number; NULL past the end. */
typedef struct myr_gradient_reduction myr_gradient_reduction;
const myr_gradient_reduction *myr_gradient_reduction_at(int index);

/* The checks of one of them. change, if not NULL, may change the problem that was made: tests plant faults.
 */
myr_status myr_verify_reduction(myr_verification *v, const myr_gradient_reduction *reduction,
                                void (*change)(myr_gradient_problem *problem));

#endif
