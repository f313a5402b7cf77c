/* Losses, tokens, exact policies and fits in the caller's floating-point environment: hostile_environment.h. */
#define _GNU_SOURCE

#include <criterion/criterion.h>
#include <unistd.h>

#include "hostile_environment.h"
#include "loss_traits.h"

/* ---- inputs, made in the default environment ------------------------------------------------------- */

enum {
    MOST = 40000, /* pairs: chunks for several threads */
    FEW = 300,    /* games */
    ITEMS = 6
};

static double logps[4][MOST], small[FEW], wins[FEW], losses[FEW];
static float floats[MOST];
static uint32_t first_items[FEW], second_items[FEW], answers[2 * FEW], ranked[3 * FEW];
static uint64_t offsets[FEW + 1];
static int32_t labels[64];

static void fill(void) {
    uint64_t state = 7;
    for (int i = 0; i < MOST; i++) {
        for (int c = 0; c < 4; c++)
            logps[c][i] = -8.0 * (double)(next_random(&state) >> 11) * 0x1p-53;
        floats[i] = (float)(logps[0][i] * 0.3 + 1.2);
    }
    for (int i = 0; i < FEW; i++) {
        small[i] = 0.1 + 0.01 * i;
        first_items[i] = (uint32_t)(next_random(&state) % ITEMS);
        second_items[i] = (first_items[i] + 1 + (uint32_t)(next_random(&state) % (ITEMS - 1))) % ITEMS;
        wins[i] = (double)(next_random(&state) % 3);
        losses[i] = 1.0 + (double)(next_random(&state) % 2);
        answers[2 * i] = (uint32_t)(next_random(&state) % 4);
        answers[2 * i + 1] = (answers[2 * i] + 1) % 4;
        for (uint32_t k = 0; k < 3; k++)
            ranked[3 * i + (int)k] = (first_items[i] + k * (1 + (uint32_t)i % 2)) % ITEMS;
        offsets[i + 1] = offsets[i] + 3;
    }
    for (int i = 0; i < 64; i++)
        labels[i] = (int32_t)(next_random(&state) % 500);
}

static const myr_array none = {NULL, MYR_F32};
static const myr_array_out nowhere = {NULL, MYR_F32};

static myr_compute_options compute_of(const record *r) {
    myr_compute_options compute = MYR_COMPUTE_OPTIONS_INIT;
    compute.backend = r->backend;
    compute.threads = TEAM;
    return compute;
}

/* ---- losses ---------------------------------------------------------------------------------------- */

FAMILY(pairs) {
    static double gradient[2][MOST];
    const myr_compute_options compute = compute_of(r);
    myr_pairs pairs = MYR_PAIRS_INIT;
    pairs.count = MOST;
    pairs.policy_chosen = (myr_array){logps[0], MYR_F64};
    pairs.policy_rejected = (myr_array){logps[1], MYR_F64};
    pairs.reference_chosen = (myr_array){logps[2], MYR_F64};
    pairs.reference_rejected = (myr_array){logps[3], MYR_F64};
    for (int n = 0; myr_loss_name(n); n++) {
        myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
        myr_loss_metrics metrics = MYR_LOSS_METRICS_INIT;
        loss.loss = myr_loss_name(n);
        if (loss_needs_lengths(loss.loss))
            continue;
        CALL(myr_loss_pairs(r->context, &loss, &pairs, &compute, (myr_array_out){gradient[0], MYR_F64},
                            (myr_array_out){gradient[1], MYR_F64}, &metrics, NULL));
        NOTE(&metrics, sizeof metrics);
        NOTE(gradient, sizeof gradient);
    }
}

FAMILY(linear) {
    static double gradient[4][20];
    static const double betas[] = {0.1, 0.3, 1.0, 3.0};
    const myr_compute_options compute = compute_of(r);
    myr_features features = MYR_FEATURES_INIT;
    features.count = MOST / 20;
    features.parameters = 20;
    features.delta = (myr_array){floats, MYR_F32};
    myr_many many = MYR_MANY_INIT;
    many.replicates = 4;
    many.betas = betas;
    many.bootstrap = true;
    myr_linear_metrics metrics[4];
    const myr_array theta = {small, MYR_F64};
    const myr_array_out to = {gradient, MYR_F64};
    CALL(myr_loss_linear(r->context, NULL, &features, theta, &compute, to, metrics, NULL));
    NOTE(metrics, sizeof *metrics);
    NOTE(gradient, sizeof *gradient);
    CALL(myr_loss_many(r->context, NULL, &features, theta, &many, &compute, to, metrics, NULL));
    NOTE(metrics, sizeof metrics);
    NOTE(gradient, sizeof gradient);
}

