/* The denoisers in double, from the formulas, for the whole vector at once. */
#ifndef MYRIAD_REFERENCE_DENOISE_H
#define MYRIAD_REFERENCE_DENOISE_H

#include <stdbool.h>
#include <stdint.h>

#include "targets/target_data.h"

/* Whether there is one for it: all else here is of such targets. */
bool myr_reference_has(const myr_target *target);

/* d = D(x; a, s) = E[x0 | a x0 + s e = x], e ~ N(0, I). */
void myr_reference_denoise(const myr_target *target, double a, double s, const double *x, double *d);

/* What a vector given in the target's axes is in its coordinates. */
void myr_reference_from_axes(const myr_target *target, const double *in_axes, double *x);

/* Var(x0 | x) of axis c, of a target that has it in closed form. */
double myr_reference_posterior(const myr_target *target, int c, double a, double s);

/* The start of --start exact for a mixture or data: which component (a point, for data) trajectory i begins
 * in, and mean and variance of its coordinate c. */
int64_t myr_reference_component(const myr_target *target, uint64_t seed, uint64_t trajectory);
void myr_reference_part(const myr_target *target, int64_t j, int c, double *mean, double *variance);

#endif
