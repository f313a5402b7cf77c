/* Training of exact policies, against fits, closed forms and its own definition; and what is refused. */
#include "loss_traits.h"
#include "policy_world.h"

/* The loss of all rows at logits, by the reference's reduction. */
static double loss_at(world *w, const myr_loss_options *loss, const double *logits) {
    static double columns[4][ROWS];
    for (size_t i = 0; i < ROWS; i++)
        for (size_t which = 0; which < 2; which++) {
            const size_t base = (size_t)w->prompts[i] * ANSWERS, at = base + w->answers[2 * i + which];
            double sum = 0.0, all = 0.0;
            for (size_t y = 0; y < ANSWERS; y++) {
                sum += exp(logits[base + y]);
                all += exp(w->reference[base + y]);
            }
            columns[which][i] = logits[at] - log(sum);
            columns[2 + which][i] = w->reference[at] - log(all);
        }
    myr_compute_options compute = MYR_COMPUTE_OPTIONS_INIT;
    myr_pairs pairs = MYR_PAIRS_INIT;
    myr_loss_metrics metrics = MYR_LOSS_METRICS_INIT;
    const myr_array_out none = {NULL, MYR_F64};
    compute.backend = "reference";
    pairs.count = ROWS;
    pairs.policy_chosen = (myr_array){columns[0], MYR_F64};
    pairs.policy_rejected = (myr_array){columns[1], MYR_F64};
    pairs.reference_chosen = (myr_array){columns[2], MYR_F64};
    pairs.reference_rejected = (myr_array){columns[3], MYR_F64};
    REQUIRE_OK(w->context, myr_loss_pairs(w->context, loss, &pairs, &compute, none, none, &metrics, NULL));
    return metrics.loss;
}

static double log_odds(const double *table, size_t n) {
    return table[n] - table[n / ANSWERS * ANSWERS];
}

/* Some steps of SGD, then one more: between them the logits go down the slope of the loss, found by finite
 * differences, for every loss of the list. hinge is smooth but at a margin of 1, which no answer has; the
 * losses that sort but where answers change places, which those of this seed do not within 1e-6. */
Test(policy_training, every_loss_on_pairs_goes_down_its_slope) {
    const uint64_t seed = fresh_seed();
    int tried = 0;
    for (int l = 0; myr_loss_name(l); l++) {
        world *w = new_world(loss_is_sorted(myr_loss_name(l)) ? 5 : seed);
        myr_training_options options = MYR_TRAINING_OPTIONS_INIT;
        myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
        double before[ENTRIES], after[ENTRIES];
        loss.loss = myr_loss_name(l);
        options.loss = &loss;
        if (loss_needs_lengths(myr_loss_name(l))) {
            free_world(w);
            continue; /* needs lengths: see the refusals */
        }
        if (loss_traits(myr_loss_name(l)) & MYR_TAKES_SHIFT)
            loss.shift = 0.1;
        options.steps = 20;
        options.rate = 0.5;
        REQUIRE_OK(w->context,
                   myr_policy_train(w->context, &w->problem, &w->pairs, &options, before, NULL));
        options.steps = 21;
        REQUIRE_OK(w->context, myr_policy_train(w->context, &w->problem, &w->pairs, &options, after, NULL));
        loss.beta = w->problem.beta;
        double slope[ENTRIES];
        for (size_t n = 0; n < ENTRIES; n++) {
            const double middle = before[n], d = 1e-6;
            before[n] = middle + d;
            slope[n] = loss_at(w, &loss, before);
            before[n] = middle - d;
            slope[n] = (slope[n] - loss_at(w, &loss, before)) / (2 * d);
            before[n] = middle;
        }
        for (size_t n = 0; n < ENTRIES; n++) /* policies are normalised: odds are what steps show */
            cr_expect(fabs(log_odds(after, n) - log_odds(before, n) + 0.5 * log_odds(slope, n)) <= 1e-8,
                      "%s, %zu: %.12g, slope %.12g", myr_loss_name(l), n,
                      log_odds(after, n) - log_odds(before, n), log_odds(slope, n));
        tried++;
        free_world(w);
    }
    cr_expect_geq(tried, 15);
}

