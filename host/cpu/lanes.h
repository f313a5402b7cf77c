/* The cpu backend's inner loops, over blocks of trajectories side by side. The files lanes*.c are compiled once for
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

typedef float myr_lane_row[MYR_LANES] __attribute__((aligned(64)));

/* What a block works in: [dimension] each. */
typedef struct myr_lane_work {
    myr_lane_row *state, *d1, *d2; /* kept from window to window */
    myr_lane_row *d, *y, *d_second;
    myr_lane_row *scratch; /* as many as the denoiser wants */
} myr_lane_work;
#define MYR_LANE_WORK 6

/* What a denoiser reads: the table of its target. */
typedef union myr_lanes_table {
    myr_affine_table affine;
    myr_row_table rows; /* of all others, which begin with it */
    myr_mixture_table mixture;
    myr_empirical_table empirical;
} myr_lanes_table;

typedef struct myr_lanes_denoiser myr_lanes_denoiser;

/* A block, and what it is run through. */
typedef struct myr_lanes_run {
    const myr_job *job;
    const myr_lanes_denoiser *denoiser;
    const myr_lanes_table *table;
    int64_t row, rows; /* from which row on, and how many, all in the table */
    bool enter;        /* the work holds what the block has come to; else its start is drawn */
    uint64_t first;    /* trajectory of lane 0, a multiple of MYR_LANES */
    uint64_t
        place; /* number of the job's trajectory in lane `begin`: the lanes begin … end - 1 are the job's */
    int begin, end;
} myr_lanes_run;

typedef struct myr_lane_source myr_lane_source; /* of normals: lane_normals.h */

/* A target's part of the loops. */
struct myr_lanes_denoiser {
    /* Draws the start to the state. */
    void (*start)(const myr_lanes_run *run, myr_lane_row *state);
    /* d = D(x~) at a level, as kernels/step_row.h takes it. */
    void (*denoise)(const myr_lanes_table *table, const float *level, myr_lane_row *x, myr_lane_row *d,
                    myr_lane_row *scratch);
    /* All of the run's rows at once, where the denoiser is folded into them; else NULL. */
    void (*rows)(const myr_lanes_run *run, myr_lane_source *noise, const myr_lane_work *work);
};

/* The functions of one instruction set. */
typedef struct myr_lanes_isa {
    const char *name;
    /* Runs the block through the run's rows. */
    void (*run)(const myr_lanes_run *run, const myr_lane_work *work);
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

/* The name of this copy: prefix_baseline … */
#define MYR_LANES_PASTE(prefix, isa) prefix##_##isa
#define MYR_LANES_EXPAND(prefix, isa) MYR_LANES_PASTE(prefix, isa)
#define MYR_LANES_NAME(prefix) MYR_LANES_EXPAND(prefix, MYR_ISA)

#endif
