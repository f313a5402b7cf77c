/* The rows of data points on blocks of trajectories side by side: run_empirical of myr_lanes_isa.
 * lanes_empirical.c is compiled once for each instruction set. */
#ifndef MYRIAD_LANES_EMPIRICAL_H
#define MYRIAD_LANES_EMPIRICAL_H

#include "lanes.h"

#define MYR_RUN_EMPIRICAL(isa)                                                         \
    void myr_run_empirical_##isa(const myr_lanes_run *run, uint64_t first, bool enter, \
                                 const myr_lane_work *work, myr_lane_row *scores)

MYR_RUN_EMPIRICAL(baseline);
MYR_RUN_EMPIRICAL(avx2);   /* x86-64 only */
MYR_RUN_EMPIRICAL(avx512); /* x86-64 only */

#endif
