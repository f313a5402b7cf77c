/* Verification passes on the backends, and finds the faults that are planted here. */
#include <criterion/criterion.h>

#include "support.h"
#include "verify/tiers.h"

typedef struct outcome {
    int checks, failed, skipped;
    uint64_t count;
    char names[65536]; /* of the checks that failed */
} outcome;

static void note(void *user, const myr_check *check) {
    outcome *o = user;
    o->checks++;
    o->skipped += check->skipped;
    o->failed += !check->skipped && !check->passed;
    o->count += check->count;
    cr_assert_neq(check->name[0], '\0');
    if (check->skipped)
        return;
    cr_assert(check->count > 0, "%s compared nothing", check->name);
    cr_assert_eq(check->passed, check->worst <= check->bound, "%s", check->name);
    if (!check->passed) {
        size_t used = strlen(o->names);
        snprintf(o->names + used, sizeof o->names - used, "%s\n", check->name);
    }
}

static myr_verify_options verify_options(const char *backend) {
    myr_verify_options options = MYR_VERIFY_OPTIONS_INIT;
    options.backend = backend;
    /* The seed is the default: of fresh ones, one in a thousand would fail a z value by chance. */
    options.count = MYR_VERIFY_MIN_COUNT;
    options.threads = 1; /* Criterion runs the tests side by side */
    return options;
}

static void expect_pass(const char *backend, const char *math, int least_checks) {
    myr_context *context = new_context();
    need_backend(context, backend);
    myr_verify_options options = verify_options(backend);
    options.math = math;
    outcome o = {0};
    myr_status status = myr_verify(context, &options, note, &o);
    cr_assert_eq(status, MYR_OK, "seed %llu: %s\n%s", (unsigned long long)options.seed,
                 myr_context_error(context), o.names);
    cr_assert(o.failed == 0 && o.checks >= least_checks, "%d checks", o.checks);
    myr_context_destroy(context);
}

Test(verify, passes_on_reference) {
    expect_pass("reference", "exact", 20);
}
Test(verify, passes_on_cpu) {
    expect_pass("cpu", "exact", 40);
}
Test(verify, passes_on_cuda) {
    expect_pass("cuda", "exact", 40);
}
Test(verify, passes_on_cuda_with_fast_arithmetic) {
    expect_pass("cuda", "fast", 38);
}

/* The cpu backend with one fault at a time. */
typedef enum fault {
    no_fault,
    four_units_of_one_state,
    one_bit_of_one_state,
    nan_in_one_state,
    one_state_not_written,
    nan_in_one_normal,
    sign_of_one_normal,
    one_bit_of_one_word,
    wrong_word_late_in_the_stream,
    fourth_moment_off_by_1e_10,
    nan_in_a_moment,
    variance_off_by_ten_errors,
    bits_depend_on_threads,
    index_counted_from_the_run,
    two_places_of_one_ranking,
    rankings_counted_from_the_run,
    no_ranking,
} fault;

static fault planted; /* the backend interface has no user pointer */

static myr_status faulty_states(myr_context *context, const myr_job *job, double *states) {
    myr_job shifted = *job;
    if (planted == index_counted_from_the_run)
        shifted.first = 0;
    uint64_t last = job->count * (uint64_t)job->plan->dimension - 1;
    double before = states[last];
    myr_status status = myr_backend_cpu.states(context, &shifted, states);
    if (planted == four_units_of_one_state)
        states[last] += 4.0 * 0x1p-23 * fmax(fabs(states[last]), 0.1);
    if (planted == one_bit_of_one_state || (planted == bits_depend_on_threads && job->threads == 7))
        states[last] = nextafter(states[last], 100.0);
    if (planted == nan_in_one_state)
        states[last] = NAN;
    if (planted == one_state_not_written)
        states[last] = before;
    return status;
}

static myr_status faulty_moments(myr_context *context, const myr_job *job, myr_moment *moments) {
    myr_status status = myr_backend_cpu.moments(context, job, moments);
    myr_moment *last = &moments[job->plan->dimension - 1];
    if (planted == fourth_moment_off_by_1e_10)
        last->m4 *= 1.0 + 1e-10;
    if (planted == nan_in_a_moment)
        last->m3 = NAN;
    if (planted == variance_off_by_ten_errors)
        last->m2 *= 1.0 + 10.0 * sqrt(2.0 / (double)job->count);
    return status;
}

static myr_status faulty_words(myr_context *context, const myr_draw *draw, uint32_t *words) {
    myr_status status = myr_backend_cpu.words(context, draw, words);
    uint64_t last = draw->count * draw->blocks * 4 - 1;
    if (planted == one_bit_of_one_word)
        words[last] ^= 1;
    if (planted == wrong_word_late_in_the_stream && draw->block > UINT32_MAX - 100)
        words[last] += 1;
    return status;
}

static myr_status faulty_normals(myr_context *context, const myr_draw *draw, double *normals) {
    myr_status status = myr_backend_cpu.normals(context, draw, normals);
    uint64_t last = draw->count * draw->blocks * 4 - 1;
    if (planted == nan_in_one_normal)
        normals[last] = NAN;
    if (planted == sign_of_one_normal)
        normals[last] = -normals[last];
    return status;
}

