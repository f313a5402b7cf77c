/* The square root of exact arithmetic, for arguments that are 0 or in [2^-100, 2^100].
 *
 * On the CPU it is the square root instruction. On the device sqrtf branches to a subroutine for arguments
 * that cannot occur here, which costs more than the root itself and keeps trajectories from overlapping. So
 * the same bits are made without a branch: an estimate y of 1/sqrt(x), then Goldschmidt's iteration and
 * Markstein's last correction, in fused multiply-adds. The result is the correctly rounded root for *every*
 * y within the relative error 2^-22.9 that PTX promises for rsqrt.approx: tests/test_root.c tries all of
 * them. */
#ifndef MYRIAD_ROOT_H
#define MYRIAD_ROOT_H

#include "port.h"

#define MYR_ROOT_SMALLEST 0x1p-100f

/* y: 1/sqrt(max(x, MYR_ROOT_SMALLEST)), within 2^-22.9 of it. */
static MYR_HD float myr_root_from_estimate(float x, float y) {
    float root = x * y;
    float half = 0.5f * y;
    float short_of = myr_fmaf(-root, half, 0.5f);
    root = myr_fmaf(short_of, root, root);
    half = myr_fmaf(short_of, half, half);
    return myr_fmaf(myr_fmaf(-root, root, x), half, root);
}

static MYR_HD float myr_root(float x) {
#ifdef __CUDA_ARCH__
    float y;
    asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(fmaxf(x, MYR_ROOT_SMALLEST)));
    return myr_root_from_estimate(x, y);
#else
    return sqrtf(x);
#endif
}

#endif
