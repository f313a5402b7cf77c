/* Discrete targets: what is refused, chains, plans, given states and files; and what files give. */
#include "discrete_targets.h"

#include "targets/discrete.h"

static void expect_refusal(myr_context *context, myr_status status, myr_status wanted, const char *part) {
    cr_assert_eq(status, wanted, "%s, not %s: %s", myr_status_name(status), myr_status_name(wanted),
                 myr_context_error(context));
    cr_assert(strstr(myr_context_error(context), part), "'%s' does not say '%s'",
              myr_context_error(context), part);
}

Test(discrete_refusals, wrong_chains_are_refused_by_name) {
    myr_context *context = new_context();
    const struct {
        double weights[2], transitions[2][4], prior[2];
        int states, matrices;
        const char *part;
    } cases[] = {
        {{1, 1}, {{1, 0, 0, 1}}, {1, 1}, 0, 1, "states is 0; expected 1 to 256"},
        {{1, 1}, {{1, 0, 0, 1}}, {1, 1}, 257, 1, "states is 257; expected 1 to 256"},
        {{1, 1}, {{1, 0, 0, 1}}, {1, 1}, 2, 0, "matrices is 0; expected 1 to 1000000 of 2 states"},
        {{1, -1}, {{1, 0, 0, 1}}, {1, 1}, 2, 1, "weights[1] is -1; expected a number from 0 to 1e+30"},
        {{1, NAN}, {{1, 0, 0, 1}}, {1, 1}, 2, 1, "weights[1] is nan"},
        {{0, 0}, {{1, 0, 0, 1}}, {1, 1}, 2, 1, "weights are all 0; expected one above 0"},
        {{1, 1}, {{1, 0, 0, 1}}, {0, 0}, 2, 1, "prior are all 0"},
        {{1, 1}, {{1, 0, 0, 1}}, {INFINITY, 0}, 2, 1, "prior[0] is inf"},
        {{1, 1}, {{1, 0, 0.5, 0.4}}, {1, 1}, 2, 1, "transitions[1] sums to 0.9; expected 1"},
        {{1, 1}, {{1.5, -0.5, 0, 1}}, {1, 1}, 2, 1, "transitions[0][0] is 1.5; expected a probability"},
        {{1, 1}, {{1, 0, NAN, 1}}, {1, 1}, 2, 1, "transitions[1][0] is nan"},
        {{1, 1}, {{1, 0, 0, 1}, {1, 0.00001, 0, 1}}, {1, 1}, 2, 2, "transitions[1][0] sums to 1.00001"},
    };
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        myr_target *target = (myr_target *)1;
        myr_status status =
            myr_target_create_discrete(context, cases[n].states, cases[n].weights, cases[n].matrices,
                                       cases[n].transitions[0], cases[n].prior, &target);
        expect_refusal(context, status, MYR_INVALID_ARGUMENT, cases[n].part);
        cr_assert_null(target);
    }
    double q[4];
    expect_refusal(context, myr_transition_matrix(context, "unifrom", 2, 0.5, 1, q), MYR_INVALID_ARGUMENT,
                   "transitions are \"unifrom\"; expected uniform, absorbing, birth-death or matrices");
    expect_refusal(context, myr_transition_matrix(context, "uniform", 2, 1.5, 1, q), MYR_INVALID_ARGUMENT,
                   "beta is 1.5; expected a probability, 0 to 1");
    expect_refusal(context, myr_transition_matrix(context, "uniform", 2, NAN, 1, q), MYR_INVALID_ARGUMENT,
                   "beta is nan");
    expect_refusal(context, myr_transition_matrix(context, "absorbing", 2, 0.5, 3, q), MYR_INVALID_ARGUMENT,
                   "absorbing_state is 3; expected 1 to 2");
    myr_context_destroy(context);
}

static void expect_plan_refusal(myr_context *context, const myr_plan_options *options,
                                const myr_target *target, myr_status wanted, const char *part) {
    myr_plan *plan = (myr_plan *)1;
    expect_refusal(context, myr_plan_create(context, options, target, &plan), wanted, part);
    cr_assert_null(plan);
}

