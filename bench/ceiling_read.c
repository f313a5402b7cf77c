/* Reading, and nothing else: the most that a reduction over a large array can hope for. */
#include "ceiling_read.h"

static uint64_t read_words(const uint64_t *words, size_t count) {
    uint64_t all = 0;
#pragma omp simd reduction(^ : all)
    for (size_t i = 0; i < count; i++)
        all ^= words[i];
    return all;
}

#define BENCH_PASTE(a, b) a##b
#define BENCH_EXPAND(a, b) BENCH_PASTE(a, b)
#define BENCH_QUOTE(a) #a
#define BENCH_NAME(a) BENCH_QUOTE(a)

const bench_reader BENCH_EXPAND(bench_reader_, MYR_ISA) = {BENCH_NAME(MYR_ISA), read_words};
