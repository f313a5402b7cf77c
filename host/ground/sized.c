#include "sized.h"

#include <string.h>

#include "myriad/myriad.h"

void myr_sized_default(void *made, size_t struct_size, const void *defaults, size_t size) {
    if (!made || struct_size < sizeof struct_size)
        return;
    memset(made, 0, struct_size);
    memcpy(made, defaults, struct_size < size ? struct_size : size);
    memcpy(made, &struct_size, sizeof struct_size);
}

/* The functions that stand beside the initialisers: X(struct without its myr_, initialiser). */
#define MYR_SIZED_LIST(X)                              \
    X(compute_options, MYR_COMPUTE_OPTIONS_INIT)       \
    X(outcomes_options, MYR_OUTCOMES_OPTIONS_INIT)     \
    X(fit_options, MYR_FIT_OPTIONS_INIT)               \
    X(features, MYR_FEATURES_INIT)                     \
    X(many, MYR_MANY_INIT)                             \
    X(plan_options, MYR_PLAN_OPTIONS_INIT)             \
    X(policy_problem, MYR_POLICY_PROBLEM_INIT)         \
    X(policy_pairs, MYR_POLICY_PAIRS_INIT)             \
    X(training_options, MYR_TRAINING_OPTIONS_INIT)     \
    X(gradient_options, MYR_GRADIENT_OPTIONS_INIT)     \
    X(loss_options, MYR_LOSS_OPTIONS_INIT)             \
    X(pairs, MYR_PAIRS_INIT)                           \
    X(rankings, MYR_RANKINGS_INIT)                     \
    X(rlvr_options, MYR_RLVR_OPTIONS_INIT)             \
    X(rlvr_batch, MYR_RLVR_BATCH_INIT)                 \
    X(run_options, MYR_RUN_OPTIONS_INIT)               \
    X(given, MYR_GIVEN_INIT)                           \
    X(statistics_options, MYR_STATISTICS_OPTIONS_INIT) \
    X(tokens, MYR_TOKENS_INIT)                         \
    X(token_pairs, MYR_TOKEN_PAIRS_INIT)               \
    X(head, MYR_HEAD_INIT)                             \
    X(verify_options, MYR_VERIFY_OPTIONS_INIT)

#define MYR_DEFAULT(noun, initialiser)                                    \
    void myr_##noun##_default(myr_##noun *made, size_t struct_size) {     \
        static const myr_##noun defaults = initialiser;                   \
        myr_sized_default(made, struct_size, &defaults, sizeof defaults); \
    }
MYR_SIZED_LIST(MYR_DEFAULT)
