/* Verification passes on the backends, and finds the faults that are planted here. */
#include <criterion/criterion.h>

#include "runs/ranges.h"
#include "support.h"
#include "verify/gradient_cases.h"
#include "verify/gradient_problem.h"
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
    rewards_stretched,
    neighbour_of_one_state_of_a_chain,
    impossible_state_of_a_chain,
    several_of_vector_targets, /* each of which other checks find */
} fault;

static bool is_of(const myr_job *job, const myr_target_operations *operations) {
    return job->target->operations == operations;
}

static fault planted; /* the backend interface has no user pointer */

/* One state that a step leads to; the last bit of a state, by the length of the run; a fiftieth of a run's
 * states. */
static void spoil_vectors(const myr_job *job, double *states) {
    const uint64_t last = job->count * (uint64_t)job->plan->dimension - 1;
    const bool mixture = is_of(job, &myr_target_mixture), points = is_of(job, &myr_target_empirical);
    if ((mixture || points) && job->row_begin > 0)
        states[last] *= 1.0 + 1e-4;
    if ((mixture || points) && job->count == 300)
        states[last] = (double)nextafterf((float)states[last], 100.0f);
    for (uint64_t n = 0; mixture && job->plan->steps == 64 && n < job->count; n += 50)
        states[n] = -0.5 - states[n];
}

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
    if (planted == neighbour_of_one_state_of_a_chain && job->plan->chain && job->row_end == 1)
        states[last] += states[last] > 1.0 ? -1.0 : 1.0;
    if (planted == impossible_state_of_a_chain && job->plan->chain && job->first >> 48 == 1)
        states[last] = 0.0;
    if (planted == several_of_vector_targets)
        spoil_vectors(job, states);
    if (planted == one_state_not_written)
        states[last] = before;
    return status;
}

/* The last coordinate of every node. */
static myr_status faulty_range(myr_context *context, const myr_job *job, myr_range *range) {
    const int d = job->plan->dimension;
    myr_status status = myr_backend_cpu.range(context, job, range);
    for (int n = 0; n < range->nodes; n++) {
        myr_moment_node *last = &range->node[n * d + d - 1];
        if (planted == fourth_moment_off_by_1e_10)
            last->m4 *= 1.0 + 1e-10;
        if (planted == nan_in_a_moment)
            last->m3 = NAN;
        if (planted == variance_off_by_ten_errors)
            last->m2 *= 1.0 + 10.0 * sqrt(2.0 / (double)job->count);
        if (planted == several_of_vector_targets && is_of(job, &myr_target_mixture))
            last->m2 *= 1.05;
    }
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
    double stretched[64];
    for (uint32_t n = 0; n < draw->prompts * draw->answers && n < 64; n++)
        stretched[n] = 1.5 * draw->rewards[n];
    if (planted == rewards_stretched)
        shifted.rewards = stretched;
    myr_status status = myr_backend_cpu.simulate(context, &shifted, rankings);
    if (planted == two_places_of_one_ranking) {
        uint32_t *last = rankings + (draw->count - 1) * draw->length, answer = last[0];
        last[0] = last[1];
        last[1] = answer;
    }
    return status;
}

static myr_verification verification(myr_context *context, const myr_backend *backend, outcome *o) {
    return (myr_verification){.context = context,
                              .backend = backend,
                              .seed = MYR_DEFAULT_SEED,
                              .count = MYR_VERIFY_MIN_COUNT,
                              .threads = 1,
                              .report = note,
                              .user = o};
}

typedef myr_status (*const tier)(myr_verification *);

/* Planted faults are found or not whatever looks at memory; and verification passes there, too. */
static void skip_where_sanitized(void) {
#ifdef SANITIZED
    cr_skip_test("planted faults: those of the other builds");
#endif
}

/* Verifies the backend with a fault in some tiers (whole verifications would take minutes): those checks of theirs must
 * have failed whose names begin with one of the names between the bars. */
static void expect_finds(fault fault_to_plant, tier *tiers, const char *expected) {
    skip_where_sanitized();
    myr_backend faulty = myr_backend_cpu;
    faulty.states = faulty_states;
    faulty.range = faulty_range;
    faulty.words = faulty_words;
    faulty.normals = faulty_normals;
    faulty.simulate = faulty_rankings;
    planted = fault_to_plant;
    myr_context *context = new_context();
    outcome o = {0};
    myr_verification v = verification(context, &faulty, &o);
    for (; *tiers; tiers++)
        REQUIRE_OK(context, (*tiers)(&v));
    cr_assert_eq(v.failed, o.failed > 0);
    cr_assert_eq(v.failed, fault_to_plant != no_fault, "%s", o.names);
    char names[1024];
    snprintf(names, sizeof names, "%s", expected);
    for (char *rest, *name = strtok_r(names, "|", &rest); name; name = strtok_r(NULL, "|", &rest))
        cr_assert(strstr(o.names, name), "expected a failure of %s, not of\n%s", name, o.names);
    myr_context_destroy(context);
}

#define EXPECT_FINDS(fault, expected, ...) expect_finds(fault, (tier[]){__VA_ARGS__, NULL}, expected)