FAMILY(rankings) {
    static double gradient[MOST];
    const myr_compute_options compute = compute_of(r);
    myr_rankings rankings = MYR_RANKINGS_INIT;
    myr_ranking_metrics metrics = MYR_RANKING_METRICS_INIT;
    rankings.answers = MOST;
    rankings.count = MOST / 5;
    rankings.log_probs = (myr_array){logps[0], MYR_F64};
    rankings.reference = (myr_array){logps[1], MYR_F64};
    CALL(myr_loss_rankings(r->context, &rankings, &compute, (myr_array_out){gradient, MYR_F64}, &metrics,
                           NULL));
    NOTE(&metrics, sizeof metrics);
    NOTE(gradient, sizeof gradient);
}

FAMILY(rlvr) {
    static double gradient[MOST], advantages[FEW];
    const myr_compute_options compute = compute_of(r);
    myr_rlvr_batch batch = MYR_RLVR_BATCH_INIT;
    myr_rlvr_metrics metrics = MYR_RLVR_METRICS_INIT;
    batch.tokens = MOST - MOST % FEW;
    batch.sequences = FEW;
    batch.groups = FEW / 6;
    batch.log_probs = (myr_array){logps[0], MYR_F64};
    batch.old_log_probs = (myr_array){logps[1], MYR_F64};
    batch.rewards = (myr_array){wins, MYR_F64};
    myr_rlvr_options options = MYR_RLVR_OPTIONS_INIT;
    options.drop_pass_rate = 2.0;
    CALL(myr_loss_rlvr(r->context, &options, &batch, &compute, (myr_array_out){advantages, MYR_F64},
                       (myr_array_out){gradient, MYR_F64}, &metrics, NULL));
    NOTE(&metrics, sizeof metrics);
    NOTE(advantages, sizeof advantages);
    NOTE(gradient, batch.tokens * sizeof *gradient);
}

/* ---- tokens ---------------------------------------------------------------------------------------- */

enum { TOKEN_ROWS = 64, VOCABULARY = 500, SEQUENCES = 8, WIDTH = 16 };

static void fresh_logits(float *logits) {
    memcpy(logits, floats, (size_t)TOKEN_ROWS * VOCABULARY * sizeof *logits);
}

FAMILY(tokens) {
    static float logits[TOKEN_ROWS * VOCABULARY], hidden[TOKEN_ROWS * WIDTH], matrix[VOCABULARY * WIDTH];
    double sequences[SEQUENCES], rows[TOKEN_ROWS];
    const myr_compute_options compute = compute_of(r);
    const myr_array_out out = {logits, MYR_F32};
    myr_tokens tokens = MYR_TOKENS_INIT;
    myr_token_pairs pairs = MYR_TOKEN_PAIRS_INIT;
    myr_head head = MYR_HEAD_INIT;
    myr_loss_metrics metrics = MYR_LOSS_METRICS_INIT;
    tokens.rows = TOKEN_ROWS;
    tokens.vocabulary = VOCABULARY;
    tokens.sequences = SEQUENCES;
    tokens.labels = (myr_array){labels, MYR_I32};
    pairs.reference = (myr_array){logps[0], MYR_F64};
    head.width = WIDTH;
    head.hidden = (myr_array){floats, MYR_F32};
    head.matrix = (myr_array){floats + 5000, MYR_F32};
    CALL(myr_token_logps(r->context, &tokens, (myr_array){floats, MYR_F32}, &compute,
                         (myr_array_out){sequences, MYR_F64}, (myr_array_out){rows, MYR_F64}, NULL));
    NOTE(sequences, sizeof sequences);
    NOTE(rows, sizeof rows);
    fresh_logits(logits);
    CALL(myr_token_gradient(r->context, &tokens, out, (myr_array){small, MYR_F64}, none, &compute, NULL));
    NOTE(logits, sizeof logits);
    fresh_logits(logits);
    CALL(myr_loss_tokens(r->context, NULL, &tokens, &pairs, out, true, &compute, nowhere, &metrics, NULL));
    NOTE(logits, sizeof logits);
    NOTE(&metrics, sizeof metrics);
    CALL(myr_loss_head(r->context, NULL, &tokens, &pairs, &head, &compute, (myr_array_out){hidden, MYR_F32},
                       (myr_array_out){matrix, MYR_F32}, nowhere, &metrics, NULL));
    NOTE(hidden, sizeof hidden);
    NOTE(matrix, sizeof matrix);
    NOTE(&metrics, sizeof metrics);
}

/* ---- exact policies -------------------------------------------------------------------------------- */

enum { PROMPTS = 3, ANSWERS = 4, ENTRIES = PROMPTS * ANSWERS };