Test(discrete_refusals, combinations_without_sense_are_refused) {
    myr_context *context = new_context();
    const double weights[MYR_MAX_STATES] = {1, 2, 3}, prior[] = {0, 0, 0, 1};
    myr_target *target = named_target(context, "birth-death", 4, 0.5, weights, NULL);
    myr_target *gaussian = new_target(context, 1, 1.0);
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    expect_plan_refusal(context, &options, target, MYR_UNSUPPORTED,
                        "the process ve does not suit the target, which is of the type discrete");
    options.sampler = "ancestral";
    expect_plan_refusal(context, &options, target, MYR_UNSUPPORTED,
                        "the sampler ancestral is defined on discrete, not on the process ve");
    options.process = "discrete";
    expect_plan_refusal(context, &options, gaussian, MYR_UNSUPPORTED,
                        "the process discrete does not suit the target, which is of the type gaussian");
    options.sampler = "ddim";
    expect_plan_refusal(context, &options, target, MYR_UNSUPPORTED,
                        "the sampler ddim is defined on continuous processes, not on the process discrete");
    options.sampler = "ancestral";
    options.final_noise = false;
    expect_plan_refusal(context, &options, target, MYR_INVALID_ARGUMENT, "final_noise is off");
    options.final_noise = true;
    options.eta = 0.5;
    expect_plan_refusal(context, &options, target, MYR_INVALID_ARGUMENT, "has no eta");
    options.eta = MYR_DEFAULT_ETA;
    options.churn = 1.0;
    expect_plan_refusal(context, &options, target, MYR_INVALID_ARGUMENT, "churn is 1");
    options.churn = 0.0;
    options.sigma_max = 2.0;
    expect_plan_refusal(context, &options, target, MYR_INVALID_ARGUMENT, "sigma_max is 2");
    myr_target_destroy(target);
    myr_target_destroy(gaussian);

    /* A prior where the chain is not yet; more steps than memory has room for; another number than
     * matrices. */
    myr_plan_options plain = MYR_PLAN_OPTIONS_INIT;
    plain.process = "discrete";
    plain.sampler = "ancestral";
    const double first[] = {1, 0, 0, 0};
    target = named_target(context, "birth-death", 4, 0.5, first, prior);
    plain.steps = 2;
    expect_plan_refusal(context, &plain, target, MYR_UNSUPPORTED,
                        "start prior begins in state 4 with probability 1, but the forward chain does not "
                        "reach it in 2 steps");
    myr_target_destroy(target);
    target = named_target(context, "uniform", 200, 0.5, weights, NULL);
    plain.steps = 5243;
    expect_plan_refusal(context, &plain, target, MYR_INVALID_ARGUMENT,
                        "steps is 5243; expected at most 5242 with 200 states");
    myr_target_destroy(target);
    uint64_t random = 1;
    target = random_target(context, 3, 4, false, &random);
    cr_assert(myr_target_steps(target) == 4 && myr_target_states(target) == 3);
    expect_plan_refusal(context, &plain, target, MYR_INVALID_ARGUMENT,
                        "steps is 5243; expected 4, the target's transition matrices");
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(discrete_refusals, plans_and_targets_that_do_not_belong_together_are_refused) {
    myr_context *context = new_context();
    const double weights[] = {1, 2}, others[] = {2, 1};
    double variance[1], sample;
    myr_moment moment;
    myr_target *target = named_target(context, "uniform", 2, 0.5, weights, NULL);
    myr_target *other = named_target(context, "uniform", 2, 0.5, others, NULL);
    myr_target *same = named_target(context, "uniform", 2, 0.5, weights, NULL);
    myr_target *gaussian = new_target(context, 1, 1.0);
    myr_plan *plan = chain_plan(context, 3, "prior", target);
    myr_plan *rows = new_plan(context, "ddim", 3, "prior", gaussian);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = "cpu";
    options.count = 1;
    cr_assert_null(myr_plan_rows(plan));
    cr_assert(myr_plan_slots(plan) == 0 && myr_plan_dimension(plan) == 1 && myr_plan_steps(plan) == 3);
    REQUIRE_OK(context, myr_run_moments(context, plan, same, &options, &moment, NULL));
    expect_refusal(context, myr_run_moments(context, plan, other, &options, &moment, NULL),
                   MYR_INVALID_ARGUMENT, "is not the one whose chain the plan holds");
    expect_refusal(context, myr_run_moments(context, plan, gaussian, &options, &moment, NULL),
                   MYR_INVALID_ARGUMENT, "is a gaussian, but the plan is one of the process discrete");
    expect_refusal(context, myr_run_moments(context, rows, target, &options, &moment, NULL),
                   MYR_INVALID_ARGUMENT, "is a discrete, but the plan is not one of the process discrete");
    expect_refusal(context, myr_plan_exact(context, plan, gaussian, NULL, variance), MYR_INVALID_ARGUMENT,
                   "is a gaussian");
    expect_refusal(context, myr_plan_limit(context, plan, gaussian, variance), MYR_INVALID_ARGUMENT,
                   "is a gaussian");
    cr_assert_eq(myr_plan_limit(context, plan, target, variance), MYR_UNSUPPORTED);
    expect_refusal(context, myr_plan_exact_states(context, rows, gaussian, variance), MYR_UNSUPPORTED,
                   "on the process discrete only");

    myr_given given = MYR_GIVEN_INIT;
    double state = 2.0;
    given.states = &state;
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &options, &given, &sample, NULL));
    cr_assert(sample == 1.0 || sample == 2.0);
    const double wrong[] = {0.0, 3.0, 1.5, NAN};
    for (int n = 0; n < 4; n++) {
        state = wrong[n];
        cr_assert_eq(myr_run_samples_given(context, plan, target, &options, &given, &sample, NULL),
                     MYR_INVALID_DATA);
    }
    given.states = NULL;
    given.noise = &state;
    expect_refusal(context, myr_run_samples_given(context, plan, target, &options, &given, &sample, NULL),
                   MYR_INVALID_ARGUMENT, "noise is set, but a discrete target's chain takes no normals");
    myr_plan_destroy(plan);
    myr_plan_destroy(rows);
    myr_target_destroy(target);
    myr_target_destroy(other);
    myr_target_destroy(same);
    myr_target_destroy(gaussian);
    myr_context_destroy(context);
}

