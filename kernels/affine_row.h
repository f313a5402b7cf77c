/* A row on one coordinate, for targets whose denoiser is affine: pointwise code of cpu and cuda.
 *
 * State and memory relative to the mean path, the mean of the plan's own trajectories: a row is then linear,
 * without a constant, and the denoiser d~ = g x~. */
#ifndef MYRIAD_AFFINE_ROW_H
#define MYRIAD_AFFINE_ROW_H

#include "port.h"

/* No memory, no pre-noise: denoiser and row, of one stage or two, folded into one map. */
typedef struct myr_affine_cell {
    float alpha, c;
} myr_affine_cell;

/* A row with pre-noise or memory. A second stage is folded in, as the denoiser is: with d~ = g x~ all of it
 * is linear in the state, the memory and the noise. */
typedef struct myr_affine_general {
    float n;              /* pre-noise */
    float g;              /* denoiser at the row's level: what is remembered */
    float alpha, P, Q, c; /* of x~ (raised), d1~, d2~, the noise */
} myr_affine_general;

/* x~ <- alpha x~ + c z */
static MYR_HD float myr_affine_step(myr_affine_cell cell, float x, float z) {
    return myr_fmaf(cell.alpha, x, cell.c * z);
}

/* x~ <- x~ + n z: pre-noise, before myr_affine_step_general. */
static MYR_HD float myr_affine_raise(float n, float x, float z) {
    return myr_fmaf(n, z, x);
}

/* The rest of the row: x~ (raised), d1~, d2~ and the noise's normal z. */
static MYR_HD void myr_affine_step_general(const myr_affine_general *r, float *x, float *d1, float *d2,
                                           float z) {
    float y = myr_fmaf(r->Q, *d2, r->c * z);
    y = myr_fmaf(r->P, *d1, y);
    y = myr_fmaf(r->alpha, *x, y);
    *d2 = *d1;
    *d1 = r->g * *x;
    *x = y;
}

/* The result's coordinates from its axes: sum <- sum + axes[r][c] x~_c, c ascending, from 0. */
static MYR_HD float myr_affine_rotate(float entry, float x, float sum) {
    return myr_fmaf(entry, x, sum);
}

#endif
