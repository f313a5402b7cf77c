/* A row on one coordinate, for targets whose denoiser is affine: pointwise code of cpu and cuda.
 *
 * State relative to the mean path, x~ = x - a m and d~ = d - m; the denoiser is then d~ = g x~. */
#ifndef MYRIAD_AFFINE_ROW_H
#define MYRIAD_AFFINE_ROW_H

#include "port.h"

/* One stage, no memory, no pre-noise: denoiser and row folded into one affine map. */
typedef struct myr_affine_cell {
    float alpha, shift, c;
} myr_affine_cell;

/* Any row. The shifts are 0 for consistent samplers; they carry a made-up table's mean. */
typedef struct myr_affine_general {
    float n;                        /* pre-noise */
    float g;                        /* denoiser at the row's level */
    float A, B, P, Q, c, shift;     /* first stage */
    float two_stage;                /* 0 or 1 */
    float g2, A2, B2, Y, H, shift2; /* second stage */
} myr_affine_general;

/* x~ <- alpha x~ + (c z + shift) */
static MYR_HD float myr_affine_step(float alpha, float shift, float c, float x, float z) {
    return myr_fmaf(alpha, x, myr_fmaf(c, z, shift));
}

/* x~ <- x~ + n z: pre-noise, before myr_affine_step_general. */
static MYR_HD float myr_affine_raise(float n, float x, float z) {
    return myr_fmaf(n, z, x);
}

/* The rest of the row of myriad/plan.h: x~ (raised), d1~, d2~ and the noise's normal z. */
static MYR_HD void myr_affine_step_general(const myr_affine_general *r, float *x, float *d1, float *d2,
                                           float z) {
    float d = r->g * *x;
    float y = myr_fmaf(r->c, z, r->shift);
    y = myr_fmaf(r->Q, *d2, y);
    y = myr_fmaf(r->P, *d1, y);
    y = myr_fmaf(r->B, d, y);
    y = myr_fmaf(r->A, *x, y);
    float second = myr_fmaf(r->H, r->g2 * y, r->shift2);
    second = myr_fmaf(r->Y, y, second);
    second = myr_fmaf(r->B2, d, second);
    second = myr_fmaf(r->A2, *x, second);
    *d2 = *d1;
    *d1 = d;
    *x = r->two_stage != 0.0f ? second : y;
}

#endif
