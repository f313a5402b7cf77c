/* The exponential, the logistic function and its logarithm, in exact arithmetic: pointwise code of cpu and
 * cuda. Only operations that IEEE 754 defines to the bit. The polynomials come from
 * docs/coefficients.sollya. */
#ifndef MYRIAD_EXPONENTIAL_H
#define MYRIAD_EXPONENTIAL_H

#include "port.h"

/* Just below log(FLT_MAX), and where exp ends: it is 0 where round(x/ln 2) is below -124, x below
 * -86.3, exp(x) below 2^-124 or 4.7e-38. Numbers below 2^-126 take some processors a hundred cycles
 * each; from 2^-124 on halves and quarters, of which myr_log1p_unit and the losses take some, are not
 * below that. */
#define MYR_EXP_HIGHEST 88.7228f
#define MYR_EXP_LOWEST (-87.0f)
#define MYR_EXP_LEAST_POWER (-124)

/* The lower end as the cpu's loops see it: not what its value is (host/cpu/cpu_exponential.c). A
 * compiler that knows it sees that nobody takes what lies beyond, leaves out that x is kept from there,
 * and its loop makes the subnormal numbers that are not wanted. */
#if defined(__cplusplus)
#define MYR_EXP_END MYR_EXP_LOWEST
#else
extern const float myr_exp_end;
#define MYR_EXP_END myr_exp_end
#endif

/* exp(x - n ln 2) - 1 for |x - n ln 2| <= ln 2/2 =: |r|: r + r^2 E(r), E's share of the error 3.3e-9. */
static MYR_HD float myr_expm1_reduced(float n, float x) {
    float r = myr_fmaf(n, -0x1.62e4p-1f, x); /* ln 2 in 15 bits: the product is exact */
    r = myr_fmaf(n, -0x1.7f7d1cp-20f, r);    /* and the rest */
    float e = 0x1.694c8ep-10f;
    e = myr_fmaf(e, r, 0x1.12397ep-7f);
    e = myr_fmaf(e, r, 0x1.555a26p-5f);
    e = myr_fmaf(e, r, 0x1.555492p-3f);
    e = myr_fmaf(e, r, 0x1.fffffap-2f);
    return myr_fmaf(e * r, r, r);
}

static MYR_HD float myr_exp_reduced(float n, float x) {
    return myr_expm1_reduced(n, x) + 1.0f;
}

/* exp(x), relative error below 1.5e-7; 0 below the lower end, x above the upper one counts as that, NaN
 * stays NaN. x = n ln 2 + r with n whole. The power of two comes in two factors, for 2^n itself need be no
 * float. */
static MYR_HD float myr_exp(float x) {
    const float whole = 0x1.8p23f; /* sums with it are whole numbers, in the last bits */
    x = x > MYR_EXP_HIGHEST ? MYR_EXP_HIGHEST : x;
    x = x < MYR_EXP_END ? MYR_EXP_END : x;
    float shifted = myr_fmaf(x, 0x1.715476p0f, whole);
    float n = shifted - whole;
    float e = myr_exp_reduced(n, x);
    int32_t power = (int32_t)(myr_bits_of_float(shifted) - myr_bits_of_float(whole));
    int32_t half = power >> 1;
    float rest = myr_float_of_bits((uint32_t)(power - half + 127) << 23);
    e *= myr_float_of_bits((uint32_t)(half + 127) << 23);
    return e * (n < (float)MYR_EXP_LEAST_POWER ? 0.0f : rest);
}

/* exp(x) - 1, relative error below 6e-7: near 0 by the polynomial alone, elsewhere myr_exp's 1.5e-7
 * over the share of exp(x) that stays, |1 - exp(-x)| >= 1 - 2^-1/2. */
static MYR_HD float myr_expm1(float x) {
    const float near = myr_expm1_reduced(0.0f, x), far = myr_exp(x) - 1.0f;
    return fabsf(x) <= 0.34f ? near : far;
}

/* The same, to the bit, for x <= 0 or NaN. The bits of shifted end in n + 127, the exponent of 2^n, which
 * always is a normal float. */
static MYR_HD float myr_exp_down(float x) {
    const float whole = 0x1.8p23f + 127.0f;
    x = MYR_EXP_END > x ? MYR_EXP_END : x;
    float shifted = myr_fmaf(x, 0x1.715476p0f, whole);
    float n = shifted - whole;
    float e = myr_exp_reduced(n, x);
    float power = myr_float_of_bits(myr_bits_of_float(shifted) << 23);
    return e * (n < (float)MYR_EXP_LEAST_POWER ? 0.0f : power);
}

