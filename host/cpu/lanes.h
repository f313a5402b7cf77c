/* The cpu backend's inner loops, over blocks of trajectories side by side. lanes.c is compiled once for
 * each instruction set; this header declares every copy. */
#ifndef MYRIAD_LANES_H
#define MYRIAD_LANES_H

#include "affine_table.h"
#include "chunk_moments.h"

/* Trajectories of a block. Blocks begin at multiples of it, so that the upper half of the index is the same
 * for all of a block. */
#define MYR_LANES 128

/* What a block needs to know; the same for all blocks of a run. */
typedef struct myr_lanes_run {
    uint64_t seed;
    int64_t row_begin;
    const myr_affine_table *table;
} myr_lanes_run;

typedef float myr_lane_row[MYR_LANES] __attribute__((aligned(64)));

/* The functions of one instruction set. */
typedef struct myr_lanes_isa {
    const char *name;
    /* Runs the trajectories first … first + 127 (first a multiple of 128). state holds the states at the
     * first row if enter is true, else it is filled from stream 1; then all rows are executed. memory:
     * d1~ and d2~, [2][dimension], for general tables (else NULL). */
    void (*run)(const myr_lanes_run *run, uint64_t first, bool enter, myr_lane_row *state,
                myr_lane_row *memory);
    /* Words and normals of one Philox block. */
    void (*words)(uint64_t seed, uint64_t first, uint32_t stream, uint32_t block,
                  uint32_t words[4][MYR_LANES]);
    void (*normals)(uint64_t seed, uint64_t first, uint32_t stream, uint32_t block,
                    float normals[4][MYR_LANES]);
    /* Moments of the n values of a chunk, 1 … MYR_CHUNK. */
    myr_moment_node (*moments)(const float *values, int n);
} myr_lanes_isa;

extern const myr_lanes_isa myr_lanes_baseline;
extern const myr_lanes_isa myr_lanes_avx2;   /* x86-64 only */
extern const myr_lanes_isa myr_lanes_avx512; /* x86-64 only */

#endif
