/* Fits of log-linear policies, step by step. */
#ifndef MYRIAD_FIT_LINEAR_H
#define MYRIAD_FIT_LINEAR_H

#include "fit_objective.h"
#include "losses/linear_information.h"

typedef struct myr_linear_fit {
    myr_context *context;
    const myr_fit_options *options;
    const myr_compute_options *compute;
    myr_linear_model model;
    myr_loss_options loss;
    uint64_t parameters;
    double weight;    /* sum of the pairs' */
    double *theta;    /* [parameters] */
    double *diagonal; /* [parameters]: the scale of L-BFGS, then the Hessian's diagonal */
    double *gradient; /* [parameters] */
    double *errors;   /* [parameters]: standard errors */
    double *inverse;  /* [parameters][parameters], the Hessian, then its inverse; NULL beyond the limit */
    myr_fit_report *report;
} myr_linear_fit;

/* L-BFGS on myr_loss_linear until the gradient is at most goal; refuses features that separate the pairs.
 */
myr_status myr_linear_descend(myr_linear_fit *fit, double goal);

/* Newton's method in double from there; leaves the inverse of the information. */
myr_status myr_linear_polish(myr_linear_fit *fit, int threads);

/* Replicates many at once, a game being a row that weighs 1: estimates [bootstrap][parameters], a row of NaN
 * where it did not converge. */
myr_status myr_linear_bootstrap(myr_linear_fit *fit, double *estimates);

/* The rows of estimates that begin with NaN, one by one, games as the features have them: finite, infinite, or NaN
 * for what is not determined. */
myr_status myr_linear_replicates(myr_linear_fit *fit, int threads, double *estimates);

/* step = -inverse gradient */
void myr_linear_step(const myr_linear_fit *fit, const double *gradient, double *step);

#endif