Test(verify, finds_nothing_without_a_fault) {
    EXPECT_FINDS(no_fault, "", myr_verify_words, myr_verify_normals, myr_verify_exact, myr_verify_one_step,
                 myr_verify_trajectories, myr_verify_statistics, myr_verify_moments,
                 myr_verify_repeatability, myr_verify_mixtures, myr_verify_empirical, myr_verify_rankings,
                 myr_verify_policies, myr_verify_chains);
}

/* A backend that is not listed is verified whole, and its fault is the status. */
Test(verify, a_fault_is_the_status) {
    myr_backend faulty = myr_backend_cpu;
    faulty.words = faulty_words;
    planted = one_bit_of_one_word;
    myr_context *context = new_context();
    myr_verify_options options = verify_options("cpu");
    outcome o = {0};
    cr_assert_eq(myr_verify_backend(context, &options, &faulty, note, &o), MYR_CHECK_FAILED);
    cr_assert(o.failed > 0 && o.checks > 40);
    myr_context_destroy(context);
}

Test(verify, finds_faulty_states) {
    EXPECT_FINDS(four_units_of_one_state, "one step, |exact arithmetic, ", myr_verify_one_step,
                 myr_verify_exact);
    EXPECT_FINDS(one_bit_of_one_state, "exact arithmetic, ", myr_verify_exact);
    EXPECT_FINDS(index_counted_from_the_run, "trajectories, |repeatability, a run in three",
                 myr_verify_trajectories, myr_verify_repeatability);
    EXPECT_FINDS(bits_depend_on_threads, "repeatability, 7 threads|33 states, against baseline",
                 myr_verify_repeatability, myr_verify_chains);
}

Test(verify, finds_states_that_are_no_numbers) {
    EXPECT_FINDS(nan_in_one_state, "one step, |trajectories, ", myr_verify_one_step,
                 myr_verify_trajectories);
    EXPECT_FINDS(one_state_not_written, "one step, |repeatability, a second run", myr_verify_one_step,
                 myr_verify_repeatability);
}

Test(verify, finds_faulty_chains) {
    EXPECT_FINDS(neighbour_of_one_state_of_a_chain, "draws that part", myr_verify_chains);
    EXPECT_FINDS(impossible_state_of_a_chain, "33 states: worst |z| of occupancy", myr_verify_chains);
}

Test(verify, finds_faulty_mixtures_and_data_points) {
    EXPECT_FINDS(
        several_of_vector_targets,
        "mixtures, one and three steps|mixtures, exact arithmetic, |mixtures, repeatability|"
        "mixtures, trajectories, ddim|mixtures, trajectories, ddpm-large|mixtures, statistics, ddim|"
        "mixtures, statistics, ddpm-small|data points, one and three steps|data points, repeatability",
        myr_verify_mixtures, myr_verify_empirical);
}

/* ---- gradients --------------------------------------------------------------------------------------- */

/* Faults of a gradient: 1e-3 of the largest one; one bit on 7 threads; one that is never written; and of
 * the loss. */
typedef enum gradient_fault { GRADIENT_OFF, BIT_ON_SEVEN_THREADS, NOT_WRITTEN, LOSS_OFF } gradient_fault;
static gradient_fault planted_in_gradient;

static myr_status (*real_run)(myr_context *, myr_gradient_problem *, const myr_compute_options *);

static uint64_t largest_of(const double *values, uint64_t count) {
    uint64_t largest = 0;
    for (uint64_t i = 0; i < count; i++)
        if (fabs(values[i]) > fabs(values[largest]))
            largest = i;
    return largest;
}

static myr_status faulty_run(myr_context *context, myr_gradient_problem *p,
                             const myr_compute_options *options) {
    myr_status status = real_run(context, p, options);
    const uint64_t last = p->count - 1, largest = largest_of(p->gradient, p->count);
    if (strcmp(options->backend, "cpu") != 0)
        return status; /* the reference is right */
    if (planted_in_gradient == GRADIENT_OFF)
        p->gradient[largest] *= 1.0 + 1e-3;
    if (planted_in_gradient == BIT_ON_SEVEN_THREADS && options->threads == 7)
        p->gradient[last] = nextafter(p->gradient[last], 100.0);
    if (planted_in_gradient == NOT_WRITTEN)
        p->gradient[last] = NAN;
    if (planted_in_gradient == LOSS_OFF)
        p->loss *= 1.0 + 1e-3;
    return status;
}

/* A reference whose every gradient, or loss, is a thousandth too large. */
static myr_status faulty_reference(myr_context *context, myr_gradient_problem *p,
                                   const myr_compute_options *options) {
    myr_status status = real_run(context, p, options);
    for (uint64_t i = 0; i < p->count; i++)
        p->gradient[i] *= planted_in_gradient == LOSS_OFF ? 1.0 : 1.001;
    if (planted_in_gradient == LOSS_OFF)
        p->loss *= 1.001;
    return status;
}

static void plant(myr_gradient_problem *p) {
    real_run = p->run;
    p->run = faulty_run;
}
static void plant_in_reference(myr_gradient_problem *p) {
    real_run = p->run;
    p->run = faulty_reference;
}