/* A factor of what only ever is added to others of its kind, the largest of which are near 1: the slope of
 * a loss in units of beta, a ratio of probabilities. Below 2^-80 it is 0, which is 2^-56 of what a float
 * near 1 is rounded by. What is left may meet others that come to 2^-46 together (a beta, one over the
 * number of pairs, a length, a feature) before products are below 2^-126.
 *
 * To be taken of a factor, never of the product: a compiler may put a choice behind what it chooses,
 * and make both, but not behind the product with it, for 0 times a number need not be 0. */
#define MYR_TAIL 0x1p-80f

static MYR_HD float myr_without_tail(float factor) {
    return fabsf(factor) < MYR_TAIL ? 0.0f : factor;
}

/* 2^t for t <= 0, relative error below 1.8e-7; t below -64, or NaN, counts as -64. 1 at 0. t = n + f with
 * n whole, |f| <= 1/2; 2^f = 1 + f F(f), F's share of the error 9.5e-8.
 *
 * These are weights, of which the largest is 1. At the floor 2^32 of them add 2^-32 of that, a 256th of
 * what a float's last bit is rounded by; and their products with numbers of ordinary size are far above
 * 2^-126, below which some processors take a hundred cycles for each. */
#define MYR_EXP2_LOWEST (-64.0f)

static MYR_HD float myr_exp2_unclamped(float t) {
    const float whole = 0x1.8p23f;
    float shifted = t + whole;
    float f = t - (shifted - whole);
    float e = 0x1.5bfd58p-10f;
    e = myr_fmaf(e, f, 0x1.3ceaf8p-7f);
    e = myr_fmaf(e, f, 0x1.c6b69ap-5f);
    e = myr_fmaf(e, f, 0x1.ebf9bap-3f);
    e = myr_fmaf(e, f, 0x1.62e42ap-1f);
    e = myr_fmaf(e, f, 1.0f);
    return myr_float_of_bits(myr_bits_of_float(e) + (myr_bits_of_float(shifted) << 23));
}

static MYR_HD float myr_exp2_down(float t) {
    return myr_exp2_unclamped(t > MYR_EXP2_LOWEST ? t : MYR_EXP2_LOWEST);
}

/* log(1 + e) for e in [0, 1], relative error below 2e-7; 0 at 0. */
static MYR_HD float myr_log1p_unit(float e) {
    float p = -0x1.b22adep-9f;
    p = myr_fmaf(p, e, 0x1.4a9226p-6f);
    p = myr_fmaf(p, e, -0x1.d7efa8p-5f);
    p = myr_fmaf(p, e, 0x1.b53c48p-4f);
    p = myr_fmaf(p, e, -0x1.3a6736p-3f);
    p = myr_fmaf(p, e, 0x1.935568p-3f);
    p = myr_fmaf(p, e, -0x1.ff2556p-3f);
    p = myr_fmaf(p, e, 0x1.554ddap-2f);
    p = myr_fmaf(p, e, -0x1.ffffd2p-2f);
    return myr_fmaf(p * e, e, e);
}

/* The logistic function at h and at -h, and minus its logarithm at both, all from one exponential:
 * sigmoid(h) = 1/(1 + exp(-h)), -log sigmoid(h) = max(-h, 0) + log(1 + exp(-|h|)). */
typedef struct myr_logistic {
    float up, down;         /* sigmoid(h), sigmoid(-h) */
    float log_up, log_down; /* -log sigmoid(h), -log sigmoid(-h) */
} myr_logistic;

/* From e = myr_logistic_exponential(h). */
static MYR_HD myr_logistic myr_logistic_of(float h, float e) {
    myr_logistic s;
    float large = 1.0f / (1.0f + e), small = e * large;
    float log1p = myr_log1p_unit(e), minus = -h;
    s.up = h >= 0.0f ? large : small;
    s.down = h >= 0.0f ? small : large;
    s.log_up = (minus > 0.0f ? minus : 0.0f) + log1p; /* a maximum, as it stands */
    s.log_down = (h > 0.0f ? h : 0.0f) + log1p;
    return s;
}

static MYR_HD float myr_logistic_exponential(float h) {
    return myr_exp_down(-fabsf(h));
}

static MYR_HD myr_logistic myr_logistic_make(float h) {
    return myr_logistic_of(h, myr_logistic_exponential(h));
}

#endif
