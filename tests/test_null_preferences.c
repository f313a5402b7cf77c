/* NULL in place of every pointer of the calls on preferences: losses, exact policies, fits. */
#include <criterion/criterion.h>

#include "null_calls.h"

static const myr_array no_array = {NULL, MYR_F32}, array = {floats, MYR_F32};
static const myr_array_out nowhere = {NULL, MYR_F32};

/* ---- losses ---------------------------------------------------------------------------------------- */

static const myr_compute_options compute = {sizeof compute, "cpu", 1, 0, MYR_HOST, NULL, NULL},
                                 nameless_compute = {sizeof compute, NULL, 1, 0, MYR_HOST, NULL, NULL};

static void make_pair_losses(myr_context *c) {
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_loss_options nameless = loss, no_divergence = loss;
    myr_pairs pairs = MYR_PAIRS_INIT, missing;
    nameless.loss = NULL;
    no_divergence.f_divergence = NULL;
    pairs.count = 8;
    pairs.policy_chosen = pairs.policy_rejected = pairs.reference_chosen = pairs.reference_rejected = array;
    missing = pairs;
    missing.reference_rejected = no_array;
    TAKEN(myr_loss_pairs(c, &loss, &pairs, &compute, nowhere, nowhere, NULL, NULL));
    TAKEN(myr_loss_pairs(c, NULL, &pairs, &compute, nowhere, nowhere, NULL, NULL));
    REFUSED(myr_loss_pairs(c, &nameless, &pairs, &compute, nowhere, nowhere, NULL, NULL));
    REFUSED(myr_loss_pairs(c, &no_divergence, &pairs, &compute, nowhere, nowhere, NULL, NULL));
    REFUSED(myr_loss_pairs(c, &loss, NULL, &compute, nowhere, nowhere, NULL, NULL));
    REFUSED(myr_loss_pairs(c, &loss, &missing, &compute, nowhere, nowhere, NULL, NULL));
    TAKEN(myr_loss_pairs(c, &loss, &pairs, NULL, nowhere, nowhere, NULL, NULL));
    REFUSED(myr_loss_pairs(c, &loss, &pairs, &nameless_compute, nowhere, nowhere, NULL, NULL));
    cr_expect(!myr_loss_takes_margin(NULL));
}

static void make_linear_losses(myr_context *c) {
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    const myr_many many = MYR_MANY_INIT;
    myr_features features = MYR_FEATURES_INIT, missing = features;
    features.count = missing.count = 4;
    features.parameters = missing.parameters = 2;
    features.delta = array;
    TAKEN(myr_loss_linear(c, &loss, &features, array, &compute, nowhere, NULL, NULL));
    TAKEN(myr_loss_linear(c, NULL, &features, array, &compute, nowhere, NULL, NULL));
    REFUSED(myr_loss_linear(c, &loss, NULL, array, &compute, nowhere, NULL, NULL));
    REFUSED(myr_loss_linear(c, &loss, &missing, array, &compute, nowhere, NULL, NULL));
    REFUSED(myr_loss_linear(c, &loss, &features, no_array, &compute, nowhere, NULL, NULL));
    TAKEN(myr_loss_linear(c, &loss, &features, array, NULL, nowhere, NULL, NULL));
    TAKEN(myr_loss_many(c, &loss, &features, array, &many, &compute, nowhere, NULL, NULL));
    TAKEN(myr_loss_many(c, NULL, &features, array, &many, &compute, nowhere, NULL, NULL));
    REFUSED(myr_loss_many(c, &loss, NULL, array, &many, &compute, nowhere, NULL, NULL));
    REFUSED(myr_loss_many(c, &loss, &missing, array, &many, &compute, nowhere, NULL, NULL));
    REFUSED(myr_loss_many(c, &loss, &features, no_array, &many, &compute, nowhere, NULL, NULL));
    REFUSED(myr_loss_many(c, &loss, &features, array, NULL, &compute, nowhere, NULL, NULL));
    TAKEN(myr_loss_many(c, &loss, &features, array, &many, NULL, nowhere, NULL, NULL));
}

