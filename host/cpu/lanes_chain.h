/* The cpu backend's inner loop over chains: lanes_chain.c, compiled once for each instruction set. */
#ifndef MYRIAD_LANES_CHAIN_H
#define MYRIAD_LANES_CHAIN_H

#include "lanes.h"
#include "tables/chain_table.h"

/* Blocks of lanes that go through the steps together: a step's matrix, of up to 256 KiB, is then read for
 * 2,048 trajectories at a time. */
#define MYR_CHAIN_BLOCKS 16

typedef int32_t myr_lane_states[MYR_LANES] __attribute__((aligned(64))); /* from 0 */

typedef struct myr_chain_lanes {
    const char *isa;
    size_t work_bytes; /* that a thread works in, a multiple of 64 and aligned so */
    /* Runs blocks of lanes from trajectory first on, a multiple of MYR_LANES, 1 … MYR_CHAIN_BLOCKS of them,
     * through the table's rows, which are number row_begin on: from state[blocks] if enter is true, else
     * from the start's draw, to state. */
    void (*run)(const myr_chain_table *table, uint64_t seed, int64_t row_begin, uint64_t first, int blocks,
                bool enter, myr_lane_states *state, void *work);
} myr_chain_lanes;

extern const myr_chain_lanes myr_chain_lanes_baseline;
extern const myr_chain_lanes myr_chain_lanes_avx2;   /* x86-64 only */
extern const myr_chain_lanes myr_chain_lanes_avx512; /* x86-64 only */

#endif
