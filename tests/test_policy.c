/* Exact policies: closed forms against sums in long double and against each other; gradients by finite
 * differences and by enumeration. What holds in the large, N^-1/2 and variances, is a tier of verify. */
#include "policy_world.h"

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
    myr_policy_value value = MYR_POLICY_VALUE_INIT;
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
    myr_policy_value value = MYR_POLICY_VALUE_INIT;
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
