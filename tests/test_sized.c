/* The rule of struct_size, for every struct that has one. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ground/sized.h"
#include "sized_structs.h" /* SIZED(X): X(struct without its myr_, the stem of its initialiser) */
#include "support.h"

enum { ROOM = 4096, BEYOND = 24 };

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
#define EXPECT(noun, STEM)                                                                           \
    {                                                                                                \
        static const myr_##noun whole = MYR_##STEM##_INIT;                                           \
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

/* ---- structs that are taken ------------------------------------------------------------------------ */

/* A struct of another version: bytes that no field has by default, of that size, zeros beyond. */
static void make_given(unsigned char given[ROOM], size_t size, size_t filled) {
    memset(given, 0, ROOM);
    memset(given, 0x5a, filled);
    memcpy(given, &size, sizeof size);
}

typedef myr_status (*reader)(myr_context *context, const void **given, void *known);

static void expect_size_refused(myr_context *context, const char *noun, reader read, size_t size) {
    unsigned char given[ROOM], known[ROOM];
    const void *from = given;
    make_given(given, size, ROOM);
    cr_assert_eq(read(context, &from, known), MYR_INVALID_ARGUMENT, "%s of %zu bytes", noun, size);
    cr_assert(strstr(myr_context_error(context), "struct_size is "), "%s", myr_context_error(context));
}

/* known, whole bytes of it, is what given says in its first size bytes, and else what the initialiser says. */
static void expect_known(const char *noun, const unsigned char *given, size_t size,
                         const unsigned char *known, const void *initialiser, size_t whole) {
    unsigned char expected[ROOM];
    const size_t from = size < whole ? size : whole;
    memcpy(expected, initialiser, whole);
    memcpy(expected + sizeof size, given + sizeof size, from - sizeof size);
    for (size_t at = sizeof size; at < whole; at += sizeof(char *))
        cr_assert(
            memcmp(known + at, expected + at, sizeof(char *)) == 0 || is_same_string(known, expected, at),
            "%s of %zu bytes, at %zu", noun, size, at);
}

static void expect_reads(myr_context *context, const char *noun, reader read, const void *initialiser,
                         size_t whole, bool optional) {
    unsigned char given[ROOM], known[ROOM];
    const size_t wrong[] = {0, 7, whole - 1, whole + 4, 4104, SIZE_MAX / 8 * 8, SIZE_MAX};
    const void *from = NULL;
    for (size_t n = 0; n < sizeof wrong / sizeof *wrong; n++)
        expect_size_refused(context, noun, read, wrong[n]);
    for (size_t size = sizeof size; size <= whole + BEYOND; size += 8) {
        make_given(given, size, size < whole ? size : whole);
        from = given;
        memset(known, 0xa5, sizeof known);
        cr_assert_eq(read(context, &from, known), MYR_OK, "%s of %zu bytes", noun, size);
        cr_assert_eq(from, known);
        cr_assert_eq(known[whole], 0xa5);
        expect_known(noun, given, size, known, initialiser, whole);
    }
    for (size_t at = whole; at < whole + BEYOND; at++) {
        make_given(given, whole + BEYOND, whole);
        given[at] = 1;
        from = given;
        cr_assert_eq(read(context, &from, known), MYR_INVALID_ARGUMENT, "%s, byte %zu", noun, at);
        cr_assert(strstr(myr_context_error(context), "does not know"), "%s", myr_context_error(context));
    }
    from = NULL;
    cr_assert_eq(read(context, &from, known), optional ? MYR_OK : MYR_INVALID_ARGUMENT, "%s: NULL", noun);
    if (optional)
        expect_known(noun, given, sizeof(size_t), known, initialiser, whole);
}

#define READER(noun, STEM, name)                                                           \
    static myr_status read_##noun(myr_context *context, const void **given, void *known) { \
        const myr_##noun *from = *given;                                                   \
        const myr_status status = myr_##noun##_read(context, &from, known);                \
        *given = from;                                                                     \
        return status;                                                                     \
    }
MYR_OPTIONAL_STRUCTS(READER)
MYR_REQUIRED_STRUCTS(READER)

