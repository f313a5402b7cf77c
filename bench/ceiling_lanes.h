/* One copy of the ceiling's loop for each instruction set: see ceiling_lanes.c. */
#ifndef MYRIAD_CEILING_LANES_H
#define MYRIAD_CEILING_LANES_H

#include <stdint.h>

typedef struct bench_ceiling {
    const char *isa;
    /* Runs the loop; returns the lane operations done. *sink gets a value that depends on all of them. */
    double (*run)(uint64_t rounds, float *sink);
} bench_ceiling;

extern const bench_ceiling bench_ceiling_baseline;
extern const bench_ceiling bench_ceiling_avx2;   /* x86-64 only */
extern const bench_ceiling bench_ceiling_avx512; /* x86-64 only */

#endif
