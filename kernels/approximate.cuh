/* The special-function unit, about 22 bits each; subnormals do not occur. Elsewhere the C library's. */
#ifndef MYRIAD_APPROXIMATE_CUH
#define MYRIAD_APPROXIMATE_CUH

#include "device.cuh"

#ifdef __CUDACC__
#define MYR_APPROX(name, instruction)                                  \
    MYR_GPU float name(float x) {                                      \
        float y;                                                       \
        asm(instruction ".approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x)); \
        return y;                                                      \
    }
MYR_APPROX(myr_approx_log2, "lg2")
MYR_APPROX(myr_approx_sqrt, "sqrt")
MYR_APPROX(myr_approx_sin, "sin")
MYR_APPROX(myr_approx_cos, "cos")
#else
MYR_GPU float myr_approx_log2(float x) {
    return log2f(x);
}
MYR_GPU float myr_approx_sqrt(float x) {
    return sqrtf(x);
}
MYR_GPU float myr_approx_sin(float x) {
    return sinf(x);
}
MYR_GPU float myr_approx_cos(float x) {
    return cosf(x);
}
#endif

#endif