static void expect_found(myr_context *context, const myr_backend *backend, int index,
                         void (*change)(myr_gradient_problem *), gradient_fault fault_to_plant,
                         const char *expected) {
    outcome o = {0};
    myr_verification v = verification(context, backend, &o);
    planted_in_gradient = fault_to_plant;
    REQUIRE_OK(context, myr_verify_reduction(&v, myr_gradient_reduction_at(index), change));
    cr_assert(strstr(o.names, expected), "reduction %d, fault %d: expected a failure of %s, not of\n%s",
              index, (int)fault_to_plant, expected, o.names);
    cr_assert(v.failed);
}

Test(verify, finds_faulty_gradients_of_every_reduction) {
    static const char bound[] = "share of the rounding bound", central[] = "central difference";
    skip_where_sanitized();
    myr_context *context = new_context();
    int index = 0;
    for (; myr_gradient_reduction_at(index); index++) {
        const myr_backend *cpu = &myr_backend_cpu, *reference = &myr_backend_reference;
        expect_found(context, cpu, index, plant, GRADIENT_OFF, bound);
        expect_found(context, cpu, index, plant, NOT_WRITTEN, bound);
        expect_found(context, cpu, index, plant, LOSS_OFF, bound);
        expect_found(context, cpu, index, plant, BIT_ON_SEVEN_THREADS, "values that differ");
        expect_found(context, reference, index, plant_in_reference, GRADIENT_OFF, central);
        expect_found(context, reference, index, plant_in_reference, LOSS_OFF, central);
    }
    cr_assert(index >= 6);
    myr_context_destroy(context);
}

static bool scale_it, bit_it;

static myr_status faulty_pairs(myr_context *context, const myr_pair_job *job, myr_pair_sums *sums,
                               uint64_t *bad) {
    myr_status status = myr_backend_cpu.pairs(context, job, sums, bad);
    double *gradient = job->chosen_gradient.data;
    if (!gradient)
        return status;
    const uint64_t count = job->pairs->count, largest = largest_of(gradient, count);
    if (scale_it) /* of its own size and of the slope's: parts may cancel, and the bound is of both */
        gradient[largest] += 1e-4 * (fabs(gradient[largest]) + job->loss.beta / (double)count);
    if (bit_it && job->compute.threads == 7)
        gradient[largest] = nextafter(gradient[largest], 100.0);
    return status;
}

Test(verify, finds_faulty_gradients_of_pairs) {
    skip_where_sanitized();
    myr_context *context = new_context();
    myr_backend faulty = myr_backend_cpu;
    faulty.pairs = faulty_pairs;
    for (int turn = 0; turn < 3; turn++) {
        outcome o = {0};
        myr_verification v = verification(context, &myr_backend_cpu, &o);
        scale_it = turn == 1;
        bit_it = turn == 2;
        REQUIRE_OK(context, myr_verify_pair_gradients_of(&v, &faulty));
        cr_assert_eq(v.failed, turn > 0, "%s", o.names);
        for (int loss = 0; turn == 1 && myr_loss_name(loss); loss++)
            cr_expect(strstr(o.names, myr_loss_name(loss)), "%s: no fault found", myr_loss_name(loss));
        cr_assert_eq(turn > 0, strstr(o.names, "values that differ") != NULL, "%s", o.names);
    }
    myr_context_destroy(context);
}

Test(verify, finds_faulty_normals_and_words) {
    EXPECT_FINDS(nan_in_one_normal, "normals: ", myr_verify_normals);
    EXPECT_FINDS(sign_of_one_normal, "normals: ", myr_verify_normals);
    EXPECT_FINDS(one_bit_of_one_word, "words, published|words, against the reference", myr_verify_words);
    EXPECT_FINDS(wrong_word_late_in_the_stream, "words, against the reference", myr_verify_words);
}

Test(verify, finds_faulty_moments) {
    EXPECT_FINDS(fourth_moment_off_by_1e_10, "moments, |exact arithmetic, ", myr_verify_moments,
                 myr_verify_exact);
    EXPECT_FINDS(nan_in_a_moment, "moments, |exact arithmetic, ", myr_verify_moments, myr_verify_exact);
    EXPECT_FINDS(variance_off_by_ten_errors, "statistics, |moments, ", myr_verify_statistics,
                 myr_verify_moments);
}

Test(verify, finds_faulty_rankings) {
    EXPECT_FINDS(two_places_of_one_ranking, "rankings, against the reference|rankings, against the cpu",
                 myr_verify_rankings);
    EXPECT_FINDS(rankings_counted_from_the_run, "rankings, in parts", myr_verify_rankings);
    EXPECT_FINDS(rewards_stretched, "rankings, frequencies|policies, DPO recovers pi* from 32768",
                 myr_verify_rankings, myr_verify_policies);
    EXPECT_FINDS(no_ranking, "rankings, against the reference|policies, preferences drawn",
                 myr_verify_rankings, myr_verify_policies);
}

Test(verify, refuses_bad_options) {
    myr_context *context = new_context();
    myr_verify_options options = verify_options("reference");
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