static myr_status faulty_rankings(myr_context *context, const myr_ranking_draw *draw, uint32_t *rankings) {
    myr_ranking_draw shifted = *draw;
    if (planted == rankings_counted_from_the_run)
        shifted.first = 0;
    if (planted == no_ranking)
        return MYR_OK;
    myr_status status = myr_backend_cpu.rankings(context, &shifted, rankings);
    if (planted == two_places_of_one_ranking) {
        uint32_t *last = rankings + (draw->count - 1) * draw->length, answer = last[0];
        last[0] = last[1];
        last[1] = answer;
    }
    return status;
}

/* Verifies the backend with a fault: true if it passes. The checks in `expected` (parts of names, NULL:
 * none) must have failed. */
static bool passes_with(fault fault_to_plant, const char *expected, const char *also) {
    myr_backend faulty = myr_backend_cpu;
    faulty.states = faulty_states;
    faulty.moments = faulty_moments;
    faulty.words = faulty_words;
    faulty.normals = faulty_normals;
    faulty.rankings = faulty_rankings;
    planted = fault_to_plant;
    myr_context *context = new_context();
    myr_verify_options options = verify_options("cpu");
    outcome o = {0};
    myr_status status = myr_verify_backend(context, &options, &faulty, note, &o);
    cr_assert(status == MYR_OK || status == MYR_CHECK_FAILED, "%s", myr_context_error(context));
    cr_assert_eq(status == MYR_OK, o.failed == 0);
    cr_assert(!expected || strstr(o.names, expected), "expected a failure of %s, not of\n%s", expected,
              o.names);
    cr_assert(!also || strstr(o.names, also), "expected a failure of %s, not of\n%s", also, o.names);
    myr_context_destroy(context);
    return status == MYR_OK;
}

Test(verify, passes_without_a_fault) {
    cr_assert(passes_with(no_fault, NULL, NULL));
}

Test(verify, finds_faulty_states) {
    cr_assert_not(passes_with(four_units_of_one_state, "one step, ", "exact arithmetic, "));
    cr_assert_not(passes_with(one_bit_of_one_state, "exact arithmetic, ", NULL));
    cr_assert_not(
        passes_with(index_counted_from_the_run, "trajectories, ", "repeatability, a run in three"));
    cr_assert_not(passes_with(bits_depend_on_threads, "repeatability, 7 threads", NULL));
}

Test(verify, finds_states_that_are_no_numbers) {
    cr_assert_not(passes_with(nan_in_one_state, "one step, ", "trajectories, "));
    cr_assert_not(passes_with(one_state_not_written, "one step, ", "repeatability, a second run"));
}

Test(verify, finds_faulty_normals_and_words) {
    cr_assert_not(passes_with(nan_in_one_normal, "normals: ", NULL));
    cr_assert_not(passes_with(sign_of_one_normal, "normals: ", NULL));
    cr_assert_not(passes_with(one_bit_of_one_word, "words, published", "words, against the reference"));
    cr_assert_not(passes_with(wrong_word_late_in_the_stream, "words, against the reference", NULL));
}

Test(verify, finds_faulty_moments) {
    cr_assert_not(passes_with(fourth_moment_off_by_1e_10, "moments, ", "exact arithmetic, "));
    cr_assert_not(passes_with(nan_in_a_moment, "moments, ", "exact arithmetic, "));
    cr_assert_not(passes_with(variance_off_by_ten_errors, "statistics, ", "moments, "));
}

Test(verify, finds_faulty_rankings) {
    cr_assert_not(passes_with(two_places_of_one_ranking, "rankings, against the reference",
                              "rankings, against the cpu"));
    cr_assert_not(passes_with(rankings_counted_from_the_run, "rankings, in parts", NULL));
    cr_assert_not(
        passes_with(no_ranking, "rankings, against the reference", "policies, preferences drawn"));
}

Test(verify, refuses_bad_options) {
    myr_context *context = new_context();
    myr_verify_options options = verify_options("reference");
    cr_assert_eq(myr_verify(context, NULL, NULL, NULL), MYR_INVALID_ARGUMENT);
    options.count = MYR_VERIFY_MIN_COUNT - 1;
    cr_assert_eq(myr_verify(context, &options, NULL, NULL), MYR_INVALID_ARGUMENT);
    cr_assert(strstr(myr_context_error(context), "9999"), "%s", myr_context_error(context));
    options = verify_options("abacus");
    cr_assert_eq(myr_verify(context, &options, NULL, NULL), MYR_INVALID_ARGUMENT);
    options = verify_options("cpu");
    options.math = "approximate";
    cr_assert_eq(myr_verify(context, &options, NULL, NULL), MYR_INVALID_ARGUMENT);
    options = verify_options(NULL);
    cr_assert_eq(myr_verify(context, &options, NULL, NULL), MYR_INVALID_ARGUMENT);
    myr_context_destroy(context);
}
