/* Philox4x32-10 over MYR_LANES trajectories at once, in 64-bit lanes whose upper halves are of no account:
 * a 32 x 32 -> 64 multiplication, a shift and an exclusive or make half a round.
 *
 * The vectors are the compiler's own; only the multiplication is named for each instruction set.
 * Trajectories 2l and 2l + 1 sit in lane l of an even and an odd vector, so that the two halves of a result
 * interleave. */
#ifndef MYRIAD_LANE_PHILOX_H
#define MYRIAD_LANE_PHILOX_H

#include <stdint.h>

#include "lanes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define MYR_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define MYR_VECTOR_BYTES 32
#else
#define MYR_VECTOR_BYTES 16
#endif
#define MYR_WIDE (MYR_VECTOR_BYTES / 8)        /* 64-bit lanes of a vector */
#define MYR_PAIRS (MYR_LANES / (2 * MYR_WIDE)) /* pairs of vectors of a block */

typedef uint64_t myr_wide __attribute__((vector_size(MYR_VECTOR_BYTES)));

/* The low halves' product. */
static inline myr_wide wide_multiply(myr_wide a, myr_wide b) {
#if defined(__AVX512F__)
    return (myr_wide)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (myr_wide)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__x86_64__)
    return (myr_wide)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
    return (a & UINT32_MAX) * (b & UINT32_MAX);
#endif
}

static inline myr_wide wide_xor3(myr_wide a, myr_wide b, myr_wide c) {
#if defined(__AVX512F__)
    return (myr_wide)_mm512_ternarylogic_epi64((__m512i)a, (__m512i)b, (__m512i)c, 0x96);
#else
    return a ^ b ^ c;
#endif
}

static inline myr_wide wide_set(uint64_t value) {
    return value - (myr_wide){0};
}

enum { PHILOX_ROUNDS = 10 };
#define PHILOX_M0 UINT32_C(0xD2511F53)
#define PHILOX_M1 UINT32_C(0xCD9E8D57)
#define PHILOX_W0 UINT32_C(0x9E3779B9)
#define PHILOX_W1 UINT32_C(0xBB67AE85)

/* What the first two rounds owe to the trajectory, its stream and the seed alone: computed once a block of
 * trajectories, used at every step. */
typedef struct lane_philox {
    uint32_t key0[2], key1[2];                                   /* of the first two rounds */
    myr_wide wide_key0[PHILOX_ROUNDS], wide_key1[PHILOX_ROUNDS]; /* of the others, ready as operands */
    uint32_t index_high;
    /* After round 2: word 0 is low1 ^ uniform, word 2 is high2 ^ uniform, word 3 is low2. */
    myr_wide low1[2 * MYR_PAIRS], high2[2 * MYR_PAIRS], low2[2 * MYR_PAIRS];
} lane_philox;

static inline void lane_philox_begin(lane_philox *p, uint64_t seed, uint64_t first, uint32_t stream) {
    for (uint32_t round = 0; round < PHILOX_ROUNDS; round++) {
        uint32_t key0 = (uint32_t)seed + round * PHILOX_W0;
        uint32_t key1 = (uint32_t)(seed >> 32) + round * PHILOX_W1;
        p->wide_key0[round] = wide_set(key0);
        p->wide_key1[round] = wide_set(key1);
        if (round < 2) {
            p->key0[round] = key0;
            p->key1[round] = key1;
        }
    }
    p->index_high = (uint32_t)(first >> 32);
    for (int vector = 0; vector < 2 * MYR_PAIRS; vector++) {
        myr_wide index = {0};
        for (int lane = 0; lane < MYR_WIDE; lane++)
            index[lane] = (uint32_t)first + (uint32_t)((vector / 2) * 2 * MYR_WIDE + 2 * lane + vector % 2);
        myr_wide product1 = wide_multiply(index, wide_set(PHILOX_M1));
        myr_wide word0 = (product1 >> 32) ^ (uint64_t)(stream ^ p->key0[0]);
        myr_wide product2 = wide_multiply(word0, wide_set(PHILOX_M0));
        p->low1[vector] = product1;
        p->high2[vector] = product2 >> 32;
        p->low2[vector] = product2;
    }
}

/* Rounds 3 to 10 on vectors, from the words after round 2. */
static inline __attribute__((always_inline)) void lane_philox_rounds(const lane_philox *p, myr_wide x[4]) {
    const myr_wide m0 = wide_set(PHILOX_M0), m1 = wide_set(PHILOX_M1);
#pragma GCC unroll 8
    for (int round = 2; round < PHILOX_ROUNDS; round++) {
        myr_wide product0 = wide_multiply(x[0], m0);
        myr_wide product1 = wide_multiply(x[2], m1);
        x[0] = wide_xor3(product1 >> 32, x[1], p->wide_key0[round]);
        x[2] = wide_xor3(product0 >> 32, x[3], p->wide_key1[round]);
        x[1] = product1;
        x[3] = product0;
    }
}

/* words[w][lane] of block `block`. */
static inline void lane_philox_words(const lane_philox *p, uint32_t block, uint32_t words[4][MYR_LANES]) {
    /* Rounds 1 and 2, the part that depends on the step alone. */
    uint64_t product1 = (uint64_t)PHILOX_M0 * block;
    uint32_t word2 = (uint32_t)(product1 >> 32) ^ p->index_high ^ p->key1[0];
    uint64_t product2 = (uint64_t)PHILOX_M1 * word2;
    myr_wide uniform0 = wide_set((uint32_t)(product2 >> 32) ^ p->key0[1]);
    myr_wide uniform1 = wide_set((uint32_t)product2);
    myr_wide uniform2 = wide_set((uint32_t)product1 ^ p->key1[1]);

    for (int pair = 0; pair < MYR_PAIRS; pair++) {
        myr_wide half[2][4];
        for (int odd = 0; odd < 2; odd++) {
            int vector = 2 * pair + odd;
            half[odd][0] = p->low1[vector] ^ uniform0;
            half[odd][1] = uniform1;
            half[odd][2] = p->high2[vector] ^ uniform2;
            half[odd][3] = p->low2[vector];
            lane_philox_rounds(p, half[odd]);
        }
        for (int w = 0; w < 4; w++) {
            myr_wide both = (half[0][w] & UINT32_MAX) | (half[1][w] << 32);
            __builtin_memcpy(&words[w][pair * 2 * MYR_WIDE], &both, sizeof both);
        }
    }
}

#endif
