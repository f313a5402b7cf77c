/* Denoisers of one point at one level: pointwise code of cpu and cuda, for targets whose file says what they read at a level
 * (write_level of host/targets/target_data.h). The rest of a row is step_row.h's.
 *
 * State relative to the mean path, x~ = x - a m and d~ = d - m, m the target's mean. Coordinate c of a point is
 * x[c * stride], as the lanes of cpu and the threads of cuda have it. Exact arithmetic is the order that is written here.
 *
 * One that is new is a function, and a line in the list at the end. */
#ifndef MYRIAD_POINTWISE_H
#define MYRIAD_POINTWISE_H

#include "root.h"

/* Terms of the continued fraction of I1/I0: below MYR_BESSEL_FAR, 18 are right to 2e-9. */
#define MYR_BESSEL_TERMS 18
#define MYR_BESSEL_FAR 16.0f

/* I1(k)/I0(k) for k >= 0, I modified Bessel functions. Of I_n/I_(n-1) = k/(2n + k I_(n+1)/I_n) a number of terms, from the
 * last, whose rounding each further one makes smaller (DLMF 10.33.1); far out the asymptotic series in 1/k, whose
 * coefficients follow from r' = 1 - r/k - r^2: right to 4e-9. */
static MYR_HD float myr_bessel_ratio(float k) {
    const float near = k < MYR_BESSEL_FAR ? k : MYR_BESSEL_FAR;
    float r = 0.0f;
    MYR_UNROLL
    for (int n = MYR_BESSEL_TERMS; n > 0; n--)
        r = near / myr_fmaf(near, r, 2.0f * (float)n);
    const float t = 1.0f / (k > MYR_BESSEL_FAR ? k : MYR_BESSEL_FAR);
    float far = -103.0f / 32.0f;
    far = myr_fmaf(far, t, -1073.0f / 1024.0f);
    far = myr_fmaf(far, t, -13.0f / 32.0f);
    far = myr_fmaf(far, t, -25.0f / 128.0f);
    far = myr_fmaf(far, t, -0.125f);
    far = myr_fmaf(far, t, -0.125f);
    far = myr_fmaf(far, t, -0.5f);
    far = myr_fmaf(far, t, 1.0f);
    return k < MYR_BESSEL_FAR ? r : far;
}

/* A ring of radius R: the angle of x0 given x is about that of x~ as von Mises has it, of concentration k = a R |x~|/s^2, so
 * that d~ = R I1(k)/I0(k) x~/|x~|. A level is R and a R/s^2. The length is taken of x~ over its larger coordinate: its
 * square, in [1, 2], is then in reach of floats, and of myr_root. */
static MYR_HD void myr_denoise_ring(const float *level, int stride, const float *x, float *d) {
    const float x0 = fabsf(x[0]), x1 = fabsf(x[stride]), larger = x0 > x1 ? x0 : x1;
    const float unit = larger > 0.0f ? larger : 1.0f;
    const float u0 = x[0] / unit, u1 = x[stride] / unit;
    const float length = myr_root(myr_fmaf(u0, u0, u1 * u1));
    const float along = larger > 0.0f ? length : 1.0f;
    const float gain = level[0] * myr_bessel_ratio(level[1] * (unit * length)) / along;
    d[0] = gain * u0;
    d[stride] = gain * u1;
}

/* X(NAME, DIMENSION): myr_denoise_NAME is the denoiser of myr_target_NAME, which has that many coordinates, at most 3. */
#define MYR_POINTWISE_LIST(X) X(ring, 2)

#endif
