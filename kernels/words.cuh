/* The words of a trajectory's streams, Philox4x32-10 by blocks of four. */
#ifndef MYRIAD_WORDS_CUH
#define MYRIAD_WORDS_CUH

#include <curand_philox4x32_x.h>

#include "device.cuh"
#include "myriad/random.h"
#include "word_launch.h"

/* The Philox rounds 1 and 2 multiply only words that hold the trajectory alone or the block alone, but for
 * one product. With counter { block, stream, low, high } and the multipliers M0, M1:
 *
 *     round 1:  { hi(M1 low) ^ stream ^ k.x,  lo(M1 low),  hi(M0 block) ^ high ^ k.y,  lo(M0 block) }
 *     round 2:  { hi(M1 w2) ^ w1 ^ k.x,       lo(M1 w2),   hi(M0 w0) ^ w3 ^ k.y,       lo(M0 w0) }
 *
 * This is the trajectory's part, which is computed once a stream. */
typedef struct myr_trajectory {
    uint32_t second0, second2, second3; /* of round 2: w1 ^ k.x, hi(M0 w0) ^ k.y, lo(M0 w0) */
} myr_trajectory;

/* The block's part, which is computed once for all trajectories with the same upper half of the index. */
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

#endif
