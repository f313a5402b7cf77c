/* What differs between the compilers that read the files of this folder: C11 on the CPU, CUDA C++ on
 * the device. The files keep to the subset that both understand. */
#ifndef MYRIAD_PORT_H
#define MYRIAD_PORT_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __CUDACC__
#define MYR_HD __host__ __device__ __forceinline__
#else
#define MYR_HD inline __attribute__((always_inline))
#endif

/* The loop behind it goes away, for the one around it to be vectorised: its length is literal, at most 32. */
#if defined(__CUDA_ARCH__)
#define MYR_UNROLL _Pragma("unroll")
#elif defined(__CUDACC__) /* its pass over the host's code knows neither */
#define MYR_UNROLL
#elif defined(__clang__)
#define MYR_UNROLL _Pragma("clang loop unroll(full)")
#else
#define MYR_UNROLL _Pragma("GCC unroll 32")
#endif

/* One rounding, always. Where the instruction set has a fused multiply-add the compiler's own is it;
 * elsewhere (x86-64 before 2013) it is built from double: the product is exact, the sum is rounded to
 * odd (Boldo & Melquiond, 2008), so that the second rounding to float is the only one. */
#if defined(__CUDACC__) || defined(__FP_FAST_FMAF) || defined(__FMA__) || defined(__aarch64__)
static MYR_HD float myr_fmaf(float a, float b, float c) {
    return fmaf(a, b, c);
}
#else
static MYR_HD float myr_fmaf(float a, float b, float c) {
    double product = (double)a * (double)b;
    double addend = (double)c;
    double sum = product + addend;
    double back = sum - product;
    double error = (product - (sum - back)) + (addend - back);
    int64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    /* An inexact sum with an even last bit moves one unit toward the exact value. */
    int64_t toward = ((error > 0.0) == (sum > 0.0)) ? 1 : -1;
    bits += (error != 0.0 && (bits & 1) == 0) ? toward : 0;
    memcpy(&sum, &bits, sizeof sum);
    return (float)sum;
}
#endif

/* A number as float; 0 below a least one. A product, for a compiler could put a choice behind the
 * conversion, which would make a subnormal number first. */
static MYR_HD float myr_narrow(double value, double least) {
    const double kept = fabs(value) < least ? 0.0 : 1.0;
    return (float)(value * kept);
}

static MYR_HD float myr_float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static MYR_HD uint32_t myr_bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

#endif
