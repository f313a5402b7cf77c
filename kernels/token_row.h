/* A row of logits x: pointwise code of cpu and cuda.
 *
 *     log pi(label) = x_label - log sum_j exp(x_j),     d log pi(label)/d x_j = [j = label] - softmax_j
 *
 * Every exponential is kept as mantissa and power of two, exp(x) = m 2^n with m near [0.7, 1.42]; sums are
 * kept relative to 2^N with N the largest n so far. To change N is exact. So the sum over a row is the same
 * bits whether N was known before (the cpu looks for the largest logit first) or grew on the way (the gpu
 * reads a row once).
 *
 * The order of the sum: element j belongs to lane j mod MYR_ROW_LANES; a lane adds MYR_ROW_STRIDES elements
 * in float, such partial sums in double, both in ascending order; the lanes are halved: l += l + 512,
 * l + 256 … 1. */
#ifndef MYRIAD_TOKEN_ROW_H
#define MYRIAD_TOKEN_ROW_H

#include "backends/token_result.h"
#include "port.h"

#define MYR_ROW_LANES 1024
#define MYR_ROW_STRIDES 16

/* Powers below that of the largest logit by more than this count as 0. 2^31 of them would add 2^-59 to
 * a sum of 0.7 or more: nothing, in double. */
#define MYR_POWER_SPAN 90

/* Slopes below about this count as 0. Numbers below 2^-126 take some processors a hundred cycles each,
 * and so would the products of slopes with a last layer's inputs and weights, which may come to 2^-26. */
#define MYR_SLOPE_LEAST 0x1p-100
#define MYR_SLOPE_LEAST_POWER (-100)

/* A logit that is NaN, above the limit or below the lowest that is taken. */
static MYR_HD int myr_logit_bad(float x, float lowest) {
    return !(x <= MYR_LOGIT_LIMIT) | !(x >= lowest);
}

/* exp(x) = mantissa 2^power, x at most MYR_LOGIT_LIMIT; below MYR_LOGIT_FLOOR it counts as that. As myr_exp
 * (exponential.h); with |n| < 2^18 the first difference is exact, and the rest of ln 2 is short of it by
 * 2^-45 n < 2^-27: the relative error stays below 1.6e-7. The power grows with x. */
static MYR_HD float myr_exp_split(float x, int32_t *power) {
    const float whole = 0x1.8p23f;
    x = x > MYR_LOGIT_FLOOR ? x : MYR_LOGIT_FLOOR;
    float shifted = myr_fmaf(x, 0x1.715476p0f, whole);
    float n = shifted - whole;
    float r = myr_fmaf(n, -0x1.62e4p-1f, x);
    r = myr_fmaf(n, -0x1.7f7d1cp-20f, r);
    float e = 0x1.694c8ep-10f;
    e = myr_fmaf(e, r, 0x1.12397ep-7f);
    e = myr_fmaf(e, r, 0x1.555a26p-5f);
    e = myr_fmaf(e, r, 0x1.555492p-3f);
    e = myr_fmaf(e, r, 0x1.fffffap-2f);
    *power = (int32_t)(myr_bits_of_float(shifted) - myr_bits_of_float(whole));
    return myr_fmaf(e * r, r, r) + 1.0f;
}

/* 2^power as float for -span … 127; 0 below. span is at most MYR_POWER_SPAN. */
static MYR_HD float myr_power_float(int32_t power, int32_t span) {
    uint32_t bits = (uint32_t)(power + 127) << 23;
    return myr_float_of_bits(power < -span ? 0u : bits);
}

/* mantissa 2^power for a mantissa of myr_exp_split and power <= 0, exactly: the power goes into the exponent. 0 below -span. */
static MYR_HD float myr_mantissa_times(float mantissa, int32_t power, int32_t span) {
    const uint32_t bits = myr_bits_of_float(mantissa) + ((uint32_t)power << 23);
    return myr_float_of_bits(power < -span ? 0u : bits);
}

