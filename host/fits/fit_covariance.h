/* Standard errors: of the sandwich, or from the observed information. */
#ifndef MYRIAD_FIT_COVARIANCE_H
#define MYRIAD_FIT_COVARIANCE_H

#include "fit_solve.h"

typedef struct myr_errors {
    bool sandwich;
    int64_t baseline; /* -1: none */
    int threads;
} myr_errors;

/* errors [parameters], of x_i, or with a baseline of x_i - x_baseline; home's of itself. Up to
 * MYR_FIT_COVARIANCE parameters. NaN where the information is singular to rounding. */
myr_status myr_model_errors(myr_context *context, const myr_model *model, const double *x,
                            const myr_errors *how, double *scratch, double *errors);

/* Replaces the lower triangle (in rows) of a positive definite matrix by that of its inverse; false if it
 * is not one, to rounding. */
bool myr_invert(uint64_t size, double *matrix);

#endif
