/* A row on one coordinate, for targets whose denoiser is affine: pointwise code of cpu and cuda.
 *
 * State relative to the mean path, x~ = x - a m and d~ = d - m; the denoiser is then d~ = g x~. */
#ifndef MYRIAD_AFFINE_ROW_H
#define MYRIAD_AFFINE_ROW_H

#include "port.h"

/* One stage, no memory: denoiser and row folded into one affine map. */
typedef struct myr_affine_cell {
    float alpha, shift, c;
} myr_affine_cell;

/* Any row. shift, shift2 are 0 for consistent samplers; they carry a made-up table's mean. */
typedef struct myr_affine_general {
    float n;                   /* pre-noise */
    float g;                   /* denoiser at the row's level */
    float A, B, P, Q, c;       /* first stage */
    float shift;
    float two_stage;           /* 0 or 1 */
    float g2, A2, B2, Y, H;    /* second stage */
    float shift2;
} myr_affine_general;

/* x~ <- alpha x~ + (c z + shift) */
static MYR_HD float myr_affine_step(float alpha, float shift, float c, float x, float z) {
    return myr_fmaf(alpha, x, myr_fmaf(c, z, shift));
}

/* The row of myriad/plan.h. state = { x~, d1~, d2~ }; z1 is the pre-noise's normal, z2 the noise's. */
static MYR_HD void myr_affine_step_general(const myr_affine_general *r, float *x, float *d1, float *d2,
                                           float z1, float z2) {
    float raised = myr_fmaf(r->n, z1, *x);
    float d = r->g * raised;
    float y = myr_fmaf(r->c, z2, r->shift);
    y = myr_fmaf(r->Q, *d2, y);
    y = myr_fmaf(r->P, *d1, y);
    y = myr_fmaf(r->B, d, y);
    y = myr_fmaf(r->A, raised, y);
    float second = myr_fmaf(r->H, r->g2 * y, r->shift2);
    second = myr_fmaf(r->Y, y, second);
    second = myr_fmaf(r->B2, d, second);
    second = myr_fmaf(r->A2, raised, second);
    *d2 = *d1;
    *d1 = d;
    *x = r->two_stage != 0.0f ? second : y;
}

#endif
