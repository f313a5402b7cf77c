/* What groups of answers come to before any token is read: which are kept, and the answers' advantages.
 * Rewards are few; all of it is on the host, in double. */
#ifndef MYRIAD_RLVR_GROUPS_H
#define MYRIAD_RLVR_GROUPS_H

#include "myriad/rlvr.h"

typedef struct myr_rlvr_groups {
    const myr_rlvr_options *options;
    uint64_t groups, sequences;
    const uint64_t *starts;    /* [groups + 1]: of sequences */
    const double *rewards;     /* [sequences] */
    const double *pass_rates;  /* [groups], or NULL */
    const double *tokens;      /* [sequences]: that count */
    double *advantage, *scale; /* [sequences], found: scale is 0 where a sequence is dropped or empty */
} myr_rlvr_groups;

/* Fills in advantage and scale, so that the loss is sum_i scale_i A_i sum_t min(rho, cap) log pi; and all
 * of the metrics but loss and capped. */
void myr_rlvr_groups_weigh(const myr_rlvr_groups *groups, myr_rlvr_metrics *metrics);

#endif