/* Bradley-Terry's maximum, and the same table by DPO of a uniform reference and beta 1. */
Test(policy_training, reward_models_are_bradley_terry_fits) {
    world *w = new_world(fresh_seed());
    myr_training_options options = MYR_TRAINING_OPTIONS_INIT;
    myr_training_report report = MYR_TRAINING_REPORT_INIT;
    double rewards[ENTRIES], policy[ENTRIES], implied[ENTRIES];
    options.method = "rewards";
    options.steps = 100000;
    options.rate = 10.0;
    options.tolerance = 1e-12;
    REQUIRE_OK(w->context,
               myr_policy_train(w->context, &w->problem, &w->pairs, &options, rewards, &report));
    cr_expect(report.steps < options.steps && report.gradient <= 1e-12);
    w->problem.reference = NULL;
    w->problem.beta = 1.0;
    options.method = "pairs";
    REQUIRE_OK(w->context, myr_policy_train(w->context, &w->problem, &w->pairs, &options, policy, &report));
    REQUIRE_OK(w->context, myr_policy_rewards(w->context, &w->problem, policy, implied));
    for (uint32_t x = 0; x < PROMPTS; x++) {
        uint32_t first[ROWS], second[ROWS];
        uint64_t count = 0;
        for (size_t i = 0; i < ROWS; i++)
            if (w->prompts[i] == x) {
                first[count] = w->answers[2 * i];
                second[count++] = w->answers[2 * i + 1];
            }
        myr_outcomes *outcomes = NULL;
        myr_fit_options fit = MYR_FIT_OPTIONS_INIT;
        myr_estimate items[ANSWERS];
        myr_fit_report fitted = MYR_FIT_REPORT_INIT;
        fit.tolerance = 1e-10;
        REQUIRE_OK(w->context, myr_outcomes_create_comparisons(w->context, ANSWERS, count, first, second,
                                                               NULL, NULL, &outcomes));
        REQUIRE_OK(w->context, myr_fit(w->context, outcomes, &fit, items, &fitted));
        for (size_t y = 0; y < ANSWERS; y++) {
            /* The gradient left over the least eigenvalue, which is above 0.03. */
            cr_expect(fabs(rewards[x * ANSWERS + y] - items[y].estimate) <= 1e-9, "%.12g %.12g",
                      rewards[x * ANSWERS + y], items[y].estimate);
            cr_expect(fabs(implied[x * ANSWERS + y] - items[y].estimate) <= 1e-9);
        }
        myr_outcomes_destroy(outcomes);
    }
    free_world(w);
}

/* SFT on winners ends at the winners' frequencies, whatever the losers were. */
Test(policy_training, winners_sft_ends_at_the_shares_of_wins) {
    world *w = new_world(fresh_seed());
    myr_training_options options = MYR_TRAINING_OPTIONS_INIT;
    double policy[ENTRIES], wins[ENTRIES] = {0}, all[PROMPTS] = {0};
    myr_loss_options sft = MYR_LOSS_OPTIONS_INIT;
    sft.loss = "sft";
    options.loss = &sft;
    options.steps = 100000;
    options.rate = 3.0;
    options.tolerance = 1e-12;
    REQUIRE_OK(w->context, myr_policy_train(w->context, &w->problem, &w->pairs, &options, policy, NULL));
    for (size_t i = 0; i < ROWS; i++) {
        wins[w->prompts[i] * ANSWERS + w->answers[2 * i]] += 1.0;
        all[w->prompts[i]] += 1.0;
    }
    for (size_t n = 0; n < ENTRIES; n++)
        cr_expect(fabs(policy[n] - log(wins[n] / all[n / ANSWERS])) <= 1e-9, "%.12g", policy[n]);
    free_world(w);
}

/* TR-DPO is DPO in stretches of tau steps, each from the policy where the last one ended, with the
 * reference mixed in between. */
