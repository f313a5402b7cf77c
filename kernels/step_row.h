/* A row on one coordinate, for any denoiser: pointwise code of cpu and cuda.
 *
 * State relative to the mean path, x~ = x - a m and d~ = d - m, m the target's mean; shift and shift2 are
 * the multiples of m that this leaves over, 0 for consistent samplers. */
#ifndef MYRIAD_STEP_ROW_H
#define MYRIAD_STEP_ROW_H

#include "port.h"

/* The four numbers of a usual row come first: a device reads 16 bytes at a time. */
typedef struct myr_step {
    float A, B, c, shift;           /* first stage */
    float P, Q, n;                  /* of its memory, and the pre-noise */
    float two_stage;                /* 0 or 1 */
    float A2, B2, Y, H;             /* second stage */
    float less, shift2, nothing[2]; /* 64 bytes */
} myr_step;

/* x~ + n z */
static MYR_HD float myr_step_raise(const myr_step *r, float x, float z) {
    return myr_fmaf(r->n, z, x);
}

/* Of rows without memory: A x~ + B d~ + c z + shift m. */
static MYR_HD float myr_step_first(const myr_step *r, float m, float x, float d, float z) {
    float y = myr_fmaf(r->c, z, r->shift * m);
    y = myr_fmaf(r->B, d, y);
    return myr_fmaf(r->A, x, y);
}

/* Of rows with memory: that, and P d1~ + Q d2~. */
static MYR_HD float myr_step_first_memory(const myr_step *r, float m, float x, float d, float d1, float d2,
                                          float z) {
    float y = myr_fmaf(r->c, z, r->shift * m);
    y = myr_fmaf(r->Q, d2, y);
    y = myr_fmaf(r->P, d1, y);
    y = myr_fmaf(r->B, d, y);
    return myr_fmaf(r->A, x, y);
}

/* A' x~ + B' d~ + Y y~ + H (d'~ - less d~) + shift' m, less being 0 or 1. The second output is d'~, or a
 * multiple of y~ - a' d'~ (host/tables/second_stage.h says why). */
static MYR_HD float myr_step_second(const myr_step *r, float m, float x, float d, float y, float d_second) {
    float next = myr_fmaf(r->H, myr_fmaf(-r->less, d, d_second), r->shift2 * m);
    next = myr_fmaf(r->Y, y, next);
    next = myr_fmaf(r->B2, d, next);
    return myr_fmaf(r->A2, x, next);
}

#endif
