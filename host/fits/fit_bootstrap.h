/* Fits of resampled outcomes, many at once. */
#ifndef MYRIAD_FIT_BOOTSTRAP_H
#define MYRIAD_FIT_BOOTSTRAP_H

#include "fit_solve.h"

/* A replicate's fit need be no better than this, in standard errors, since it is one of many draws. */
#define MYR_REPLICATE_TOLERANCE 1e-3

typedef struct myr_bootstrap {
    uint32_t replicates;
    uint64_t seed;
    myr_solver solver;
    myr_progress progress;
    void *user;
    uint64_t done, total; /* of all parts' replicates, for progress */
} myr_bootstrap;

/* Fits the replicates of one part from its maximum x; estimates [replicates][parameters], relative to the
 * baseline (-1: none). Of a replicate without a finite maximum they are as fit_unbounded.h says, and so not all
 * finite; of one that did not converge all are NaN. */
myr_status myr_bootstrap_model(myr_context *context, const myr_model *model, myr_bootstrap *bootstrap,
                               const double *x, int64_t baseline, double *estimates);

#endif