/* Two states that never mix: from the one where data is, each back to itself; the other cannot be given. */
Test(discrete_refusals, states_that_are_not_reached_cannot_be_given) {
    myr_context *context = new_context();
    const double weights[] = {1, 0}, identity[] = {1, 0, 0, 1};
    double sample = NAN, state = 1.0;
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_discrete(context, 2, weights, 1, identity, weights, &target));
    myr_plan *plan = chain_plan(context, 6, "prior", target);
    myr_given given = MYR_GIVEN_INIT;
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = "cpu";
    options.count = 1;
    given.states = &state;
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &options, &given, &sample, NULL));
    cr_assert_eq(sample, 1.0);
    state = 2.0;
    expect_refusal(context, myr_run_samples_given(context, plan, target, &options, &given, &sample, NULL),
                   MYR_INVALID_DATA, "states[0] is 2, which the forward chain does not reach in 6 steps");
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* ---- files ----------------------------------------------------------------------------------------- */

static myr_status load(myr_context *context, const char *text, myr_target **target) {
    char path[200];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.100s/myriad_discrete_%016llx.json", folder ? folder : "/tmp",
             (unsigned long long)fresh_seed());
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    myr_status status = myr_target_load(context, path, target);
    remove(path);
    return status;
}

Test(discrete_refusals, files_give_the_targets_of_the_calls) {
    myr_context *context = new_context();
    const double weights[] = {1, 0, 2}, at_end[] = {0, 0, 1}, in_middle[] = {0, 1, 0}, prior[] = {1, 2, 1};
    double q[18], expected_q[18];
    myr_transition_matrix(context, "absorbing", 3, 0.25, 2, q);
    myr_transition_matrix(context, "uniform", 3, 0.0, 0, expected_q);
    myr_transition_matrix(context, "uniform", 3, 1.0, 0, expected_q + 9);
    const struct {
        const char *text;
        int matrices;
        const double *transitions, *prior;
    } cases[] = {
        {"\"transitions\": \"absorbing\", \"beta\": 0.25, \"absorbing_state\": 2", 1, q, in_middle},
        {"\"transitions\": [[0.75, 0.25, 0], [0, 1, 0], [0, 0.25, 0.75]], \"prior\": [0, 5, 0]", 1, q,
         in_middle},
        {"\"transitions\": \"uniform\", \"beta\": [0, 1], \"prior\": [2, 4, 2]", 2, expected_q, prior},
        {"\"transitions\": \"uniform\", \"beta\": [0, 1]", 2, expected_q, NULL},
    };
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        char text[400];
        myr_target *target = NULL, *expected = NULL;
        snprintf(text, sizeof text, "{\"type\": \"discrete\", \"weights\": [1, 0, 2], %s}", cases[n].text);
        REQUIRE_OK(context, load(context, text, &target));
        REQUIRE_OK(context, myr_target_create_discrete(context, 3, weights, cases[n].matrices,
                                                       cases[n].transitions, cases[n].prior, &expected));
        cr_assert_eq(myr_target_chain(target)->identity, myr_target_chain(expected)->identity, "%s", text);
        cr_assert_str_eq(myr_target_type(target), "discrete");
        myr_target_destroy(target);
        myr_target_destroy(expected);
    }
    myr_target *target = NULL;
    REQUIRE_OK(context, load(context,
                             "{\"type\": \"discrete\", \"weights\": [1, 0, 2], \"transitions\": "
                             "\"absorbing\", \"beta\": 0.5}",
                             &target));
    cr_assert_eq(memcmp(myr_target_chain(target)->prior, at_end, sizeof at_end), 0,
                 "the last state absorbs");
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(discrete_refusals, wrong_files_are_refused_to_the_field) {
    static const char *const cases[][2] = {
        {"\"weights\": [1, 1], \"beta\": 0.1", "field \"transitions\" is missing; expected it"},
        {"\"transitions\": \"uniform\", \"beta\": 0.1", "field \"weights\" is missing; expected it"},
        {"\"weights\": [], \"transitions\": \"uniform\", \"beta\": 0.1",
         "weights has 0 entries; expected 1 to 256"},
        {"\"weights\": [1, \"a\"], \"transitions\": \"uniform\", \"beta\": 0.1",
         "weights[1] is a string; expected a number"},
        {"\"weights\": [1, 1], \"transitions\": \"uniform\"", "field \"beta\" is missing; expected it"},
        {"\"weights\": [1, 1], \"transitions\": \"uniform\", \"beta\": \"x\"",
         "beta is a string; expected a number"},
        {"\"weights\": [1, 1], \"transitions\": \"uniform\", \"beta\": []",
         "there are 0 transition matrices; expected 1 to 33554432 of 2 states"},
        {"\"weights\": [1, 1], \"transitions\": \"uniform\", \"beta\": [0.1, -0.1]",
         "beta is -0.1; expected a probability, 0 to 1"},
        {"\"weights\": [1, 1], \"transitions\": \"blur\", \"beta\": 0.1",
         "transitions are \"blur\"; expected uniform, absorbing, birth-death or matrices"},
        {"\"weights\": [1, 1], \"transitions\": \"uniform\", \"beta\": 0.1, \"absorbing_state\": 1",
         "field \"absorbing_state\" is there; expected it with \"absorbing\" alone"},
        {"\"weights\": [1, 1], \"transitions\": \"absorbing\", \"beta\": 0.1, \"absorbing_state\": 1.5",
         "absorbing_state is 1.5; expected a state, 1 to 2"},
        {"\"weights\": [1, 1], \"transitions\": [[1, 0], [0, 1]], \"beta\": 0.1",
         "field \"beta\" is there; expected it with transitions by name alone"},
        {"\"weights\": [1, 1], \"transitions\": [[1, 0], [0.5, 0.4]]",
         "transitions[1] sums to 0.9; expected 1"},
        {"\"weights\": [1, 1], \"transitions\": [[[1, 0], [0, 1]], [[1, 0], [0.5, 0.6]]]",
         "transitions[1][1] sums to 1.1; expected 1"},
        {"\"weights\": [1, 1], \"transitions\": [[[1, 0], [0, 1]], [[1, 0], [1]]]",
         "transitions[1][1] has 1 entries; expected 2"},
        {"\"weights\": [1, 1], \"transitions\": [[1, 0]]", "transitions has 1 entries; expected 2"},
        {"\"weights\": [1, 1], \"transitions\": 5",
         "transitions is a number; expected an array of arrays of numbers"},
        {"\"weights\": [1, 1], \"transitions\": [[1, 0], [0, 1]], \"prior\": [1]",
         "prior has 1 entries; expected 2"},
        {"\"weights\": [0, 0], \"transitions\": [[1, 0], [0, 1]]",
         "weights are all 0; expected one above 0"},
        {"\"weights\": [1, 1], \"transitions\": [[1, 0], [0, 1]], \"steps\": 3",
         "field \"steps\" is unknown; expected one of type, weights, transitions, beta, prior, "
         "absorbing_state"},
    };
    myr_context *context = new_context();
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        char text[400];
        myr_target *target = (myr_target *)1;
        snprintf(text, sizeof text, "{\"type\": \"discrete\", %s}", cases[n][0]);
        expect_refusal(context, load(context, text, &target), MYR_INVALID_DATA, cases[n][1]);
        cr_assert_null(target);
    }
    myr_context_destroy(context);
}
