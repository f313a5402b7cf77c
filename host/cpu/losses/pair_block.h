/* A block of rows of the reduction over pairs, MYR_PARTIALS at a time go through the first-level cache. */
#ifndef MYRIAD_PAIR_BLOCK_H
#define MYRIAD_PAIR_BLOCK_H

#include "pair_view.h"

enum { ROWS = MYR_PARTIALS };

typedef float row_array[ROWS] __attribute__((aligned(64)));
typedef double wide_array[ROWS] __attribute__((aligned(64)));

typedef struct block {
    wide_array ratio[2], policy[2];     /* w and l; log pi */
    row_array chosen, rejected, margin; /* what the loss takes */
    row_array weight, length[2], one;
    row_array exponential; /* of pair_tiles.h */
    row_array loss, slope[2];
} block;

/* Partial sums of the chunk. */
typedef double partial_sums[MYR_SUMS][ROWS] __attribute__((aligned(64)));

/* Whether a number is larger in size than most, or NaN: among bit patterns without their sign these are the
 * larger ones, so that a maximum finds them. */
static MYR_HD uint32_t size_bits(float value) {
    return myr_bits_of_float(value) & 0x7fffffffu;
}

static MYR_HD uint32_t larger_bits(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

#endif
