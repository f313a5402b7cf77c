/* The weights of data points: pointwise code of cpu and cuda.
 *
 * State relative to the mean path, x~ = x - a m, and s~_i = s_i - m. As |x - a s_i|^2 = |x~|^2 - 2 score_i,
 *
 *     score_i = a x~.s~_i - a^2 h_i,              h_i = |s~_i|^2/2
 *     w_i = 2^((score_i - largest score) sharp),  sharp = log2(e)/s^2, at most the largest float
 *     d~ = sum_i w_i s~_i / sum_i w_i
 *
 * Products with a matrix give x~.s~_i, and the sum from the w_i, for a tile of the points at a time; the
 * sums so far are scaled when a tile has a new largest score. */
#ifndef MYRIAD_EMPIRICAL_ROW_H
#define MYRIAD_EMPIRICAL_ROW_H

#include "exponential.h"
#include "step_row.h"

typedef struct myr_empirical_level {
    float a, a_squared, sharp;
} myr_empirical_level;

/* Where the largest score starts. */
#define MYR_LOWEST_SCORE (-0x1p127f)

static MYR_HD float myr_point_score(const myr_empirical_level *level, float product, float h) {
    return myr_fmaf(level->a, product, -(level->a_squared * h));
}

/* 1 for the largest score, whatever the level; at least 2^-64. */
static MYR_HD float myr_point_weight(const myr_empirical_level *level, float score, float largest) {
    return myr_exp2_down((score - largest) * level->sharp);
}

/* Which point word 0 of stream 2 chooses. */
static MYR_HD uint32_t myr_point_chosen(uint32_t word, uint32_t count) {
    return (uint32_t)(((uint64_t)word * count) >> 32);
}

#endif