static void make_group_losses(myr_context *c) {
    const myr_rlvr_options rlvr = MYR_RLVR_OPTIONS_INIT;
    myr_rlvr_batch batch = MYR_RLVR_BATCH_INIT, no_rewards;
    myr_rankings rankings = MYR_RANKINGS_INIT, no_answers = rankings;
    batch.tokens = 8;
    batch.sequences = 4;
    batch.groups = 2;
    batch.log_probs = batch.old_log_probs = batch.rewards = array;
    no_rewards = batch;
    no_rewards.rewards = no_array;
    rankings.answers = no_answers.answers = 8;
    rankings.count = no_answers.count = 2;
    rankings.log_probs = array;
    TAKEN(myr_loss_rankings(c, &rankings, &compute, nowhere, NULL, NULL));
    REFUSED(myr_loss_rankings(c, NULL, &compute, nowhere, NULL, NULL));
    REFUSED(myr_loss_rankings(c, &no_answers, &compute, nowhere, NULL, NULL));
    TAKEN(myr_loss_rankings(c, &rankings, NULL, nowhere, NULL, NULL));
    TAKEN(myr_loss_rlvr(c, &rlvr, &batch, &compute, nowhere, nowhere, NULL, NULL));
    TAKEN(myr_loss_rlvr(c, NULL, &batch, &compute, nowhere, nowhere, NULL, NULL));
    REFUSED(myr_loss_rlvr(c, &rlvr, NULL, &compute, nowhere, nowhere, NULL, NULL));
    REFUSED(myr_loss_rlvr(c, &rlvr, &no_rewards, &compute, nowhere, nowhere, NULL, NULL));
    TAKEN(myr_loss_rlvr(c, &rlvr, &batch, NULL, nowhere, nowhere, NULL, NULL));
}

static void make_token_losses(myr_context *c) {
    static const int32_t labels[4] = {0, 1, 0, 1};
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_tokens tokens = MYR_TOKENS_INIT;
    myr_token_pairs pairs = MYR_TOKEN_PAIRS_INIT;
    myr_head head = MYR_HEAD_INIT, no_matrix;
    float logits[8] = {0};
    const myr_array_out out = {logits, MYR_F32};
    tokens.rows = tokens.sequences = 4;
    tokens.vocabulary = head.width = 2;
    tokens.labels = (myr_array){labels, MYR_I32};
    pairs.reference = head.hidden = head.matrix = array;
    no_matrix = head;
    no_matrix.matrix = no_array;
    REFUSED(myr_token_logps(c, NULL, array, &compute, nowhere, nowhere, NULL));
    REFUSED(myr_token_logps(c, &tokens, no_array, &compute, nowhere, nowhere, NULL));
    TAKEN(myr_token_logps(c, &tokens, array, NULL, nowhere, nowhere, NULL));
    REFUSED(myr_token_gradient(c, NULL, out, array, no_array, &compute, NULL));
    REFUSED(myr_token_gradient(c, &tokens, nowhere, array, no_array, &compute, NULL));
    REFUSED(myr_token_gradient(c, &tokens, out, no_array, no_array, &compute, NULL));
    TAKEN(myr_token_gradient(c, &tokens, out, array, no_array, NULL, NULL));
    TAKEN(myr_loss_tokens(c, &loss, &tokens, &pairs, out, true, &compute, nowhere, NULL, NULL));
    TAKEN(myr_loss_tokens(c, NULL, &tokens, &pairs, out, true, &compute, nowhere, NULL, NULL));
    REFUSED(myr_loss_tokens(c, &loss, NULL, &pairs, out, true, &compute, nowhere, NULL, NULL));
    REFUSED(myr_loss_tokens(c, &loss, &tokens, NULL, out, true, &compute, nowhere, NULL, NULL));
    REFUSED(myr_loss_tokens(c, &loss, &tokens, &pairs, nowhere, true, &compute, nowhere, NULL, NULL));
    TAKEN(myr_loss_tokens(c, &loss, &tokens, &pairs, out, true, NULL, nowhere, NULL, NULL));
#define HEAD(loss, tokens, pairs, head, compute, hidden) \
    myr_loss_head(c, loss, tokens, pairs, head, compute, hidden, nowhere, nowhere, NULL, NULL)
    TAKEN(HEAD(&loss, &tokens, &pairs, &head, &compute, nowhere));
    TAKEN(HEAD(NULL, &tokens, &pairs, &head, &compute, nowhere));
    REFUSED(HEAD(&loss, NULL, &pairs, &head, &compute, nowhere));
    REFUSED(HEAD(&loss, &tokens, NULL, &head, &compute, nowhere));
    REFUSED(HEAD(&loss, &tokens, &pairs, NULL, &compute, nowhere));
    REFUSED(HEAD(&loss, &tokens, &pairs, &no_matrix, &compute, nowhere));
    TAKEN(HEAD(&loss, &tokens, &pairs, &head, NULL, nowhere));
    REFUSED(HEAD(&loss, &tokens, &pairs, &head, &compute, out)); /* both gradients, or none */
}