Test(sized, structs_of_other_versions_are_read_by_the_rule) {
    myr_context *context = new_context();
#define READS(noun, STEM, optional)                                                \
    {                                                                              \
        static const myr_##noun whole = MYR_##STEM##_INIT;                         \
        expect_reads(context, #noun, read_##noun, &whole, sizeof whole, optional); \
    }
#define READS_OPTIONAL(noun, STEM, name) READS(noun, STEM, true)
#define READS_REQUIRED(noun, STEM, name) READS(noun, STEM, false)
    MYR_OPTIONAL_STRUCTS(READS_OPTIONAL)
    MYR_REQUIRED_STRUCTS(READS_REQUIRED)
    myr_context_destroy(context);
}

/* ---- structs that are filled in -------------------------------------------------------------------- */

/* Nothing is written but what both know, and struct_size is left. */
static void expect_filled(const char *noun, const unsigned char *filled, size_t size, size_t whole) {
    const size_t known = size < whole ? size : whole;
    cr_assert_eq(memcmp(filled, &size, sizeof size), 0, "%s", noun);
    for (size_t at = sizeof size; at < ROOM; at++)
        cr_assert_eq(filled[at], at < known ? 0x5a : 0xa5, "%s of %zu bytes, at %zu", noun, size, at);
}

Test(sized, structs_of_other_versions_are_filled_in_by_the_rule) {
    _Alignas(max_align_t) static unsigned char filled[ROOM], made[ROOM];
    myr_context *context = new_context();
    memset(made, 0x5a, sizeof made);
#define FILLS(noun)                                                                                 \
    {                                                                                               \
        const size_t whole = sizeof(myr_##noun), wrong[] = {0, 4, whole + 1, SIZE_MAX};             \
        for (size_t n = 0; n < sizeof wrong / sizeof *wrong; n++) {                                 \
            memcpy(filled, &wrong[n], sizeof *wrong);                                               \
            cr_assert_eq(myr_##noun##_ready(context, (void *)filled), MYR_INVALID_ARGUMENT, #noun); \
            cr_assert(strstr(myr_context_error(context), "struct_size is "), #noun);                \
        }                                                                                           \
        for (size_t size = sizeof size; size <= whole + BEYOND; size += 8) {                        \
            memset(filled, 0xa5, sizeof filled);                                                    \
            memcpy(filled, &size, sizeof size);                                                     \
            cr_assert_eq(myr_##noun##_ready(context, (void *)filled), MYR_OK, #noun);               \
            myr_##noun##_fill((void *)filled, (void *)made);                                        \
            expect_filled(#noun, filled, size, whole);                                              \
        }                                                                                           \
        cr_assert_eq(myr_##noun##_ready(context, NULL), MYR_OK);                                    \
        myr_##noun##_fill(NULL, (void *)made);                                                      \
    }
#define FILLS_REPORT(noun, STEM, name) FILLS(noun)
    MYR_REPORT_STRUCTS(FILLS_REPORT)
    MYR_FILLED_STRUCTS(FILLS)
    myr_context_destroy(context);
}

/* ---- the public calls ------------------------------------------------------------------------------ */

/* A call that takes the struct, or fills it in: what it says of the struct counts, not whether it succeeds. */
#define CALL(noun) static myr_status call_##noun(myr_context *c, myr_##noun *x)

static const myr_array none = {NULL, MYR_F64};
static const myr_array_out nowhere = {NULL, MYR_F64};
static const double four[4] = {-1.0, -2.0, -3.0, -4.0};
static double room[4];

static myr_status reduce_pair(myr_context *c, const myr_loss_options *loss,
                              const myr_compute_options *options, myr_loss_metrics *metrics,
                              myr_report *report) {
    myr_pairs pairs = MYR_PAIRS_INIT;
    pairs.count = 1;
    pairs.policy_chosen.data = four;
    pairs.policy_rejected.data = four + 1;
    pairs.reference_chosen.data = four + 2;
    pairs.reference_rejected.data = four + 3;
    return myr_loss_pairs(c, loss, &pairs, options, nowhere, nowhere, metrics, report);
}

CALL(compute_options) {
    return reduce_pair(c, NULL, x, NULL, NULL);
}
CALL(loss_options) {
    return reduce_pair(c, x, NULL, NULL, NULL);
}
CALL(loss_metrics) {
    return reduce_pair(c, NULL, NULL, x, NULL);
}
CALL(pairs) {
    return myr_loss_pairs(c, NULL, x, NULL, nowhere, nowhere, NULL, NULL);
}
CALL(report) {
    const myr_features features = MYR_FEATURES_INIT;
    const myr_many many = MYR_MANY_INIT;
    const myr_status made[] = {
        reduce_pair(c, NULL, NULL, NULL, x),
        myr_loss_linear(c, NULL, &features, none, NULL, nowhere, NULL, x),
        myr_loss_many(c, NULL, &features, none, &many, NULL, nowhere, NULL, x),
        myr_loss_rankings(c, NULL, NULL, nowhere, NULL, x),
        myr_loss_rlvr(c, NULL, NULL, NULL, nowhere, nowhere, NULL, x),
        myr_token_logps(c, NULL, none, NULL, nowhere, nowhere, x),
        myr_loss_head(c, NULL, NULL, NULL, NULL, NULL, nowhere, nowhere, nowhere, NULL, x),
        myr_run_moments(c, NULL, NULL, NULL, NULL, x),
        myr_run_samples(c, NULL, NULL, NULL, room, x),
        myr_run_stream(c, NULL, NULL, NULL, NULL, NULL, x),
        myr_run_trace(c, NULL, NULL, NULL, room, x),
    };
    for (size_t n = 1; n < sizeof made / sizeof *made; n++)
        cr_assert(made[0] == MYR_OK || made[n] == made[0], "report, call %zu", n);
    return made[0];
}

static myr_status fit_two(myr_context *c, const myr_fit_options *options, myr_fit_report *report) {
    const uint32_t first[2] = {0, 1}, second[2] = {1, 0};
    myr_estimate items[2];
    myr_outcomes *outcomes = NULL;
    REQUIRE_OK(c, myr_outcomes_create_comparisons(c, 2, 2, first, second, NULL, NULL, &outcomes));
    const myr_status status = myr_fit(c, outcomes, options, items, report);
    myr_outcomes_destroy(outcomes);
    return status;
}

CALL(fit_options) {
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    return fit_two(c, x, &report);
}
CALL(fit_report) {
    return fit_two(c, NULL, x);
}
CALL(outcomes_options) {
    myr_outcomes *outcomes;
    return myr_outcomes_load(c, NULL, x, &outcomes);
}

static myr_policy_problem make_problem(void) {
    myr_policy_problem problem = MYR_POLICY_PROBLEM_INIT;
    problem.rewards = four;
    return problem;
}

CALL(policy_problem) {
    return myr_policy_exact(c, x, room, NULL);
}
CALL(policy_value) {
    const myr_policy_problem problem = make_problem();
    return myr_policy_evaluate(c, &problem, four, x);
}
CALL(gradient_options) {
    const myr_policy_problem problem = make_problem();
    return myr_policy_gradient(c, &problem, four, x, room, NULL);
}
CALL(policy_pairs) {
    const myr_policy_problem problem = make_problem();
    return myr_policy_train(c, &problem, x, NULL, room, NULL);
}
CALL(training_options) {
    return myr_policy_train(c, NULL, NULL, x, room, NULL);
}
CALL(training_report) {
    return myr_policy_train(c, NULL, NULL, NULL, room, x);
}

CALL(plan_options) {
    myr_target *target = new_target(c, 1, 1.0);
    myr_plan *plan = NULL;
    const myr_status status = myr_plan_create(c, x, target, &plan);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    return status;
}
CALL(run_options) {
    const myr_policy_problem problem = make_problem();
    const myr_status made[] = {myr_run_moments(c, NULL, NULL, x, NULL, NULL),
                               myr_run_samples(c, NULL, NULL, x, room, NULL),
                               myr_run_stream(c, NULL, NULL, x, NULL, NULL, NULL),
                               myr_run_trace(c, NULL, NULL, x, room, NULL),
                               myr_random_words(c, x, 0, 0, 1, NULL),
                               myr_random_normals(c, x, 0, 0, 1, NULL),
                               myr_policy_simulate(c, &problem, x, 2, NULL)};
    for (size_t n = 0; n < sizeof made / sizeof *made; n++)
        cr_assert_eq(made[n], MYR_INVALID_ARGUMENT, "run options, call %zu", n);
    return made[0];
}
CALL(given) {
    return myr_run_samples_given(c, NULL, NULL, NULL, x, room, NULL);
}
CALL(statistics_options) {
    myr_target *target = new_target(c, 1, 1.0);
    myr_statistics *statistics = NULL;
    const myr_status status = myr_statistics_create(c, target, x, &statistics);
    myr_statistics_destroy(statistics);
    myr_target_destroy(target);
    return status;
}
CALL(verify_options) {
    x->count =
        x->struct_size > sizeof *x - 8 && x->struct_size < ROOM ? 1 : x->count; /* too few: refused */
    return myr_verify(c, x, NULL, NULL);
}
CALL(samples_shape) {
    myr_samples_file *file;
    return myr_samples_open(c, "none.npy", x, &file);
}

CALL(features) {
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    myr_estimate estimate;
    const myr_many many = MYR_MANY_INIT;
    const myr_status made[] = {myr_loss_many(c, NULL, x, none, &many, NULL, nowhere, NULL, NULL),
                               myr_fit_linear(c, x, NULL, NULL, &estimate, &report)};
    cr_assert(made[0] == MYR_INVALID_ARGUMENT && made[1] == MYR_INVALID_ARGUMENT);
    return myr_loss_linear(c, NULL, x, none, NULL, nowhere, NULL, NULL);
}
CALL(many) {
    const myr_features features = MYR_FEATURES_INIT;
    return myr_loss_many(c, NULL, &features, none, x, NULL, nowhere, NULL, NULL);
}
CALL(rankings) {
    return myr_loss_rankings(c, x, NULL, nowhere, NULL, NULL);
}
CALL(ranking_metrics) {
    return myr_loss_rankings(c, NULL, NULL, nowhere, x, NULL);
}
CALL(rlvr_options) {
    return myr_loss_rlvr(c, x, NULL, NULL, nowhere, nowhere, NULL, NULL);
}
CALL(rlvr_batch) {
    return myr_loss_rlvr(c, NULL, x, NULL, nowhere, nowhere, NULL, NULL);
}
CALL(rlvr_metrics) {
    return myr_loss_rlvr(c, NULL, NULL, NULL, nowhere, nowhere, x, NULL);
}
CALL(tokens) {
    const myr_status status =
        myr_token_gradient(c, x, nowhere, none, (myr_array){four, MYR_F64}, NULL, NULL);
    cr_assert_eq(status, MYR_INVALID_ARGUMENT);
    return myr_token_logps(c, x, none, NULL, nowhere, nowhere, NULL);
}
CALL(token_pairs) {
    const int32_t labels[2] = {0, 1};
    myr_tokens tokens = MYR_TOKENS_INIT;
    tokens.rows = tokens.vocabulary = tokens.sequences = 2;
    tokens.labels = (myr_array){labels, MYR_I32};
    memcpy(room, four, sizeof room);
    return myr_loss_tokens(c, NULL, &tokens, x, (myr_array_out){room, MYR_F64}, false, NULL, nowhere, NULL,
                           NULL);
}
CALL(head) {
    return myr_loss_head(c, NULL, NULL, NULL, x, NULL, nowhere, nowhere, nowhere, NULL, NULL);
}

/* A call's message says, or does not say, what is wrong with the struct. */
static void expect_said(myr_context *context, const char *noun, myr_status status, const char *text) {
    const char *said = status == MYR_OK ? "" : myr_context_error(context);
    if (text)
        cr_assert(status == MYR_INVALID_ARGUMENT && strstr(said, text), "%s: %s", noun, said);
    else
        cr_assert(!strstr(said, "struct_size") && !strstr(said, "does not know"), "%s: %s", noun, said);
}

static bool is_filled(const char *noun) {
#define IS_FILLED(name, STEM, message) || strcmp(noun, #name) == 0
    return false MYR_REPORT_STRUCTS(IS_FILLED);
}

/* Each struct in a call: without a size, of a later version that asks for no more than this one, of one that does. */
Test(sized, every_struct_is_taken_by_the_rule) {
    _Alignas(max_align_t) static unsigned char given[ROOM];
    myr_context *context = new_context();
#define CALLS(noun, STEM)                                                                       \
    {                                                                                           \
        static const myr_##noun whole = MYR_##STEM##_INIT;                                      \
        const size_t sizes[] = {0, sizeof whole, sizeof whole + BEYOND, sizeof whole + BEYOND}; \
        for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {                             \
            memset(given, 0, sizeof given);                                                     \
            memcpy(given, &whole, sizeof whole);                                                \
            memcpy(given, &sizes[n], sizeof *sizes);                                            \
            given[sizeof whole + BEYOND - 1] = n == 3;                                          \
            const myr_status status = call_##noun(context, (void *)given);                      \
            expect_said(context, #noun, status,                                                 \
                        n == 0                        ? "struct_size is 0"                      \
                        : n == 3 && !is_filled(#noun) ? "does not know"                         \
                                                      : NULL);                                  \
        }                                                                                       \
    }
    SIZED(CALLS)
    myr_context_destroy(context);
}
