/* What the suites of exact policies share: a problem with known rewards, and comparisons drawn from it. */
#ifndef MYRIAD_POLICY_WORLD_H
#define MYRIAD_POLICY_WORLD_H

#include "support.h"

enum { PROMPTS = 3, ANSWERS = 4, ENTRIES = PROMPTS * ANSWERS, ROWS = 600 };

typedef struct world {
    myr_context *context;
    myr_policy_problem problem;
    double reference[ENTRIES], rewards[ENTRIES];
    uint32_t prompts[ROWS], answers[2 * ROWS];
    myr_policy_pairs pairs;
} world;

static inline double uniform(uint64_t *state) {
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

/* Tables and rows at random: every answer wins and loses against every other. */
static inline world *new_world(uint64_t seed) {
    world *w = calloc(1, sizeof *w);
    w->context = new_context();
    for (int n = 0; n < ENTRIES; n++) {
        w->reference[n] = -3.0 * uniform(&seed);
        w->rewards[n] = 4.0 * uniform(&seed) - 2.0;
    }
    for (uint32_t i = 0; i < ROWS; i++) {
        w->prompts[i] = (uint32_t)(next_random(&seed) % PROMPTS);
        w->answers[2 * i] = (uint32_t)(next_random(&seed) % ANSWERS);
        w->answers[2 * i + 1] =
            (w->answers[2 * i] + 1 + (uint32_t)(next_random(&seed) % (ANSWERS - 1))) % ANSWERS;
    }
    w->problem = (myr_policy_problem){sizeof w->problem, PROMPTS, ANSWERS, w->reference, w->rewards, 0.6};
    w->pairs = (myr_policy_pairs){sizeof w->pairs, ROWS, w->prompts, w->answers};
    return w;
}

static inline void free_world(world *w) {
    myr_context_destroy(w->context);
    free(w);
}

#endif
