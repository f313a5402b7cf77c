/* One step of a Markov chain in integers: the pointwise code of cpu and cuda.
 *
 * A row holds, state by state in order, the last of the 2^31 values v that leads to it or to one before it:
 *
 *     row[j] = round(2^31 (P_0 + … + P_j)) - 1,    -1: none does
 *
 * and a word draws with v = word / 2. The state drawn is the number of entries below v: a state of
 * probability 0 has the entry of the one before it, and is never drawn. Rows are as wide as a power of two;
 * what lies past the last state, which is above every v, is not reached. */
#ifndef MYRIAD_CHAIN_STEP_H
#define MYRIAD_CHAIN_STEP_H

#include "port.h"

/* Entries of a row: the states, rounded up to a power of two. */
static MYR_HD int myr_chain_width(int states) {
    int width = 1;
    while (width < states)
        width *= 2;
    return width;
}

static MYR_HD int32_t myr_chain_value(uint32_t word) {
    return (int32_t)(word >> 1);
}

/* One turn of the binary search in the row that begins at rows[base]; half goes from width/2 to 1, state
 * begins at 0. */
static MYR_HD int32_t myr_chain_advance(const int32_t *rows, int32_t base, int32_t half, int32_t v,
                                        int32_t state) {
    return state + (rows[base + state + half - 1] < v ? half : 0);
}

#endif
