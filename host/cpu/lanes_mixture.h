/* The rows of mixtures on blocks of trajectories side by side: run_mixture of myr_lanes_isa.
 * lanes_mixture.c is compiled once for each instruction set. */
#ifndef MYRIAD_LANES_MIXTURE_H
#define MYRIAD_LANES_MIXTURE_H

#include "lanes.h"

/* Coordinates whose sums stay in registers. */
#define MYR_SMALL_MIXTURE 3

#define MYR_RUN_MIXTURE(isa)                                                         \
    void myr_run_mixture_##isa(const myr_lanes_run *run, uint64_t first, bool enter, \
                               const myr_lane_work *work)

MYR_RUN_MIXTURE(baseline);
MYR_RUN_MIXTURE(avx2);   /* x86-64 only */
MYR_RUN_MIXTURE(avx512); /* x86-64 only */

#endif
