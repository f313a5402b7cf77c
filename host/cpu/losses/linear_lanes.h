/* The cpu backend's inner loops over the rows of a log-linear policy, compiled once for each instruction
 * set. */
#ifndef MYRIAD_LINEAR_LANES_H
#define MYRIAD_LINEAR_LANES_H

#include "cpu/cpu_isa.h"
#include "linear_shape.h"

/* Vectors of theta and of sums end with zeros, or room, up to a multiple of this. */
#define MYR_LINEAR_PAD 32

/* linear_lanes.c: products and their sums, in the order of linear_shape.h. */
typedef struct myr_linear_lanes {
    /* margins[j] of rows [count][parameters]. */
    void (*dots)(const float *rows, int count, int parameters, const float *theta, float *margins);
    /* sums[class][sums_stride] += slope[j] rows[j], row j of class j mod classes, group by group; the rows
     * begin at a group's begin. */
    void (*accumulate)(const float *rows, int count, int parameters, const myr_linear_shape *shape,
                       const float *slope, double *sums, size_t sums_stride);
} myr_linear_lanes;

/* Losses are evaluated for so many rows at a time. */
#define MYR_MARGIN_WIDTH 16

/* Pairs of a chunk with known margins; j counts from `first`, a row of the chunk. The arrays have room for
 * MYR_MARGIN_WIDTH rows more, which weigh 0. */
typedef struct myr_margin_rows {
    int kind; /* of the loss */
    const myr_loss_constants *constants;
    int first, count;
    float *margin, *weight;
    float *slope; /* v L' */
} myr_margin_rows;

/* What lies beyond the last class counts for nothing. */
typedef double myr_margin_partials[MYR_MARGIN_SUMS][MYR_ROW_CLASSES + MYR_MARGIN_WIDTH]
    __attribute__((aligned(64)));

/* margin_lanes.c: losses and slopes, pointwise. */
typedef struct myr_margin_lanes {
    /* x[j] -= reference[j], rounded once. */
    void (*subtract)(const double *reference, int count, float *x);
    /* Adds to the partial sums, row i to class i mod MYR_ROW_CLASSES; returns whether some row is bad. */
    int (*evaluate)(const myr_margin_rows *rows, myr_margin_partials partials);
    /* sums[MYR_MARGIN_SUMS]: the partial sums halved, in place. */
    void (*finish)(myr_margin_partials partials, double *sums);
    /* Poisson weights of word w of each of 128 pairs, times v. */
    void (*resample)(const uint32_t *words, const float *v, float *weight);
} myr_margin_lanes;

extern const myr_linear_lanes myr_linear_lanes_baseline;
extern const myr_linear_lanes myr_linear_lanes_avx2;   /* x86-64 only */
extern const myr_linear_lanes myr_linear_lanes_avx512; /* x86-64 only */
extern const myr_margin_lanes myr_margin_lanes_baseline;
extern const myr_margin_lanes myr_margin_lanes_avx2;   /* x86-64 only */
extern const myr_margin_lanes myr_margin_lanes_avx512; /* x86-64 only */

#endif
