/* The cpu backend's inner loops, over blocks of trajectories side by side. lanes.c is compiled once for
 * each instruction set; this header declares every copy. */
#ifndef MYRIAD_LANES_H
#define MYRIAD_LANES_H

#include "chunk_moments.h"
#include "tables/affine_table.h"
#include "tables/empirical_table.h"
#include "tables/mixture_table.h"

/* Trajectories of a block. Blocks begin at multiples of it, so that the upper half of the index is the same
 * for all of a block. */
#define MYR_LANES 128

/* Normals given for the lanes begin … end - 1 of a block: [end - begin][stride], number j of a lane at j.
 */
typedef struct myr_lane_given {
    const double *numbers; /* NULL: none, the generator's are taken */
    uint64_t stride;
    int begin, end;
} myr_lane_given;

/* What a block needs to know. */
typedef struct myr_lanes_run {
    uint64_t seed;
    int64_t row_begin; /* of the rows that are run */
    const myr_affine_table *affine;
    const myr_mixture_table *mixture;
    const myr_empirical_table *empirical;
    myr_lane_given start, noise;
} myr_lanes_run;

typedef float myr_lane_row[MYR_LANES] __attribute__((aligned(64)));

/* What a block of a mixture, or of data, works in: [dimension] each. */
typedef struct myr_lane_work {
    myr_lane_row *state, *d1, *d2; /* kept from window to window; d2 follows on d1 */
    myr_lane_row *d, *y, *d_second;
} myr_lane_work;
#define MYR_LANE_WORK 6

/* Points of a tile at most. Its scores, 128 KiB, stay in the second-level cache. */
#define MYR_POINT_TILE 256

/* The functions of one instruction set. */
typedef struct myr_lanes_isa {
    const char *name;
    /* Run the trajectories first … first + 127 (first a multiple of 128): all rows of run->affine or of
     * run->empirical, or those in the window of run->mixture. state (and for mixtures and data d1 and d2)
     * holds what they have come to if enter is true, else the start is drawn to state. memory: d1~ and d2~,
     * [2][dimension], at first 0; scores: for a tile of points, MYR_POINT_TILE rows. */
    void (*run_affine)(const myr_lanes_run *run, uint64_t first, bool enter, myr_lane_row *state,
                       myr_lane_row *memory);
    void (*run_mixture)(const myr_lanes_run *run, uint64_t first, bool enter, const myr_lane_work *work);
    void (*run_empirical)(const myr_lanes_run *run, uint64_t first, bool enter, const myr_lane_work *work,
                          myr_lane_row *scores);
    /* to = axes from, as kernels/affine_row.h orders it; axes[dimension][dimension]. */
    void (*rotate)(const float *axes, int dimension, myr_lane_row *from, myr_lane_row *to);
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
