/* A row on a mixture of Gaussians: pointwise code of cpu and cuda.
 *
 * State relative to the mean path, x~ = x - a m and d~ = d - m, m the mixture's mean. With a component's
 * variance of a coordinate at the level, S = a^2 v + s^2, and mu~ = mu - m, component j's share of the
 * density at x~ is 2^q_j, but for a factor common to all:
 *
 *     q_j = constant_j - sum_c u_jc^2,     u_jc = scale_jc x~_c + offset_jc
 *     constant_j = log2 w_j - 1/2 sum_c log2 S_jc, the largest of them taken off
 *     scale = sqrt(log2(e)/(2 S)),         offset = -scale a mu~
 *
 * and the denoiser is d~_c = sum_j 2^q_j (gain_jc x~_c + shift_jc) / sum_j 2^q_j, gain = a v/S,
 * shift = mu~ (1 - gain a).
 *
 * Exact arithmetic is this order: components in tiles of MYR_TILE, ascending; in a tile first all q, their
 * coordinates ascending; then the new largest q so far; then the sums so far are scaled to it, and the
 * tile's terms added, ascending. A component that pads the last tile adds nothing to a sum that is above
 * 1/2, so it may be left out. */
#ifndef MYRIAD_MIXTURE_ROW_H
#define MYRIAD_MIXTURE_ROW_H

#include "exponential.h"

#define MYR_TILE 8

/* A coordinate of a component at a level. */
typedef struct myr_mixture_part {
    float scale, offset, gain, shift;
} myr_mixture_part;

/* A tile is MYR_TILE constants, then the parts, [dimension][MYR_TILE]; a level is its tiles. */
#define MYR_TILE_FLOATS(dimension) (MYR_TILE + 4 * MYR_TILE * (dimension))

/* A row's coefficients but for the levels'. */
typedef struct myr_mixture_step {
    float n;                    /* pre-noise */
    float A, B, P, Q, c, shift; /* first stage; shift is a multiple of m */
    float two_stage;            /* 0 or 1 */
    float A2, B2, Y, H, shift2; /* second stage */
} myr_mixture_step;

/* Where the largest q starts: below all that come, and finite. */
#define MYR_LOWEST_SHARE (-0x1p126f)

static MYR_HD float myr_share(float scale, float offset, float x, float q) {
    float u = myr_fmaf(scale, x, offset);
    return myr_fmaf(-u, u, q);
}

/* The larger of the two; b if a is NaN. */
static MYR_HD float myr_larger(float a, float b) {
    return a > b ? a : b;
}

static MYR_HD float myr_part_mean(float gain, float shift, float x) {
    return myr_fmaf(gain, x, shift);
}

/* x~ + n z */
static MYR_HD float myr_mixture_raise(const myr_mixture_step *r, float x, float z) {
    return myr_fmaf(r->n, z, x);
}

/* A x~ + B d~ + c z + shift m, for rows without memory … */
static MYR_HD float myr_mixture_first(const myr_mixture_step *r, float m, float x, float d, float z) {
    float y = myr_fmaf(r->c, z, r->shift * m);
    y = myr_fmaf(r->B, d, y);
    return myr_fmaf(r->A, x, y);
}

/* … and P d1~ + Q d2~ besides. */
static MYR_HD float myr_mixture_first_memory(const myr_mixture_step *r, float m, float x, float d, float d1,
                                             float d2, float z) {
    float y = myr_fmaf(r->c, z, r->shift * m);
    y = myr_fmaf(r->Q, d2, y);
    y = myr_fmaf(r->P, d1, y);
    y = myr_fmaf(r->B, d, y);
    return myr_fmaf(r->A, x, y);
}

/* A' x~ + B' d~ + Y y~ + H d'~ + shift' m */
static MYR_HD float myr_mixture_second(const myr_mixture_step *r, float m, float x, float d, float y,
                                       float d_second) {
    float next = myr_fmaf(r->H, d_second, r->shift2 * m);
    next = myr_fmaf(r->Y, y, next);
    next = myr_fmaf(r->B2, d, next);
    return myr_fmaf(r->A2, x, next);
}

#endif