Test(policy_training, the_reference_follows_every_tau_steps) {
    const double mixes[] = {1.0, 0.6, 0.0};
    for (int m = 0; m < 3; m++) {
        world *w = new_world(fresh_seed());
        myr_training_options options = MYR_TRAINING_OPTIONS_INIT;
        double whole[ENTRIES], part[ENTRIES], plain[ENTRIES];
        options.sync_every = 10;
        options.sync_mix = mixes[m];
        options.steps = 20;
        REQUIRE_OK(w->context, myr_policy_train(w->context, &w->problem, &w->pairs, &options, whole, NULL));
        options.sync_every = 0;
        REQUIRE_OK(w->context, myr_policy_train(w->context, &w->problem, &w->pairs, &options, plain, NULL));
        options.steps = 10;
        REQUIRE_OK(w->context, myr_policy_train(w->context, &w->problem, &w->pairs, &options, part, NULL));
        /* The second stretch by hand: ten steps from part with the mixed reference. */
        double mixed[ENTRIES], logits[ENTRIES];
        for (size_t n = 0; n < ENTRIES; n++) {
            logits[n] = part[n];
            mixed[n] = mixes[m] * part[n] + (1.0 - mixes[m]) * w->reference[n];
        }
        for (int step = 0; step < 10; step++) {
            double gradient[ENTRIES] = {0};
            for (size_t i = 0; i < ROWS; i++) {
                const size_t a = w->prompts[i] * ANSWERS + w->answers[2 * i],
                             b = w->prompts[i] * ANSWERS + w->answers[2 * i + 1];
                const double h = 0.6 * (logits[a] - logits[b] - mixed[a] + mixed[b]);
                gradient[a] -= 0.6 / (1.0 + exp(h)) / ROWS;
                gradient[b] += 0.6 / (1.0 + exp(h)) / ROWS;
            }
            for (size_t n = 0; n < ENTRIES; n++)
                logits[n] -= gradient[n];
        }
        bool same = true;
        for (size_t n = 0; n < ENTRIES; n++) {
            cr_expect(fabs(log_odds(whole, n) - log_odds(logits, n)) <= 1e-12, "mix %g: %.15g %.15g",
                      mixes[m], log_odds(whole, n), log_odds(logits, n));
            same = same && fabs(log_odds(whole, n) - log_odds(plain, n)) <= 1e-12;
        }
        cr_expect_eq(same, mixes[m] == 0.0, "a reference that follows matters");
        free_world(w);
    }
}

/* Three steps of AdamW with decay, by its published formulas. */
Test(policy_training, adamw_steps_as_published) {
    world *w = new_world(fresh_seed());
    myr_training_options options = MYR_TRAINING_OPTIONS_INIT;
    double got[ENTRIES], logits[ENTRIES], m[ENTRIES] = {0}, v[ENTRIES] = {0};
    options.optimizer = "adamw";
    options.rate = 0.3;
    options.decay = 0.1;
    options.beta1 = 0.8;
    options.beta2 = 0.95;
    options.steps = 3;
    REQUIRE_OK(w->context, myr_policy_train(w->context, &w->problem, &w->pairs, &options, got, NULL));
    for (size_t n = 0; n < ENTRIES; n++) {
        double all = 0.0;
        for (size_t y = 0; y < ANSWERS; y++)
            all += exp(w->reference[n / ANSWERS * ANSWERS + y]);
        logits[n] = w->reference[n] - log(all);
    }
    for (int t = 1; t <= 3; t++) {
        double gradient[ENTRIES] = {0};
        for (size_t i = 0; i < ROWS; i++) {
            const size_t a = w->prompts[i] * ANSWERS + w->answers[2 * i],
                         b = w->prompts[i] * ANSWERS + w->answers[2 * i + 1];
            const double h = 0.6 * (logits[a] - logits[b] - w->reference[a] + w->reference[b]);
            gradient[a] -= 0.6 / (1.0 + exp(h)) / ROWS;
            gradient[b] += 0.6 / (1.0 + exp(h)) / ROWS;
        }
        for (size_t n = 0; n < ENTRIES; n++) {
            logits[n] *= 1.0 - 0.3 * 0.1;
            m[n] = 0.8 * m[n] + 0.2 * gradient[n];
            v[n] = 0.95 * v[n] + 0.05 * gradient[n] * gradient[n];
            logits[n] -= 0.3 * (m[n] / (1.0 - pow(0.8, t))) / (sqrt(v[n] / (1.0 - pow(0.95, t))) + 1e-8);
        }
    }
    /* A gradient of 1e-5 or less may be off by a unit in its tenth digit, and AdamW divides by it. */
    for (size_t n = 0; n < ENTRIES; n++)
        cr_expect(fabs(log_odds(got, n) - log_odds(logits, n)) <= 1e-8, "%.15g %.15g", log_odds(got, n),
                  log_odds(logits, n));
    free_world(w);
}

