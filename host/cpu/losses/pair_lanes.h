/* The cpu backend's inner loop over pairs: pair_lanes.c, compiled once for each instruction set. */
#ifndef MYRIAD_PAIR_LANES_H
#define MYRIAD_PAIR_LANES_H

#include <stdint.h>

#include "pair_view.h"

typedef struct myr_pair_lanes {
    const char *isa;
    /* Rows first … first + count - 1, 1 … MYR_CHUNK of them: gradients, if wanted, and sums[MYR_SUMS],
     * those of view->survey and view->losses. Returns whether some row is bad. */
    int (*chunk)(const myr_pair_view *view, uint64_t first, int count, double *sums);
} myr_pair_lanes;

extern const myr_pair_lanes myr_pair_lanes_baseline;
extern const myr_pair_lanes myr_pair_lanes_avx2;   /* x86-64 only */
extern const myr_pair_lanes myr_pair_lanes_avx512; /* x86-64 only */

#endif
