/* What a plan on the process "discrete" holds in place of rows. States are numbered from 0 here. */
#ifndef MYRIAD_CHAIN_H
#define MYRIAD_CHAIN_H

#include "plan_table.h"
#include "targets/target_data.h"

struct myr_chain {
    int states;
    uint64_t identity; /* of the target that the plan was made for: runs need its matrices */
    double *start;     /* [states]: the law of x_T that a run begins with */
    double *laws;      /* [steps + 1][states]: p_t of the forward chain from the data, t = 0 … T */
};

/* The chain of the target's first steps; exact_start: begins at p_T, else at the target's prior, which is
 * refused if it begins where p_T is 0. */
myr_status myr_chain_create(myr_context *context, const myr_target *target, int64_t steps, bool exact_start,
                            myr_chain **chain);
void myr_chain_destroy(myr_chain *chain);

/* Plan and target belong together: both of a chain, and the plan made for the target; or neither. */
myr_status myr_chain_check_target(myr_context *context, const myr_plan *plan, const myr_target *target);

/* States given at x_T, as numbers 1 … S: those where the chain can be. */
myr_status myr_chain_check_states(myr_context *context, const myr_plan *plan, const double *states,
                                  uint64_t count);

/* The law of the state after steps row_begin … row_end - 1 of the plan's reverse chain from the law at
 * row_begin, [states] each; they may be the same. */
void myr_chain_push_law(const myr_plan *plan, const myr_target *target, int64_t row_begin, int64_t row_end,
                        const double *from, double *to);

#endif
