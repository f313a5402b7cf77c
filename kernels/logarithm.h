/* The logarithm of exact arithmetic: pointwise code of cpu and cuda. The polynomial comes from
 * docs/coefficients.sollya. */
#ifndef MYRIAD_LOGARITHM_H
#define MYRIAD_LOGARITHM_H

#include "port.h"

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

#endif