Test(null_preferences, of_losses) {
    with_and_without(make_pair_losses);
    with_and_without(make_linear_losses);
    with_and_without(make_group_losses);
    with_and_without(make_token_losses);
}

/* ---- policies and fits ----------------------------------------------------------------------------- */

static void make_policies(myr_context *c) {
    static const uint32_t answers[4] = {0, 1, 1, 0};
    myr_policy_problem problem = MYR_POLICY_PROBLEM_INIT, no_rewards = problem;
    myr_policy_value value = MYR_POLICY_VALUE_INIT;
    const myr_gradient_options gradient = MYR_GRADIENT_OPTIONS_INIT;
    myr_run_options run = MYR_RUN_OPTIONS_INIT;
    uint32_t rankings[16];
    problem.rewards = ones;
    run.count = 4;
    TAKEN(myr_policy_exact(c, &problem, NULL, NULL));
    REFUSED(myr_policy_exact(c, NULL, numbers, numbers));
    REFUSED(myr_policy_exact(c, &no_rewards, numbers, numbers));
    REFUSED(myr_policy_evaluate(c, NULL, ones, &value));
    REFUSED(myr_policy_evaluate(c, &no_rewards, ones, &value));
    REFUSED(myr_policy_evaluate(c, &problem, NULL, &value));
    REFUSED(myr_policy_evaluate(c, &problem, ones, NULL));
    REFUSED(myr_policy_rewards(c, NULL, ones, numbers));
    REFUSED(myr_policy_rewards(c, &problem, NULL, numbers));
    REFUSED(myr_policy_rewards(c, &problem, ones, NULL));
    REFUSED(myr_policy_simulate(c, NULL, &run, 2, rankings));
    REFUSED(myr_policy_simulate(c, &no_rewards, &run, 2, rankings));
    REFUSED(myr_policy_simulate(c, &problem, NULL, 2, rankings)); /* would be a million */
    REFUSED(myr_policy_simulate(c, &problem, &run, 2, NULL));
    REFUSED(myr_policy_gradient(c, NULL, ones, &gradient, numbers, NULL));
    REFUSED(myr_policy_gradient(c, &no_rewards, ones, &gradient, numbers, NULL));
    REFUSED(myr_policy_gradient(c, &problem, NULL, &gradient, numbers, NULL));
    TAKEN(myr_policy_gradient(c, &problem, ones, NULL, numbers, NULL));
    REFUSED(myr_policy_gradient(c, &problem, ones, &gradient, NULL, NULL));

    myr_training_options training = MYR_TRAINING_OPTIONS_INIT, unnamed = training;
    myr_policy_pairs pairs = MYR_POLICY_PAIRS_INIT, no_answers;
    pairs.count = training.steps = 2;
    no_answers = pairs;
    pairs.answers = answers;
    TAKEN(myr_policy_train(c, &problem, &pairs, &training, numbers, NULL));
    REFUSED(myr_policy_train(c, NULL, &pairs, &training, numbers, NULL));
    REFUSED(myr_policy_train(c, &problem, NULL, &training, numbers, NULL));
    REFUSED(myr_policy_train(c, &problem, &no_answers, &training, numbers, NULL));
    TAKEN(myr_policy_train(c, &problem, &pairs, NULL, numbers, NULL));
    REFUSED(myr_policy_train(c, &problem, &pairs, &training, NULL, NULL));
    unnamed.method = NULL;
    REFUSED(myr_policy_train(c, &problem, &pairs, &unnamed, numbers, NULL));
    unnamed = training;
    unnamed.optimizer = NULL;
    REFUSED(myr_policy_train(c, &problem, &pairs, &unnamed, numbers, NULL));
    myr_loss_options nameless = MYR_LOSS_OPTIONS_INIT;
    nameless.loss = NULL;
    unnamed = training;
    unnamed.loss = &nameless;
    REFUSED(myr_policy_train(c, &problem, &pairs, &unnamed, numbers, NULL));
}

static const char baseball[] = MYRIAD_TESTS_DIR "/../examples/baseball.csv";

