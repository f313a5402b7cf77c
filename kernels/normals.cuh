/* Normals from words, in exact or in fast arithmetic. */
#ifndef MYRIAD_NORMALS_CUH
#define MYRIAD_NORMALS_CUH

#include "approximate.cuh"
#include "normal.h"
#include "words.cuh"

/* myr_normal_pair on the special-function unit, but for the factor MYR_FAST_SCALE, which the cells have
 * taken up. A log2 rounded up can be above 0: hence the size. */
MYR_GPU void myr_fast_pair(uint32_t w0, uint32_t w1, float *z0, float *z1) {
    float radius = (float)(int32_t)w0;
    float u = fmaf(fabsf(radius), 0x1p-31f, 0x1p-33f);
    float rho = myr_approx_sqrt(fabsf(myr_approx_log2(u)));
    float theta = (float)(int32_t)w1 * 0x1.921fb6p-31f; /* (pi/2) 2^-31 */
    *z0 = rho * myr_approx_sin(theta);
    *z1 = copysignf(rho, radius) * myr_approx_cos(theta);
}

/* Four normals from a block's words, in fast arithmetic divided by MYR_FAST_SCALE. fast is literal in every
 * kernel. */
MYR_GPU void myr_device_normals(uint4 w, const int fast, float z[4]) {
    if (fast) {
        myr_fast_pair(w.x, w.y, &z[0], &z[1]);
        myr_fast_pair(w.z, w.w, &z[2], &z[3]);
    } else {
        myr_normal_pair(w.x, w.y, &z[0], &z[1]);
        myr_normal_pair(w.z, w.w, &z[2], &z[3]);
    }
}

#endif
