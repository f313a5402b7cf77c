/* Targets: the distribution of the clean samples x0. A target provides the denoiser
 * D(x; a, s) = E[x0 | a x0 + s e = x], e ~ N(0, I). */
#ifndef MYRIAD_TARGET_H
#define MYRIAD_TARGET_H

#include "myriad/context.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MYR_MAX_DIMENSION 64

typedef struct myr_target myr_target;

/* A Gaussian with independent coordinates: x0[c] ~ N(mean[c], variance[c]), c = 0 … dimension − 1.
 * dimension 1 … MYR_MAX_DIMENSION; means finite, variances finite and above 0, at most 1e30 in size.
 * The arrays are copied. Errors: MYR_INVALID_ARGUMENT, MYR_OUT_OF_MEMORY. */
myr_status myr_target_create_gaussian(myr_context *context, int dimension, const double *mean,
                                      const double *variance, myr_target **target);

/* Frees it. NULL is allowed. Plans made for the target stay valid. */
void myr_target_destroy(myr_target *target);

/* The number of coordinates; 0 for NULL. */
int myr_target_dimension(const myr_target *target);

/* The target's own mean and variance, one a coordinate; either pointer may be NULL. */
void myr_target_moments(const myr_target *target, double *mean, double *variance);

#ifdef __cplusplus
}
#endif
#endif
