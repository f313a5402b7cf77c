/* What all kernels share: the launch, the words, the normals. */
#ifndef MYRIAD_DEVICE_CUH
#define MYRIAD_DEVICE_CUH

#include <cuda_runtime.h>
#include <curand_philox4x32_x.h>
#include <stdint.h>

#include "launch.h"
#include "myriad/random.h"
#include "normal.h"

#define MYR_GPU static __device__ __forceinline__

/* Every launch goes through here, so that the tests can run the kernels on the host. */
#ifndef MYR_LAUNCH
#define MYR_LAUNCH(kernel, grid, block, shared_bytes, stream, ...) \
    (kernel<<<(grid), (block), (shared_bytes), (stream)>>>(__VA_ARGS__), cudaGetLastError())
#endif

/* The special-function unit, about 22 bits each; subnormals do not occur. Elsewhere the C library's. */
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

/* The Philox rounds 1 and 2 multiply only words that hold the trajectory alone or the block alone, but for
 * one product. With counter { block, stream, low, high } and the multipliers M0, M1:
 *
 *     round 1:  { hi(M1 low) ^ stream ^ k.x,  lo(M1 low),  hi(M0 block) ^ high ^ k.y,  lo(M0 block) }
 *     round 2:  { hi(M1 w2) ^ w1 ^ k.x,       lo(M1 w2),   hi(M0 w0) ^ w3 ^ k.y,       lo(M0 w0) }
 *
 * This is the trajectory's part, once a stream … */
typedef struct myr_trajectory {
    uint32_t second0, second2, second3; /* of round 2: w1 ^ k.x, hi(M0 w0) ^ k.y, lo(M0 w0) */
} myr_trajectory;

/* … and this the block's, once for all trajectories with the same upper half of the index. */
typedef struct myr_block {
    uint32_t product_low, product_high; /* M1 w2 */
    uint32_t first3;                    /* lo(M0 block) */
} myr_block;

/* Keeps the compiler from computing a value anew where it is used. */
#ifdef __CUDACC__
#define MYR_KEEP(value) asm volatile("" : "+r"(value))
#else
#define MYR_KEEP(value) ((void)(value))
#endif

MYR_GPU myr_trajectory myr_trajectory_make(const myr_device_keys *keys, uint32_t stream, uint32_t low) {
    uint32_t high0, high1;
    uint32_t low1 = mulhilo32(PHILOX_M4x32_1, low, &high1);
    uint32_t low0 = mulhilo32(PHILOX_M4x32_0, high1 ^ stream ^ keys->x[0], &high0);
    myr_trajectory t = {low1 ^ keys->x[1], high0 ^ keys->y[1], low0};
    MYR_KEEP(t.second0);
    MYR_KEEP(t.second2);
    MYR_KEEP(t.second3);
    return t;
}

MYR_GPU myr_block myr_block_make(const myr_device_keys *keys, uint32_t high, uint32_t block) {
    myr_block b;
    uint32_t high0;
    b.first3 = mulhilo32(PHILOX_M4x32_0, block, &high0);
    b.product_low = mulhilo32(PHILOX_M4x32_1, high0 ^ high ^ keys->y[0], &b.product_high);
    return b;
}

/* The words of a block: rounds 1 and 2 put together, rounds 3 to 10 by cuRAND. */
MYR_GPU uint4 myr_device_words(const myr_device_keys *keys, const myr_trajectory *t, const myr_block *b) {
    uint4 w = make_uint4(b->product_high ^ t->second0, b->product_low, t->second2 ^ b->first3, t->second3);
#pragma unroll
    for (int round = 2; round < 10; round++)
        w = _philox4x32round(w, make_uint2(keys->x[round], keys->y[round]));
    return w;
}

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
