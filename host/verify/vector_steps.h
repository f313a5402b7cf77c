/* What the tiers of mixtures and of data points share: targets whose coordinates meet in the denoiser. */
#ifndef MYRIAD_VECTOR_STEPS_H
#define MYRIAD_VECTOR_STEPS_H

#include "tiers.h"

#define MYR_VECTOR_STEPS 12     /* of the plans */
#define MYR_VECTOR_DIMENSION 7  /* at most */
#define MYR_VECTOR_REPEATED 300 /* trajectories that are run twice */
#define MYR_VECTOR_CASES 7

typedef struct myr_vector_tally {
    double worst; /* share of the rounding bound */
    uint64_t compared, repeated, different;
} myr_vector_tally;

/* Case number index of everything that a row can have, for the target. */
myr_status myr_vector_plan(myr_context *context, int index, const myr_target *target, myr_plan **plan);

/* The worst share that results have of their bounds, from every row on and the reference's own state: that
 * row alone or, with a memory of two, three of them. */
myr_status myr_vector_check_steps(myr_verification *v, const myr_case *used, myr_vector_tally *t);

/* Trajectories that come in one run, and in two of other lengths and numbers of threads. */
myr_status myr_vector_check_repeats(myr_verification *v, const myr_case *used, myr_vector_tally *t);

#endif