Test(policy_training, reinforce_reaches_the_optimum) {
    world *w = new_world(fresh_seed());
    myr_training_options options = MYR_TRAINING_OPTIONS_INIT;
    myr_training_report report = MYR_TRAINING_REPORT_INIT;
    myr_policy_value value = MYR_POLICY_VALUE_INIT;
    double policy[ENTRIES];
    options.method = "reinforce";
    options.steps = 1000000;
    options.rate = 2.0;
    options.tolerance = 1e-9;
    REQUIRE_OK(w->context, myr_policy_train(w->context, &w->problem, NULL, &options, policy, &report));
    REQUIRE_OK(w->context, myr_policy_evaluate(w->context, &w->problem, policy, &value));
    /* A gradient g leaves about g^2 over the least curvature, which is beta times the least probability of
     * pi*: above 1e-5. */
    cr_expect(report.gradient <= 1e-9 && value.optimum - value.objective <= 1e-12, "%g left",
              value.optimum - value.objective);
    cr_expect(fabs(report.loss + value.objective) <= 1e-12);
    options.tolerance = 0.0;
    /* By draws, with either optimizer: what is left is the steps' noise. At the start it is 0.5 or so. */
    for (int adam = 0; adam < 2; adam++) {
        options.optimizer = adam ? "adamw" : "sgd";
        options.rate = adam ? 0.01 : 0.2;
        options.steps = 3000;
        options.batch = 8;
        REQUIRE_OK(w->context, myr_policy_train(w->context, &w->problem, NULL, &options, policy, NULL));
        REQUIRE_OK(w->context, myr_policy_evaluate(w->context, &w->problem, policy, &value));
        cr_expect(value.optimum - value.objective <= 0.03, "%s: %g left", options.optimizer,
                  value.optimum - value.objective);
    }
    free_world(w);
}

/* A batch's rows are the documented ones; merged rows are the same mean as rows by themselves. */
Test(policy_training, batches_are_the_documented_rows) {
    world *w = new_world(3);
    myr_training_options options = MYR_TRAINING_OPTIONS_INIT;
    myr_run_options run = MYR_RUN_OPTIONS_INIT;
    double got[ENTRIES], whole[ENTRIES], expected[ENTRIES] = {0};
    uint32_t words[2][4];
    options.steps = 1;
    options.batch = 7;
    options.seed = run.seed = 12;
    run.backend = "reference";
    run.count = 1;
    REQUIRE_OK(w->context, myr_policy_train(w->context, &w->problem, &w->pairs, &options, got, NULL));
    REQUIRE_OK(w->context, myr_random_words(w->context, &run, MYR_STREAM_RESAMPLE, 0, 2, &words[0][0]));
    for (size_t j = 0; j < 7; j++) {
        const size_t i = (size_t)((uint64_t)words[j / 4][j % 4] * ROWS >> 32);
        expected[w->prompts[i] * ANSWERS + w->answers[2 * i]] += 0.6 * 0.5 / 7.0;
        expected[w->prompts[i] * ANSWERS + w->answers[2 * i + 1]] -= 0.6 * 0.5 / 7.0;
    }
    for (size_t n = 0; n < ENTRIES; n++)
        cr_expect(fabs(log_odds(got, n) - log_odds(w->reference, n) - log_odds(expected, n)) <= 1e-13);
    options.batch = 0;
    REQUIRE_OK(w->context, myr_policy_train(w->context, &w->problem, &w->pairs, &options, whole, NULL));
    myr_loss_options sorted = MYR_LOSS_OPTIONS_INIT;
    sorted.loss = "aot_unpaired"; /* takes no weights, so rows are not merged: it runs */
    options.loss = &sorted;
    REQUIRE_OK(w->context, myr_policy_train(w->context, &w->problem, &w->pairs, &options, whole, NULL));
    free_world(w);
}

/* ---- refusals -------------------------------------------------------------------------------------- */

static void expect_refusal(world *w, const myr_training_options *options, const myr_policy_pairs *pairs,
                           myr_status status, const char *message) {
    double table[ENTRIES];
    cr_expect_eq(myr_policy_train(w->context, &w->problem, pairs, options, table, NULL), status, "%s",
                 message);
    cr_expect(strstr(myr_context_error(w->context), message), "%s lacks %s", myr_context_error(w->context),
              message);
}

