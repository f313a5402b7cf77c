/* Exact policies: closed forms against sums in long double and against each other; gradients by finite
 * differences and by enumeration; training against fits, closed forms and its own definition. What holds in
 * the large, N^-1/2 and variances, is a tier of verify. */
#include <criterion/criterion.h>

#include "support.h"

enum { PROMPTS = 3, ANSWERS = 4, ENTRIES = PROMPTS * ANSWERS, ROWS = 600 };

typedef struct world {
    myr_context *context;
    myr_policy_problem problem;
    double reference[ENTRIES], rewards[ENTRIES];
    uint32_t prompts[ROWS], answers[2 * ROWS];
    myr_policy_pairs pairs;
} world;

static double uniform(uint64_t *state) {
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

/* Tables and rows at random: every answer wins and loses against every other. */
static world *new_world(uint64_t seed) {
    world *w = calloc(1, sizeof *w);
    w->context = new_context();
    for (int n = 0; n < ENTRIES; n++) {
        w->reference[n] = -3.0 * uniform(&seed);
        w->rewards[n] = 4.0 * uniform(&seed) - 2.0;
    }
    for (uint32_t i = 0; i < ROWS; i++) {
        w->prompts[i] = (uint32_t)(next_random(&seed) % PROMPTS);
        w->answers[2 * i] = (uint32_t)(next_random(&seed) % ANSWERS);
        w->answers[2 * i + 1] =
            (w->answers[2 * i] + 1 + (uint32_t)(next_random(&seed) % (ANSWERS - 1))) % ANSWERS;
    }
    w->problem = (myr_policy_problem){sizeof w->problem, PROMPTS, ANSWERS, w->reference, w->rewards, 0.6};
    w->pairs = (myr_policy_pairs){sizeof w->pairs, ROWS, w->prompts, w->answers};
    return w;
}

static void free_world(world *w) {
    myr_context_destroy(w->context);
    free(w);
}

/* ---- closed forms ---------------------------------------------------------------------------------- */

Test(policy, exact_is_the_sum_over_the_answers) {
    world *w = new_world(fresh_seed());
    double policy[ENTRIES], log_z[PROMPTS];
    REQUIRE_OK(w->context, myr_policy_exact(w->context, &w->problem, policy, log_z));
    for (size_t x = 0; x < PROMPTS; x++) {
        long double all = 0.0L, z = 0.0L;
        for (size_t y = 0; y < ANSWERS; y++)
            all += expl(w->reference[x * ANSWERS + y]);
        for (size_t y = 0; y < ANSWERS; y++)
            z += expl(w->reference[x * ANSWERS + y]) / all * expl(w->rewards[x * ANSWERS + y] / 0.6L);
        cr_expect(fabs(log_z[x] - (double)logl(z)) <= 1e-14 * (1.0 + fabs(log_z[x])), "%.17g", log_z[x]);
        for (size_t y = 0; y < ANSWERS; y++) {
            const size_t n = x * ANSWERS + y;
            const long double p = expl(w->reference[n]) / all * expl(w->rewards[n] / 0.6L) / z;
            cr_expect(fabs(policy[n] - (double)logl(p)) <= 1e-14 * (1.0 + fabs(policy[n])), "%.17g %.17Lg",
                      policy[n], logl(p));
        }
    }
    free_world(w);
}

/* J(pi*) is beta log Z, every other policy has less, by exactly beta KL(pi || pi*). */
Test(policy, nothing_is_better_than_the_exact_policy) {
    uint64_t seed = fresh_seed();
    world *w = new_world(seed);
    double best[ENTRIES], other[ENTRIES];
    myr_policy_value value;
    REQUIRE_OK(w->context, myr_policy_exact(w->context, &w->problem, best, NULL));
    REQUIRE_OK(w->context, myr_policy_evaluate(w->context, &w->problem, best, &value));
    cr_expect(fabs(value.objective - value.optimum) <= 1e-14, "%.17g", value.objective - value.optimum);
    for (int trial = 0; trial < 100; trial++) {
        double divergence = 0.0;
        for (size_t x = 0; x < PROMPTS; x++) {
            double sum = 0.0;
            for (size_t y = 0; y < ANSWERS; y++)
                sum += exp(other[x * ANSWERS + y] = 5.0 * uniform(&seed));
            for (size_t n = x * ANSWERS; n < (x + 1) * ANSWERS; n++)
                divergence += exp(other[n]) / sum * (other[n] - log(sum) - best[n]) / PROMPTS;
        }
        REQUIRE_OK(w->context, myr_policy_evaluate(w->context, &w->problem, other, &value));
        cr_expect(fabs(value.optimum - value.objective - 0.6 * divergence) <= 1e-13, "%.17g %.17g",
                  value.optimum - value.objective, 0.6 * divergence);
    }
    free_world(w);
}

Test(policy, implicit_rewards_of_the_exact_policy_are_the_rewards) {
    world *w = new_world(fresh_seed());
    double policy[ENTRIES], rewards[ENTRIES];
    REQUIRE_OK(w->context, myr_policy_exact(w->context, &w->problem, policy, NULL));
    REQUIRE_OK(w->context, myr_policy_rewards(w->context, &w->problem, policy, rewards));
    for (size_t x = 0; x < PROMPTS; x++) {
        double mean = 0.0;
        for (size_t y = 0; y < ANSWERS; y++)
            mean += w->rewards[x * ANSWERS + y] / ANSWERS;
        for (size_t n = x * ANSWERS; n < (x + 1) * ANSWERS; n++)
            cr_expect(fabs(rewards[n] - (w->rewards[n] - mean)) <= 1e-14);
    }
    free_world(w);
}

/* Of rewards far apart next to beta one answer has all; nothing overflows. */
Test(policy, extreme_rewards_keep_their_numbers) {
    const double rewards[] = {1e15, -1e15, 0.0, 5.0, 5.0, 5.0};
    const myr_policy_problem problem = {sizeof problem, 2, 3, NULL, rewards, 1e-6};
    myr_context *context = new_context();
    double policy[6], log_z[2];
    myr_policy_value value;
    REQUIRE_OK(context, myr_policy_exact(context, &problem, policy, log_z));
    cr_expect_eq(policy[0], 0.0);
    cr_expect(fabs(log_z[0] - (1e21 - log(3.0))) <= 1e6 && fabs(log_z[1] - (5e6 - 0.0)) <= 1e-8);
    cr_expect(fabs(policy[4] + log(3.0)) <= 1e-8, "%.17g", policy[4]); /* of 5e6, rounded */
    memcpy(policy, (double[]){0.0, -1e15, -1e15, 0.0, 0.0, 0.0}, sizeof policy);
    REQUIRE_OK(context, myr_policy_evaluate(context, &problem, policy, &value));
    cr_expect(isfinite(value.reward) && value.kl >= 0.0 && isfinite(value.optimum));
    myr_context_destroy(context);
}

/* ---- the policy gradient --------------------------------------------------------------------------- */

/* J of one prompt at logits, in long double. */
static long double objective(const world *w, size_t x, const double *logits) {
    long double sum = 0.0L, all = 0.0L, j = 0.0L;
    for (size_t n = x * ANSWERS; n < (x + 1) * ANSWERS; n++) {
        sum += expl(logits[n]);
        all += expl(w->reference[n]);
    }
    for (size_t n = x * ANSWERS; n < (x + 1) * ANSWERS; n++) {
        const long double p = expl(logits[n]) / sum;
        j += p * (w->rewards[n] - 0.6L * (logl(p) - w->reference[n] + logl(all)));
    }
    return j;
}

Test(policy, exact_gradient_is_that_of_finite_differences) {
    uint64_t seed = fresh_seed();
    world *w = new_world(seed);
    myr_gradient_options options = MYR_GRADIENT_OPTIONS_INIT;
    double logits[ENTRIES], gradient[ENTRIES], variance[ENTRIES];
    for (int n = 0; n < ENTRIES; n++)
        logits[n] = 3.0 * uniform(&seed);
    REQUIRE_OK(w->context,
               myr_policy_gradient(w->context, &w->problem, logits, &options, gradient, variance));
    for (size_t n = 0; n < ENTRIES; n++) {
        const double middle = logits[n], d = 1e-6;
        logits[n] = middle + d;
        const long double above = objective(w, n / ANSWERS, logits);
        logits[n] = middle - d;
        const long double below = objective(w, n / ANSWERS, logits);
        logits[n] = middle;
        /* d^2/6 of a third derivative of some 10, and rounding of logits by 4e-16 over 2 d. */
        cr_expect(fabs(gradient[n] - (double)((above - below) / (2 * d))) <= 1e-8, "%.12g %.12Lg",
                  gradient[n], (above - below) / (2 * d));
        cr_expect_eq(variance[n], 0.0);
    }
    free_world(w);
}

/* All outcomes of n draws, one after another: mean and variance of the estimate, as it is documented. */
static void enumerate(const double *p, const double *f, int samples, bool baseline, double mean[ANSWERS],
                      double variance[ANSWERS]) {
    int outcomes = 1;
    for (int s = 0; s < samples; s++)
        outcomes *= ANSWERS;
    for (int y = 0; y < ANSWERS; y++)
        mean[y] = variance[y] = 0.0;
    for (int pass = 0; pass < 2; pass++)
        for (int outcome = 0; outcome < outcomes; outcome++) {
            double chance = 1.0, g[ANSWERS] = {0};
            for (int s = 0, rest = outcome; s < samples; s++, rest /= ANSWERS)
                chance *= p[rest % ANSWERS];
            for (int s = 0, rest = outcome; s < samples; s++, rest /= ANSWERS) {
                double b = 0.0;
                for (int other = 0, tail = outcome; baseline && other < samples; other++, tail /= ANSWERS)
                    b += other != s ? f[tail % ANSWERS] / (samples - 1) : 0.0;
                for (int y = 0; y < ANSWERS; y++)
                    g[y] += (f[rest % ANSWERS] - b) * ((y == rest % ANSWERS) - p[y]) / samples;
            }
            for (int y = 0; y < ANSWERS; y++) {
                if (pass == 0)
                    mean[y] += chance * g[y];
                else
                    variance[y] += chance * (g[y] - mean[y]) * (g[y] - mean[y]);
            }
        }
}

Test(policy, gradient_has_the_mean_and_variance_of_all_its_outcomes) {
    uint64_t seed = fresh_seed();
    world *w = new_world(seed);
    w->problem.prompts = 1;
    for (int samples = 1; samples <= 5; samples++)
        for (int baseline = 0; baseline < 2; baseline++) {
            myr_gradient_options options = MYR_GRADIENT_OPTIONS_INIT;
            double logits[ANSWERS], p[ANSWERS], f[ANSWERS], all = 0.0, sum = 0.0;
            double exact[ANSWERS], estimate[ANSWERS], got[ANSWERS], mean[ANSWERS], variance[ANSWERS];
            if (samples == 1 && baseline)
                continue;
            for (int y = 0; y < ANSWERS; y++) {
                logits[y] = 2.0 * uniform(&seed);
                sum += exp(logits[y]);
                all += exp(w->reference[y]);
            }
            for (int y = 0; y < ANSWERS; y++) {
                p[y] = exp(logits[y]) / sum;
                f[y] = w->rewards[y] - 0.6 * (log(p[y]) - w->reference[y] + log(all));
            }
            enumerate(p, f, samples, baseline, mean, variance);
            REQUIRE_OK(w->context,
                       myr_policy_gradient(w->context, &w->problem, logits, &options, exact, NULL));
            options.samples = (uint32_t)samples;
            options.baseline = baseline;
            REQUIRE_OK(w->context,
                       myr_policy_gradient(w->context, &w->problem, logits, &options, estimate, got));
            for (int y = 0; y < ANSWERS; y++) {
                cr_expect(fabs(mean[y] - exact[y]) <= 1e-13, "%d: %g, %g", samples, mean[y], exact[y]);
                cr_expect(fabs(variance[y] - got[y]) <= 1e-13, "%d: %g, %g", samples, variance[y], got[y]);
            }
        }
    free_world(w);
}

/* An estimate, from the words and the formula in the header. */
Test(policy, gradient_is_made_of_the_documented_words) {
    world *w = new_world(7);
    myr_gradient_options options = MYR_GRADIENT_OPTIONS_INIT;
    myr_run_options run = MYR_RUN_OPTIONS_INIT;
    double got[ENTRIES];
    uint32_t words[PROMPTS][3][4];
    options.samples = 11;
    options.baseline = true;
    options.seed = run.seed = 99;
    options.draw = 5;
    run.backend = "reference";
    run.first = 5 * PROMPTS;
    run.count = PROMPTS;
    REQUIRE_OK(w->context, myr_random_words(w->context, &run, MYR_STREAM_ANSWERS, 0, 3, &words[0][0][0]));
    REQUIRE_OK(w->context, myr_policy_gradient(w->context, &w->problem, w->reference, &options, got, NULL));
    for (size_t x = 0; x < PROMPTS; x++) {
        double p[ANSWERS], sum = 0.0, expected[ANSWERS] = {0}, total = 0.0;
        size_t drawn[11];
        for (size_t y = 0; y < ANSWERS; y++)
            sum += p[y] = exp(w->reference[x * ANSWERS + y]);
        for (size_t s = 0; s < 11; s++) {
            double at = (words[x][s / 4][s % 4] + 0.5) / 4294967296.0;
            for (drawn[s] = 0; drawn[s] < ANSWERS - 1 && (at -= p[drawn[s]] / sum) >= 0.0; drawn[s]++)
                ;
            total += w->rewards[x * ANSWERS + drawn[s]];
        }
        for (size_t s = 0; s < 11; s++) {
            const double f = w->rewards[x * ANSWERS + drawn[s]], b = (total - f) / 10.0;
            for (size_t y = 0; y < ANSWERS; y++)
                expected[y] += (f - b) * ((y == drawn[s]) - p[y] / sum) / 11.0;
        }
        for (size_t y = 0; y < ANSWERS; y++)
            cr_expect(fabs(got[x * ANSWERS + y] - expected[y]) <= 1e-14, "%g, %g", got[x * ANSWERS + y],
                      expected[y]);
    }
    free_world(w);
}

/* ---- training -------------------------------------------------------------------------------------- */

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
    myr_loss_metrics metrics;
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
Test(policy, every_loss_on_pairs_goes_down_its_slope) {
    const uint64_t seed = fresh_seed();
    int tried = 0;
    for (int l = 0; myr_loss_name(l); l++) {
        world *w = new_world(strncmp(myr_loss_name(l), "aot", 3) == 0 ? 5 : seed);
        myr_training_options options = MYR_TRAINING_OPTIONS_INIT;
        double before[ENTRIES], after[ENTRIES];
        options.loss.loss = myr_loss_name(l);
        if (strcmp(myr_loss_name(l), "sigmoid_norm") == 0) {
            free_world(w);
            continue; /* needs lengths: see the refusals */
        }
        if (strcmp(myr_loss_name(l), "bco_pair") == 0)
            options.loss.shift = 0.1; /* else it is the batch's mean, and its slope does not count */
        options.steps = 20;
        options.rate = 0.5;
        REQUIRE_OK(w->context,
                   myr_policy_train(w->context, &w->problem, &w->pairs, &options, before, NULL));
        options.steps = 21;
        REQUIRE_OK(w->context, myr_policy_train(w->context, &w->problem, &w->pairs, &options, after, NULL));
        options.loss.beta = w->problem.beta;
        double slope[ENTRIES];
        for (size_t n = 0; n < ENTRIES; n++) {
            const double middle = before[n], d = 1e-6;
            before[n] = middle + d;
            slope[n] = loss_at(w, &options.loss, before);
            before[n] = middle - d;
            slope[n] = (slope[n] - loss_at(w, &options.loss, before)) / (2 * d);
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
Test(policy, reward_models_are_bradley_terry_fits) {
    world *w = new_world(fresh_seed());
    myr_training_options options = MYR_TRAINING_OPTIONS_INIT;
    myr_training_report report;
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
        myr_fit_report fitted;
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
Test(policy, winners_sft_ends_at_the_shares_of_wins) {
    world *w = new_world(fresh_seed());
    myr_training_options options = MYR_TRAINING_OPTIONS_INIT;
    double policy[ENTRIES], wins[ENTRIES] = {0}, all[PROMPTS] = {0};
    options.loss.loss = "sft";
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
Test(policy, the_reference_follows_every_tau_steps) {
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
Test(policy, adamw_steps_as_published) {
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

Test(policy, reinforce_reaches_the_optimum) {
    world *w = new_world(fresh_seed());
    myr_training_options options = MYR_TRAINING_OPTIONS_INIT;
    myr_training_report report;
    myr_policy_value value;
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
Test(policy, batches_are_the_documented_rows) {
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
    options.loss.loss = "aot_unpaired"; /* takes no weights, so rows are not merged: it runs */
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

Test(policy, refuses_bad_training) {
    world *w = new_world(1);
    const myr_training_options fine = MYR_TRAINING_OPTIONS_INIT;
    myr_training_options o = fine;
    o.method = "dreaming";
    expect_refusal(w, &o, &w->pairs, MYR_INVALID_ARGUMENT, "'dreaming' is not known");
    o = fine;
    o.loss.loss = "sigmoid_norm";
    expect_refusal(w, &o, &w->pairs, MYR_INVALID_ARGUMENT, "needs chosen_length");
    o = fine;
    o.loss.loss = "nonsense";
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

Test(policy, refuses_bad_problems) {
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