FAMILY(policies) {
    static uint32_t drawn[2 * 5000];
    const myr_policy_problem problem = {sizeof problem, PROMPTS, ANSWERS, logps[0], logps[1], 0.6};
    const myr_policy_pairs pairs = {sizeof pairs, FEW, NULL, answers};
    double policy[ENTRIES], log_z[PROMPTS], rewards[ENTRIES], gradient[ENTRIES], variance[ENTRIES];
    myr_policy_value value = MYR_POLICY_VALUE_INIT;
    myr_run_options run = MYR_RUN_OPTIONS_INIT;
    run.backend = r->backend;
    run.threads = TEAM;
    run.count = 5000;
    CALL(myr_policy_exact(r->context, &problem, policy, log_z));
    NOTE(policy, sizeof policy);
    NOTE(log_z, sizeof log_z);
    CALL(myr_policy_evaluate(r->context, &problem, logps[2], &value));
    NOTE(&value, sizeof value);
    CALL(myr_policy_rewards(r->context, &problem, logps[2], rewards));
    NOTE(rewards, sizeof rewards);
    CALL(myr_policy_simulate(r->context, &problem, &run, 2, drawn));
    NOTE(drawn, sizeof drawn);
    myr_training_options training = MYR_TRAINING_OPTIONS_INIT;
    training.steps = 20;
    training.optimizer = "adamw";
    myr_training_report report = MYR_TRAINING_REPORT_INIT;
    CALL(myr_policy_train(r->context, &problem, &pairs, &training, policy, &report));
    NOTE(policy, sizeof policy);
    NOTE(&report, sizeof report);
    myr_gradient_options options = MYR_GRADIENT_OPTIONS_INIT;
    options.samples = 10;
    CALL(myr_policy_gradient(r->context, &problem, logps[2], &options, gradient, variance));
    NOTE(gradient, sizeof gradient);
    NOTE(variance, sizeof variance);
}

/* ---- fits ------------------------------------------------------------------------------------------ */

static void fit(record *r, myr_outcomes *outcomes) {
    myr_estimate items[ITEMS];
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    const double weight = myr_outcomes_weight(outcomes);
    options.bootstrap = 50;
    options.threads = TEAM;
    options.home = myr_outcomes_kind(outcomes) == MYR_COMPARISONS;
    NOTE(&weight, sizeof weight);
    CALL(myr_fit(r->context, outcomes, &options, items, &report));
    NOTE(items, sizeof items);
    NOTE(&report.log_likelihood, sizeof report.log_likelihood);
    NOTE(&report.home, sizeof report.home);
    myr_outcomes_destroy(outcomes);
}

FAMILY(fits) {
    myr_outcomes *outcomes;
    static double score[FEW];
    for (int i = 0; i < FEW; i++)
        score[i] = wins[i] * 0.5;
    CALL(myr_outcomes_create_comparisons(r->context, ITEMS, FEW, first_items, second_items, wins, losses,
                                         &outcomes));
    fit(r, outcomes);
    CALL(myr_outcomes_create_scores(r->context, ITEMS, FEW, first_items, second_items, score, small,
                                    &outcomes));
    fit(r, outcomes);
    CALL(myr_outcomes_create_rankings(r->context, ITEMS, FEW, offsets, ranked, &outcomes));
    fit(r, outcomes);
    myr_features features = MYR_FEATURES_INIT;
    features.count = 2000;
    features.parameters = 5;
    features.delta = (myr_array){floats, MYR_F32};
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    const myr_compute_options compute = compute_of(r);
    myr_estimate coefficients[5];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.ridge = 0.1;
    options.bootstrap = 50;
    CALL(myr_fit_linear(r->context, &features, &options, &compute, coefficients, &report));
    NOTE(coefficients, sizeof coefficients);
}

/* Numbers are read by the rounding mode too. */
static void write_files(void) {
    static const char npy[] =
        "\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (3, 1), }";
    FILE *file = fopen("games.csv", "w");
    fputs("first,second,score,weight\na,b,0.7,0.3\nb,c,0.2,1.1\nc,a,0.6,0.7\n", file);
    fclose(file);
    file = fopen("reference.csv", "w");
    fputs("item,log_probability\na,-0.1\nb,-0.2\nc,-0.3\n", file);
    fclose(file);
    file = fopen("features.npy", "wb");
    fwrite(npy, 1, sizeof npy - 1, file);
    fprintf(file, "%*s\n", 127 - (int)sizeof npy + 1, "");
    fwrite(small, sizeof *small, 3, file);
    fclose(file);
}

FAMILY(files_of_games) {
    char folder[] = "/tmp/myriad-environment-XXXXXX";
    myr_outcomes *outcomes;
    double logs[3];
    myr_features features = MYR_FEATURES_INIT;
    cr_assert(mkdtemp(folder) != NULL && chdir(folder) == 0);
    write_files();
    CALL(myr_outcomes_load(r->context, "games.csv", NULL, &outcomes));
    const double weight = myr_outcomes_weight(outcomes);
    NOTE(&weight, sizeof weight);
    CALL(myr_outcomes_load_reference(r->context, "reference.csv", outcomes, logs));
    NOTE(logs, sizeof logs);
    CALL(myr_outcomes_features(r->context, outcomes, "features.npy", logs, &features));
    NOTE(features.delta.data, features.count * sizeof(float));
    NOTE(features.weight.data, features.count * sizeof(double));
    myr_outcomes_destroy(outcomes);
    unlink("games.csv");
    unlink("reference.csv");
    unlink("features.npy");
    cr_assert(chdir("/") == 0 && rmdir(folder) == 0);
}
