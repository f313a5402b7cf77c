/* What the suites of chains of states share: targets, and plans for them. */
#ifndef MYRIAD_DISCRETE_TARGETS_H
#define MYRIAD_DISCRETE_TARGETS_H

#include "support.h"

static inline double uniform(uint64_t *random) {
    return (double)(next_random(random) >> 11) * 0x1p-53;
}

/* A target with weights and matrices of its own, some entries 0. matrices: 1, or one a step. */
static inline myr_target *random_target(myr_context *context, int s, int64_t matrices, bool with_zeros,
                                        uint64_t *random) {
    double weights[MYR_MAX_STATES], *transitions = malloc((size_t)(matrices * s * s) * sizeof(double));
    for (int i = 0; i < s; i++)
        weights[i] = with_zeros && i % 3 == 1 ? 0.0 : 0.1 + uniform(random);
    for (int64_t row = 0; row < matrices * s; row++) {
        double sum = 0.0, *q = transitions + row * s;
        for (int j = 0; j < s; j++)
            sum += q[j] =
                with_zeros && j != row % s && next_random(random) % 3 == 0 ? 0.0 : uniform(random);
        for (int j = 0; j < s; j++)
            q[j] /= sum;
    }
    myr_target *target = NULL;
    REQUIRE_OK(context,
               myr_target_create_discrete(context, s, weights, matrices, transitions, NULL, &target));
    free(transitions);
    return target;
}

static inline myr_target *named_target(myr_context *context, const char *name, int s, double beta,
                                       const double *weights, const double *prior) {
    double *matrix = malloc((size_t)(s * s) * sizeof *matrix);
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_transition_matrix(context, name, s, beta, s, matrix));
    REQUIRE_OK(context, myr_target_create_discrete(context, s, weights, 1, matrix, prior, &target));
    free(matrix);
    return target;
}

static inline myr_plan *chain_plan(myr_context *context, int64_t steps, const char *start,
                                   const myr_target *target) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = "discrete";
    options.sampler = "ancestral";
    options.steps = steps;
    options.start = start;
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
    return plan;
}

#endif
