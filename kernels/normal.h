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

#include "root.h"

/* -2 ln u for u in (0, 1]; exactly 0 at 1, never negative. u = m 2^e with m in [2/3, 4/3):
 * -2 ln u = -2 ln 2 e + g + g^2 Q(g) with g = 2 - 2m; the relative error of g + g^2 Q is below 1.92e-7 (Q's
 * own, far less of the sum near 0, below 4.2e-6). */
static MYR_HD float myr_minus_two_log(float u) {
    const int32_t two_thirds = 0x3f2aaaab;
    int32_t offset = (int32_t)myr_bits_of_float(u) - two_thirds;
    float e = (float)(offset >> 23);
    float m = myr_float_of_bits((uint32_t)((offset & 0x7fffff) + two_thirds));
    float g = myr_fmaf(-2.0f, m, 2.0f);
    float q = 0x1.38992cp-10f;
    q = myr_fmaf(q, g, 0x1.5bf6c2p-9f);
    q = myr_fmaf(q, g, 0x1.50b8c6p-8f);
    q = myr_fmaf(q, g, 0x1.95e066p-7f);
    q = myr_fmaf(q, g, 0x1.001076p-5f);
    q = myr_fmaf(q, g, 0x1.555e4p-4f);
    q = myr_fmaf(q, g, 0x1.ffffe6p-3f);
    float mantissa = myr_fmaf(q * g, g, g);
    return myr_fmaf(e, -0x1.62e43p0f, mantissa); /* -2 ln 2 to 24 bits */
}

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

/* Normals 4b … 4b + 3 of a stream from the words of its block b. */
static MYR_HD void myr_normal4(const uint32_t words[4], float normals[4]) {
    myr_normal_pair(words[0], words[1], &normals[0], &normals[1]);
    myr_normal_pair(words[2], words[3], &normals[2], &normals[3]);
}

#endif
