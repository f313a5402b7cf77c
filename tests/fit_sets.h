/* Comparisons that the suites of fits make up. Include after criterion.h. */
#ifndef MYRIAD_TEST_FIT_SETS_H
#define MYRIAD_TEST_FIT_SETS_H

#include "support.h"

static inline double uniform(uint64_t *state) {
    return ((double)(next_random(state) >> 11) + 0.5) * 0x1p-53;
}

typedef struct set {
    uint32_t first[4096], second[4096];
    double first_wins[4096], second_wins[4096];
    uint64_t count;
} set;

static inline void add(set *s, uint32_t first, uint32_t second, double first_wins, double second_wins) {
    s->first[s->count] = first;
    s->second[s->count] = second;
    s->first_wins[s->count] = first_wins;
    s->second_wins[s->count++] = second_wins;
}

static inline myr_outcomes *make(myr_context *context, uint32_t items, const set *s) {
    myr_outcomes *outcomes = NULL;
    REQUIRE_OK(context, myr_outcomes_create_comparisons(context, items, s->count, s->first, s->second,
                                                        s->first_wins, s->second_wins, &outcomes));
    return outcomes;
}

#endif
