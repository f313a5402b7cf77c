/* Chains over blocks of 128 trajectories: words, and by them binary searches side by side. All in integers,
 * so that all copies give the same bits. */
#include "lanes_chain.h"

#include "chain_step.h"
#include "lane_philox.h"

/* One step of a block. The rows that the lanes are in begin at base. */
static inline void step_block(const int32_t *rows, int32_t width, const uint32_t *words, int32_t *state) {
    int32_t value[MYR_LANES] __attribute__((aligned(64)));
    int32_t base[MYR_LANES] __attribute__((aligned(64)));
#pragma omp simd
    for (int lane = 0; lane < MYR_LANES; lane++) {
        value[lane] = myr_chain_value(words[lane]);
        base[lane] = state[lane] * width;
        state[lane] = 0;
    }
    for (int32_t half = width / 2; half > 0; half /= 2) {
#pragma omp simd
        for (int lane = 0; lane < MYR_LANES; lane++)
            state[lane] = myr_chain_advance(rows, base[lane], half, value[lane], state[lane]);
    }
}

static void draw_start(const myr_chain_table *table, uint64_t seed, uint64_t first, int32_t *state) {
    uint32_t words[4][MYR_LANES] __attribute__((aligned(64)));
    lane_philox philox;
    lane_philox_begin(&philox, seed, first, MYR_STREAM_START);
    lane_philox_words(&philox, 0, words);
    for (int lane = 0; lane < MYR_LANES; lane++)
        state[lane] = 0; /* there is one row */
    step_block(table->start, table->width, words[0], state);
}

/* Word number k of a trajectory is component k mod 4 of block k / 4: four rows a block of words. */
static void run(const myr_chain_table *table, uint64_t seed, int64_t row_begin, uint64_t first, int blocks,
                bool enter, myr_lane_states *state, void *work) {
    lane_philox *philox = work;
    uint32_t words[4][MYR_LANES] __attribute__((aligned(64)));
    const size_t step = (size_t)table->states * (size_t)table->width;
    const int64_t row_end = row_begin + table->rows;
    for (int b = 0; b < blocks; b++) {
        uint64_t index = first + (uint64_t)b * MYR_LANES;
        lane_philox_begin(&philox[b], seed, index, MYR_STREAM_STEP);
        if (!enter)
            draw_start(table, seed, index, state[b]);
    }
    for (int64_t number = row_begin / 4; 4 * number < row_end; number++)
        for (int b = 0; b < blocks; b++) {
            lane_philox_words(&philox[b], (uint32_t)number, words);
            for (int64_t k = 4 * number; k < 4 * number + 4; k++)
                if (k >= row_begin && k < row_end)
                    step_block(table->steps + (size_t)(k - row_begin) * step, table->width, words[k % 4],
                               state[b]);
        }
}

#define MYR_PASTE(a, b) a##b
#define MYR_EXPAND(a, b) MYR_PASTE(a, b)
#define MYR_QUOTE(a) #a
#define MYR_NAME(a) MYR_QUOTE(a)

const myr_chain_lanes MYR_EXPAND(myr_chain_lanes_, MYR_ISA) = {MYR_NAME(MYR_ISA),
                                                               MYR_CHAIN_BLOCKS * sizeof(lane_philox), run};