static void make_outcomes(myr_context *c) {
    static const uint32_t items[4] = {0, 1, 1, 0};
    static const uint64_t offsets[3] = {0, 2, 4};
    const char *const no_name = NULL;
    myr_outcomes_options options = MYR_OUTCOMES_OPTIONS_INIT, unnamed = options;
    myr_outcomes *made;
    REFUSED(myr_outcomes_load(c, NULL, &options, &made));
    TAKEN(myr_outcomes_load(c, baseball, NULL, &made));
    myr_outcomes_destroy(made);
    REFUSED(myr_outcomes_load(c, baseball, &options, NULL));
    options.without_count = 1;
    REFUSED(myr_outcomes_load(c, baseball, &options, &made));
    options.without = &no_name;
    REFUSED(myr_outcomes_load(c, baseball, &options, &made));
    unnamed.input = NULL;
    REFUSED(myr_outcomes_load(c, baseball, &unnamed, &made));
    REFUSED(myr_outcomes_create_comparisons(c, 2, 2, NULL, items, NULL, NULL, &made));
    REFUSED(myr_outcomes_create_comparisons(c, 2, 2, items, NULL, NULL, NULL, &made));
    REFUSED(myr_outcomes_create_comparisons(c, 2, 2, items, items + 1, NULL, NULL, NULL));
    REFUSED(myr_outcomes_create_rankings(c, 2, 2, NULL, items, &made));
    REFUSED(myr_outcomes_create_rankings(c, 2, 2, offsets, NULL, &made));
    REFUSED(myr_outcomes_create_rankings(c, 2, 2, offsets, items, NULL));
    myr_outcomes_destroy(NULL);
    cr_expect_eq(myr_outcomes_kind(NULL), MYR_COMPARISONS);
    cr_expect_eq(myr_outcomes_items(NULL) + myr_outcomes_prompts(NULL) + myr_outcomes_rows(NULL), 0);
    cr_expect_eq(myr_outcomes_weight(NULL), 0);
    cr_expect_str_eq(myr_outcomes_columns(NULL), "");
    cr_expect(!myr_outcomes_name(NULL, 0) && !myr_outcomes_prompt(NULL, 0));
    cr_expect_eq(myr_outcomes_prompt_number(NULL, 0), 0);
}

static void make_fits(myr_context *c) {
    const myr_outcomes_options outcomes_options = MYR_OUTCOMES_OPTIONS_INIT;
    myr_outcomes *o = NULL;
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate estimates[16];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    myr_features features = MYR_FEATURES_INIT, missing = features;
    TAKEN(myr_outcomes_load(c, baseball, &outcomes_options, &o));
    REFUSED(myr_outcomes_load_reference(c, NULL, o, numbers));
    REFUSED(myr_outcomes_load_reference(c, baseball, NULL, numbers));
    REFUSED(myr_outcomes_load_reference(c, baseball, o, NULL));
    REFUSED(myr_outcomes_features(c, NULL, "x.npy", NULL, &features));
    REFUSED(myr_outcomes_features(c, o, NULL, NULL, &features));
    REFUSED(myr_outcomes_features(c, o, "x.npy", NULL, NULL));
    REFUSED(myr_fit(c, NULL, &options, estimates, &report));
    TAKEN(myr_fit(c, o, NULL, estimates, &report));
    REFUSED(myr_fit(c, o, &options, NULL, &report));
    REFUSED(myr_fit(c, o, &options, estimates, NULL));
    features.count = missing.count = 4;
    features.parameters = missing.parameters = 2;
    features.delta = array;
    options.ridge = 0.1;
    TAKEN(myr_fit_linear(c, &features, &options, &compute, estimates, &report));
    REFUSED(myr_fit_linear(c, NULL, &options, &compute, estimates, &report));
    REFUSED(myr_fit_linear(c, &missing, &options, &compute, estimates, &report));
    cr_expect_eq(myr_fit_linear(c, &features, NULL, &compute, estimates, &report),
                 MYR_INVALID_DATA); /* no ridge */
    TAKEN(myr_fit_linear(c, &features, &options, NULL, estimates, &report));
    REFUSED(myr_fit_linear(c, &features, &options, &nameless_compute, estimates, &report));
    REFUSED(myr_fit_linear(c, &features, &options, &compute, NULL, &report));
    REFUSED(myr_fit_linear(c, &features, &options, &compute, estimates, NULL));
    myr_outcomes_destroy(o);
}

Test(null_preferences, of_policies_and_fits) {
    with_and_without(make_policies);
    with_and_without(make_outcomes);
    with_and_without(make_fits);
}
