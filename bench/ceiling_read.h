/* The loop behind bench_reading_rate, compiled once for each instruction set. */
#ifndef MYRIAD_CEILING_READ_H
#define MYRIAD_CEILING_READ_H

#include <stddef.h>
#include <stdint.h>

typedef struct bench_reader {
    const char *isa;
    /* Reads count words, and nothing else: their exclusive or. */
    uint64_t (*read)(const uint64_t *words, size_t count);
} bench_reader;

extern const bench_reader bench_reader_baseline;
extern const bench_reader bench_reader_avx2;   /* x86-64 only */
extern const bench_reader bench_reader_avx512; /* x86-64 only */

#endif