/* 2^power as double for -1000 … 0; 0 below. */
static MYR_HD double myr_power_double(int32_t power) {
    uint64_t bits = power < -1000 ? 0u : (uint64_t)(power + 1023) << 52;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* exp(x) 2^-at, where x's power is at most at. */
static MYR_HD float myr_exp_relative(float x, int32_t at, int32_t span) {
    int32_t power;
    float mantissa = myr_exp_split(x, &power);
    return myr_mantissa_times(mantissa, power - at, span);
}

/* log(s) for finite s >= 2^-1000, relative error below 1e-14 outside [0.99, 1.01], absolute below 1e-16
 * inside. s = m 2^e with m in [sqrt(1/2), sqrt(2)), log m = 2 artanh((m - 1)/(m + 1)): a series in z^2
 * below 0.0295, whose first term left out is 2 z^21/21 < 1e-17. */
static MYR_HD double myr_log_double(double s) {
    uint64_t bits;
    memcpy(&bits, &s, sizeof bits);
    const uint64_t root_half = 0x3fe6a09e667f3bcd;
    int64_t offset = (int64_t)(bits - root_half);
    int64_t e = offset >> 52;
    bits -= (uint64_t)e << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    double z = (m - 1.0) / (m + 1.0), y = z * z;
    double series = 1.0 / 19.0;
    series = series * y + 1.0 / 17.0;
    series = series * y + 1.0 / 15.0;
    series = series * y + 1.0 / 13.0;
    series = series * y + 1.0 / 11.0;
    series = series * y + 1.0 / 9.0;
    series = series * y + 1.0 / 7.0;
    series = series * y + 1.0 / 5.0;
    series = series * y + 1.0 / 3.0;
    series = series * y + 1.0;
    return (double)e * 0x1.62e42fefa39efp-1 + 2.0 * z * series;
}

/* The row's result from its sum, relative to 2^power, and its label's logit. */
static MYR_HD myr_row_result myr_row_finish(float chosen, double sum, int32_t power) {
    myr_row_result result;
    result.state = chosen >= -MYR_LOGIT_LIMIT ? MYR_ROW_COUNTS : MYR_ROW_BAD_CHOICE;
    result.logp = (double)chosen - ((double)power * 0x1.62e42fefa39efp-1 + myr_log_double(sum));
    result.normaliser = sum;
    result.power = power;
    return result;
}

static MYR_HD myr_row_result myr_row_other(int32_t state) {
    myr_row_result result;
    result.logp = 0.0;
    result.normaliser = 1.0;
    result.power = 0;
    result.state = state;
    return result;
}

/* What a row's slopes are made of. */
typedef struct myr_row_scale {
    int32_t power, span;
    float falling; /* -upstream / normaliser */
} myr_row_scale;

/* The span leaves what times falling is a slope that counts; where falling is 0 nothing. */
static MYR_HD myr_row_scale myr_row_scale_make(const myr_row_result *row, float upstream) {
    myr_row_scale scale;
    scale.falling = myr_narrow(-(double)upstream / row->normaliser, MYR_SLOPE_LEAST);
    scale.power = row->power;
    const int32_t power = (int32_t)(myr_bits_of_float(scale.falling) >> 23 & 255u) - 127;
    scale.span = power - MYR_SLOPE_LEAST_POWER;
    scale.span = scale.span < MYR_POWER_SPAN ? scale.span : MYR_POWER_SPAN;
    return scale;
}

/* upstream ([j = label] - softmax_j) */
static MYR_HD float myr_row_slope(float x, const myr_row_scale *scale) {
    return myr_exp_relative(x, scale->power, scale->span) * scale->falling;
}

static MYR_HD float myr_row_slope_of_label(float x, const myr_row_result *row, float upstream) {
    double softmax = (double)myr_exp_relative(x, row->power, MYR_POWER_SPAN) / row->normaliser;
    return myr_narrow((double)upstream * (1.0 - softmax), MYR_SLOPE_LEAST);
}

#endif
