/* The most that this instruction set's multipliers can do: independent chains of 32 x 32 -> 64
 * multiplications and of fused multiply-adds, 5 and 9 side by side, and nothing else. Philox and Box-Muller
 * need both in about this proportion (bench_gaussian.c), and on today's processors both run on the same two
 * pipes. */
#include "ceiling_lanes.h"

#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__FMA__))
#include <immintrin.h>

#if defined(__AVX512F__)
enum { LANES = 16 };
typedef __m512 reals;
typedef __m512i words;
static inline reals fused(reals a, reals b, reals c) {
    return _mm512_fmadd_ps(a, b, c);
}
static inline words multiply(words a, words b) {
    return _mm512_mul_epu32(a, b);
}
static inline reals set_real(float x) {
    return _mm512_set1_ps(x);
}
static inline words set_word(int x) {
    return _mm512_set1_epi32(x);
}
#else
enum { LANES = 8 };
typedef __m256 reals;
typedef __m256i words;
static inline reals fused(reals a, reals b, reals c) {
    return _mm256_fmadd_ps(a, b, c);
}
static inline words multiply(words a, words b) {
    return _mm256_mul_epu32(a, b);
}
static inline reals set_real(float x) {
    return _mm256_set1_ps(x);
}
static inline words set_word(int x) {
    return _mm256_set1_epi32(x);
}
#endif

enum { FUSED_CHAINS = 9, MULTIPLY_CHAINS = 5 };

static double run(uint64_t rounds, float *sink) {
    reals f[FUSED_CHAINS], half = set_real(0.5f); /* x/2 + 1/2: one register, tends to 1 */
    words m[MULTIPLY_CHAINS], factor = set_word(0x2511F53);
    for (int chain = 0; chain < FUSED_CHAINS; chain++)
        f[chain] = set_real(1.0f + (float)chain);
    for (int chain = 0; chain < MULTIPLY_CHAINS; chain++)
        m[chain] = set_word(12345 + chain);
    for (uint64_t round = 0; round < rounds; round++) {
#pragma GCC unroll 9
        for (int chain = 0; chain < FUSED_CHAINS; chain++)
            f[chain] = fused(f[chain], half, half);
#pragma GCC unroll 5
        for (int chain = 0; chain < MULTIPLY_CHAINS; chain++)
            m[chain] = multiply(m[chain], factor);
    }
    /* The results are used, so that the loops stay. */
    float values[LANES];
    for (int chain = 1; chain < FUSED_CHAINS; chain++)
        f[0] = fused(f[chain], half, f[0]);
    for (int chain = 1; chain < MULTIPLY_CHAINS; chain++)
        m[0] = multiply(m[0], m[chain]);
    __builtin_memcpy(values, &f[0], sizeof values);
    uint32_t bits;
    __builtin_memcpy(&bits, &m[0], sizeof bits);
    *sink = values[0] + (float)bits;
    return (double)rounds * (FUSED_CHAINS + MULTIPLY_CHAINS) * LANES;
}

#else

static double run(uint64_t rounds, float *sink) {
    (void)rounds;
    *sink = 0.0f;
    return 0.0; /* no fused multiply-add: the limit is not known */
}

#endif

#define BENCH_PASTE(a, b) a##b
#define BENCH_EXPAND(a, b) BENCH_PASTE(a, b)
#define BENCH_QUOTE(a) #a
#define BENCH_NAME(a) BENCH_QUOTE(a)

const bench_ceiling BENCH_EXPAND(bench_ceiling_, MYR_ISA) = {BENCH_NAME(MYR_ISA), run};
