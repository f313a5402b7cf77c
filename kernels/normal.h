/* Four normals from the four words of a Philox block: Box-Muller in exact arithmetic, the pointwise code of
 * cpu and cuda.
 *
 * With the words of a pair read as signed integers:
 *
 *     u = |w0| 2^-31 + 2^-33        in (0, 1]: the top rounds to 1
 *     theta = (pi/2) w1 2^-31       in [-pi/2, pi/2): no range reduction
 *     rho = sqrt(-2 ln u)           0 … 6.764
 *     z = (rho sin theta, ±rho cos theta), the sign that of w0, + at 0: the latter is -6.521 … 6.764
 *
 * Only operations that IEEE 754 defines to the bit, so every compiler and processor gives the same z. The
 * polynomials come from docs/coefficients.sollya. */
#ifndef MYRIAD_NORMAL_H
#define MYRIAD_NORMAL_H

#include "logarithm.h"
#include "root.h"

/* sin(pi/2 t), t in [-1, 1], y = t^2; relative error of the polynomial 2.8e-8 */
static MYR_HD float myr_sin_half_pi(float t, float y) {
    float s = 0x1.407998p-13f;
    s = myr_fmaf(s, y, -0x1.328004p-8f);
    s = myr_fmaf(s, y, 0x1.466b26p-4f);
    s = myr_fmaf(s, y, -0x1.4abbd8p-1f);
    s = myr_fmaf(s, y, 0x1.921fb6p0f);
    return s * t;
}

/* cos(pi/2 t), y = t^2; absolute error of the polynomial 1.2e-9 */
static MYR_HD float myr_cos_half_pi(float y) {
    float c = -0x1.8c0b5p-16f;
    c = myr_fmaf(c, y, 0x1.e0dbdep-11f);
    c = myr_fmaf(c, y, -0x1.55ce5cp-6f);
    c = myr_fmaf(c, y, 0x1.03c1d8p-2f);
    c = myr_fmaf(c, y, -0x1.3bd3ccp0f);
    return myr_fmaf(c, y, 1.0f);
}

static MYR_HD void myr_normal_pair(uint32_t w0, uint32_t w1, float *z0, float *z1) {
    float radius = (float)(int32_t)w0;
    float angle = (float)(int32_t)w1 * 0x1p-31f;
    float u = myr_fmaf(fabsf(radius), 0x1p-31f, 0x1p-33f);
    float rho = myr_root(myr_minus_two_log(u));
    float y = angle * angle;
    *z0 = rho * myr_sin_half_pi(angle, y);
    *z1 = copysignf(rho, radius) * myr_cos_half_pi(y);
}

#endif
