/* The denoiser of a mixture of Gaussians: pointwise code of cpu and cuda. The rest of a row is
 * step_row.h's.
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
 * shift = mu~ (1 - gain a). Another gain and shift make the same sum a multiple h of the score's term,
 *
 *     h (x~ - a d~)_c = sum_j 2^q_j (gain_jc x~_c + shift_jc) / sum_j 2^q_j,
 *     gain = h s^2/S,   shift = -a gain mu~,
 *
 * which a second stage takes where s is small: x~ and a d~ are then nearly equal.
 *
 * Exact arithmetic is this order: components in tiles of MYR_TILE, ascending; in a tile first all q, their
 * coordinates ascending; then the new largest q so far; then the sums so far are scaled to it, and the
 * tile's terms added, ascending. A component that pads the last tile adds nothing to a sum that is above
 * 1/2, so it may be left out. */
#ifndef MYRIAD_MIXTURE_ROW_H
#define MYRIAD_MIXTURE_ROW_H

#include "exponential.h"
#include "step_row.h"

#define MYR_TILE 8

/* A tile is MYR_TILE constants, then for each coordinate scale and offset of every component, then gain and shift of every
 * one; a level is its tiles. Field f (0 scale, 1 offset, 2 gain, 3 shift) of coordinate c of component j of a tile: */
#define MYR_PART(c, j, f) (MYR_TILE + 4 * MYR_TILE * (c) + 2 * MYR_TILE * ((f) / 2) + 2 * (j) + (f) % 2)
#define MYR_TILE_FLOATS(dimension) (MYR_TILE + 4 * MYR_TILE * (dimension))

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

#endif
