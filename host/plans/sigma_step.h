/* A step as samplers published for a = 1 see it: on x/a, with sigma = s/a. A row on x/a with coefficients A
 * of x, B of a denoiser's output and C of noise is, on x, A a'/a, B a' and C a'. */
#ifndef MYRIAD_SIGMA_STEP_H
#define MYRIAD_SIGMA_STEP_H

#include <math.h>

#include "process.h"

typedef struct myr_sigma_step {
    double ratio; /* sigma'/sigma = r s'/s */
    double rest;  /* 1 - sigma'/sigma, without cancellation */
    double h;     /* log(sigma/sigma') = lambda' - lambda; infinite where sigma' = 0 */
} myr_sigma_step;

/* 1 - (sigma'/sigma)^2 is q/s^2. Where that is small, the logarithm is taken from it; else from the ratio,
 * which q/s^2 near 1 has lost. */
static inline myr_sigma_step myr_sigma_step_make(const myr_level *from, const myr_level *to) {
    double share = from->added / from->variance;
    myr_sigma_step step;
    step.ratio = from->a / to->a * sqrt(to->variance / from->variance);
    step.rest = share / (1.0 + step.ratio);
    step.h = share < 0.5 ? -0.5 * log1p(-share) : -log(step.ratio);
    return step;
}

#endif
