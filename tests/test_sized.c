/* The rule of struct_size, for every struct that has one. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "myriad/myriad.h"

enum { ROOM = 4096, BEYOND = 24 };

/* The initialisers, X(struct without its myr_, initialiser). */
#define SIZED(X)                                       \
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

/* The strings of the initialisers, each at one address in this file; the library has them at others. */
static const char *const strings[] = {"",      "-",     "all",        "auto", "ddpm-exact", "exact",
                                      "pairs", "prior", "reverse_kl", "sgd",  "sigmoid",    "ve"};

/* Whether what is at `at` is one of them, and made has the same string there. */
static bool is_same_string(const unsigned char *made, const unsigned char *expected, size_t at) {
    const char *here, *there;
    memcpy(&here, expected + at, sizeof here);
    memcpy(&there, made + at, sizeof there);
    for (size_t n = 0; n < sizeof strings / sizeof *strings; n++)
        if (here == strings[n])
            return strcmp(here, there) == 0;
    return false;
}

/* made, poisoned before, holds size bytes as the initialiser has them, with that size in front, zeros where the
 * initialiser has no more, and nothing else was written. */
static void expect_defaults(const char *name, const unsigned char *made, size_t size,
                            const void *initialiser, size_t whole) {
    unsigned char expected[ROOM];
    memset(expected, 0xa5, sizeof expected);
    memset(expected, 0, size);
    memcpy(expected, initialiser, size < whole ? size : whole);
    memcpy(expected, &size, sizeof size);
    for (size_t at = 0; at < ROOM; at += sizeof(char *))
        cr_assert(
            memcmp(made + at, expected + at, sizeof(char *)) == 0 || is_same_string(made, expected, at),
            "%s of %zu bytes, at %zu", name, size, at);
}

Test(sized, default_functions_write_what_the_initialisers_do_up_to_the_size_given) {
    _Alignas(max_align_t) unsigned char made[ROOM];
    const size_t none = 0;
#define EXPECT(noun, initialiser)                                                                    \
    {                                                                                                \
        static const myr_##noun whole = initialiser;                                                 \
        const size_t sizes[] = {sizeof whole, sizeof whole - 8, sizeof none, sizeof whole + BEYOND}; \
        for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {                                  \
            memset(made, 0xa5, sizeof made);                                                         \
            myr_##noun##_default((myr_##noun *)(void *)made, sizes[n]);                              \
            expect_defaults(#noun, made, sizes[n], &whole, sizeof whole);                            \
        }                                                                                            \
        memset(made, 0xa5, sizeof made);                                                             \
        myr_##noun##_default((myr_##noun *)(void *)made, sizeof none - 1);                           \
        cr_assert(made[0] == 0xa5 && memcmp(made, made + 1, ROOM - 1) == 0, #noun);                  \
        myr_##noun##_default(NULL, sizeof whole);                                                    \
    }
    SIZED(EXPECT)
#undef EXPECT
}