Test(policy_training, refuses_bad_training) {
    world *w = new_world(1);
    const myr_training_options fine = MYR_TRAINING_OPTIONS_INIT;
    myr_training_options o = fine;
    o.method = "dreaming";
    expect_refusal(w, &o, &w->pairs, MYR_INVALID_ARGUMENT, "'dreaming' is not known");
    o = fine;
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    o.loss = &loss;
    loss.loss = "sigmoid_norm";
    expect_refusal(w, &o, &w->pairs, MYR_INVALID_ARGUMENT, "needs chosen_length");
    loss.loss = "nonsense";
    expect_refusal(w, &o, &w->pairs, MYR_INVALID_ARGUMENT, "nonsense");
    o = fine;
    o.optimizer = "lion";
    expect_refusal(w, &o, &w->pairs, MYR_INVALID_ARGUMENT, "optimizer: 'lion'");
    o = fine;
    o.rate = NAN;
    expect_refusal(w, &o, &w->pairs, MYR_INVALID_ARGUMENT, "rate: nan");
    o = fine;
    o.decay = 2.0;
    expect_refusal(w, &o, &w->pairs, MYR_INVALID_ARGUMENT, "decay: 2");
    o = fine;
    o.beta2 = 1.0;
    expect_refusal(w, &o, &w->pairs, MYR_INVALID_ARGUMENT, "beta2 1");
    o = fine;
    o.sync_mix = 1.5;
    expect_refusal(w, &o, &w->pairs, MYR_INVALID_ARGUMENT, "sync_mix 1.5");
    o = fine;
    o.tolerance = -1.0;
    expect_refusal(w, &o, &w->pairs, MYR_INVALID_ARGUMENT, "tolerance -1");
    o = fine;
    o.method = "reinforce";
    o.batch = 1;
    expect_refusal(w, &o, NULL, MYR_INVALID_ARGUMENT, "batch 1");
    o = fine;
    o.decay = 1.0; /* logits are multiplied by -1e6 a step */
    o.rate = 1e6;
    expect_refusal(w, &o, &w->pairs, MYR_INVALID_DATA, "a smaller rate?");
    expect_refusal(w, &fine, NULL, MYR_INVALID_ARGUMENT, "pairs: NULL");
    w->pairs.count = 0;
    expect_refusal(w, &fine, &w->pairs, MYR_INVALID_ARGUMENT, "count 0");
    w->pairs.count = ROWS;
    w->answers[2 * 17] = w->answers[2 * 17 + 1];
    expect_refusal(w, &fine, &w->pairs, MYR_INVALID_DATA, "row 17 has prompt");
    w->answers[2 * 16] = ANSWERS;
    expect_refusal(w, &fine, &w->pairs, MYR_INVALID_DATA, "row 16 has prompt");
    w->prompts[15] = PROMPTS;
    expect_refusal(w, &fine, &w->pairs, MYR_INVALID_DATA, "row 15 has prompt 3");
    free_world(w);
}

Test(policy_training, refuses_bad_problems) {
    world *w = new_world(1);
    double table[ENTRIES];
    const myr_policy_problem fine = w->problem;
    const struct {
        uint32_t prompts, answers;
        double beta;
        const char *message;
    } bad[] = {{0, 4, 1.0, "0 prompts of 4"},
               {3, 1, 1.0, "3 prompts of 1"},
               {3, 4, 0.0, "beta 0"},
               {3, 4, NAN, "beta nan"},
               {1 << 20, 1 << 16, 1.0, "2^24 in all"}};
    for (size_t n = 0; n < sizeof bad / sizeof *bad; n++) {
        w->problem = fine;
        w->problem.prompts = bad[n].prompts;
        w->problem.answers = bad[n].answers;
        w->problem.beta = bad[n].beta;
        cr_expect_eq(myr_policy_exact(w->context, &w->problem, table, NULL), MYR_INVALID_ARGUMENT);
        cr_expect(strstr(myr_context_error(w->context), bad[n].message), "%s",
                  myr_context_error(w->context));
    }
    w->problem = fine;
    w->rewards[6] = INFINITY;
    cr_expect_eq(myr_policy_exact(w->context, &w->problem, table, NULL), MYR_INVALID_DATA);
    cr_expect(strstr(myr_context_error(w->context), "reward of prompt 1, answer 2, is inf"), "%s",
              myr_context_error(w->context));
    w->reference[1] = NAN;
    cr_expect_eq(myr_policy_exact(w->context, &w->problem, table, NULL), MYR_INVALID_DATA);
    cr_expect(strstr(myr_context_error(w->context), "reference of prompt 0, answer 1, is"), "%s",
              myr_context_error(w->context));
    w->problem.rewards = NULL;
    cr_expect_eq(myr_policy_exact(w->context, &w->problem, table, NULL), MYR_INVALID_ARGUMENT);
    cr_expect_eq(myr_policy_exact(w->context, NULL, table, NULL), MYR_INVALID_ARGUMENT);
    free_world(w);
}
