/* Fits: replicates of the bootstrap, those without a finite maximum among them, and intervals. */
#define _POSIX_C_SOURCE 200809L /* mkstemp */
#include <criterion/criterion.h>
#include <unistd.h>

#include "fit_sets.h"
#include "fits/fit_bootstrap.h"
#include "fits/fit_interval.h"
#include "fits/fit_linked.h"
#include "fits/fit_resample.h"
#include "fits/fit_solve.h"
#include "fits/fit_unbounded.h"
#include "poisson.h"

Test(fit_bootstrap, poisson_numbers_are_the_distributions) {
    static const double means[] = {1, 2, 3, 10, 100, 1234, 100000};
    uint64_t seed = fresh_seed(), state = seed;
    for (size_t m = 0; m < sizeof means / sizeof *means; m++) {
        myr_poisson poisson = {0};
        cr_assert(myr_poisson_set(&poisson, means[m]));
        const double last = poisson.thresholds[poisson.count - 1];
        cr_expect_eq(last, 4294967296.0);
        cr_expect(poisson.first == 0 || poisson.thresholds[0] <= 1.0);
        /* Against the sum of e^-n n^k/k!, by long double logarithms: 1 unit of 2^-32 for the rounding. */
        long double sum = 0.0L;
        for (uint64_t n = 0; n < poisson.count; n++) {
            const long double k = (long double)(poisson.first + n), mean = means[m];
            sum += expl(k * logl(mean) - mean - lgammal(k + 1.0L));
            cr_expect(fabsl(poisson.thresholds[n] - 4294967296.0L * sum) <= 1.0L, "mean %g, %llu: %g",
                      means[m], (unsigned long long)n, poisson.thresholds[n]);
        }
        for (int t = 0; t < 10000; t++) {
            const uint32_t word = (uint32_t)next_random(&state), drawn = myr_poisson_draw(&poisson, word);
            if (means[m] == 1.0)
                cr_assert_eq((float)drawn, myr_poisson_weight(word), "word %u", word);
            const uint64_t n = drawn - poisson.first;
            cr_assert(n == 0 || poisson.thresholds[n - 1] <= word);
            cr_assert(n == poisson.count || poisson.thresholds[n] > word);
        }
        myr_poisson_free(&poisson);
    }
    /* the words at which Poisson(1) changes */
    myr_poisson one = {0};
    cr_assert(myr_poisson_set(&one, 1.0));
    for (int k = 0; k < 12; k++)
        for (int step = -1; step <= 1; step++) {
            const uint32_t word = (uint32_t)one.thresholds[k] + (uint32_t)step;
            cr_expect_eq((float)myr_poisson_draw(&one, word), myr_poisson_weight(word));
        }
    myr_poisson_free(&one);
}

/* Replicate b by the recipe of the interface: words of the reference, inversion by summing up, the fit of
 * comparisons so often. An interval of one replicate is that replicate. */
Test(fit_bootstrap, bootstrap_follows_its_recipe) {
    enum { N = 4 };
    myr_context *context = new_context();
    uint64_t seed = fresh_seed();
    static set s, again;
    add(&s, 0, 1, 30, 20);
    add(&s, 2, 1, 11, 15);
    add(&s, 2, 3, 40, 22);
    add(&s, 3, 0, 25, 0.5);
    add(&s, 1, 0, 7, 9);
    myr_outcomes *outcomes = make(context, N, &s);
    /* The kinds in their order: pairs with the lower item first, its wins before its losses; what is whole
     * is a count. */
    static const struct {
        uint32_t first, second;
        double wins, losses, count;
    } kinds[] = {{0, 1, 1, 0, 39}, {0, 1, 0, 1, 27}, {0, 3, 0, 1, 25}, {0, 3, 0.5, 0, 1},
                 {1, 2, 1, 0, 15}, {1, 2, 0, 1, 11}, {2, 3, 1, 0, 40}, {2, 3, 0, 1, 22}};
    /* by weights, the larger first win before the smaller */
    static const int order[] = {0, 1, 3, 2, 4, 5, 6, 7};
    enum { KINDS = sizeof order / sizeof *order };
    myr_run_options run = MYR_RUN_OPTIONS_INIT;
    uint32_t words[KINDS][4];
    run.backend = "reference";
    run.seed = seed;
    run.count = KINDS;
    REQUIRE_OK(context, myr_random_words(context, &run, MYR_STREAM_RESAMPLE, 0, 1, words[0]));
    for (int k = 0; k < KINDS; k++) {
        const double mean = kinds[order[k]].count;
        long double sum = expl(-(long double)mean), term = sum;
        double count = 0.0;
        while (words[k][0] >= floorl(4294967296.0L * sum + 0.5L))
            sum += term *= mean / ++count;
        add(&again, kinds[order[k]].first, kinds[order[k]].second, count * kinds[order[k]].wins,
            count * kinds[order[k]].losses);
    }
    myr_outcomes *resampled = make(context, N, &again);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[N], expected[N];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.seed = seed;
    REQUIRE_OK(context, myr_fit(context, resampled, &options, expected, &report));
    options.bootstrap = 1;
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    /* Replicates take one step of Newton's method after 1e-3 standard errors, which squares that. */
    for (int i = 0; i < N; i++) {
        cr_expect(fabs(items[i].ci_low - expected[i].estimate) <= 1e-6, "seed %llu, item %d: %.17g, %.17g",
                  (unsigned long long)seed, i, items[i].ci_low, expected[i].estimate);
        cr_expect_eq(items[i].ci_low, items[i].ci_high);
    }
    myr_outcomes_destroy(outcomes);
    myr_outcomes_destroy(resampled);
    myr_context_destroy(context);
}

/* Many comparisons: the percentile interval is the normal one, but for sampling. */
Test(fit_bootstrap, bootstrap_agrees_with_standard_errors) {
    enum { N = 10, B = 4000 };
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    static set s;
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t j = 0; j < i; j++)
            add(&s, i, j, floor(40 + 20 * uniform(&state)), floor(40 + 20 * uniform(&state)));
    myr_outcomes *outcomes = make(context, N, &s);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[N];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.bootstrap = B;
    options.seed = seed;
    options.level = 0.68;
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    cr_expect_eq(report.unbounded, 0);
    /* A quantile at 0.16 of B draws has the standard error sqrt(0.16 · 0.84/B)/phi(0.99) = 0.024 sigma; of
     * the two together, 0.034 of 1.99 sigma. Six of them, and the bootstrap's own O(1/n) bias: 10 % + 5 %.
     */
    for (int i = 0; i < N; i++) {
        const double width =
            (items[i].ci_high - items[i].ci_low) / (2.0 * 0.99446 * items[i].standard_error);
        cr_expect(fabs(width - 1.0) <= 0.15, "seed %llu, item %d: %g", (unsigned long long)seed, i, width);
    }
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

Test(fit_bootstrap, bootstrap_counts_what_has_no_maximum) {
    myr_context *context = new_context();
    static set s;
    add(&s, 0, 1, 1, 1); /* a share 2/e - 1/e² = 0.6 of the replicates lacks one of the two */
    add(&s, 1, 2, 50, 50);
    myr_outcomes *outcomes = make(context, 3, &s);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[3];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.bootstrap = 1000;
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    /* 1000 draws: a standard error of 15.5 */
    cr_expect(abs((int)report.unbounded - 600) <= 93, "%u", report.unbounded);
    cr_expect(items[0].ci_low == -INFINITY && items[0].ci_high == INFINITY);
    /* Two of three items are more than half: they stay. */
    cr_expect(isfinite(items[1].ci_low) && isfinite(items[1].ci_high));
    options.ridge = 0.01;
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    cr_expect_eq(report.unbounded, 0);
    cr_expect(isfinite(items[0].ci_low) && isfinite(items[0].ci_high));
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

/* 30 to 1: the replicate is log(n/m)/2, n and m Poisson of means 30 and 1, infinite where m = 0. Its quantiles by
 * adding up, and a percentile of 4,000 lies between the quantiles 5 standard errors of its share away. */
Test(fit_bootstrap, percentiles_count_the_infinite) {
    enum { MOST = 100, B = 4000 };
    myr_context *context = new_context();
    static set s;
    add(&s, 0, 1, 30, 1);
    myr_outcomes *outcomes = make(context, 2, &s);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[2];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.bootstrap = B;
    options.seed = fresh_seed();
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    const double spread = 5.0 * sqrt(0.025 * 0.975 / B);
    double below = 0.0, at_most = 0.0; /* P(x < low), P(x <= low) */
    for (int n = 0; n < MOST; n++)
        for (int m = 0; m < 30; m++) {
            const double p = exp(n * log(30.0) - 30.0 - lgamma(n + 1.0)) * exp(-1.0 - lgamma(m + 1.0));
            const double x = n == 0 ? -INFINITY : m == 0 ? INFINITY : 0.5 * log((double)n / m);
            below += x < items[0].ci_low - 1e-6 ? p : 0.0;
            at_most += x <= items[0].ci_low + 1e-6 ? p : 0.0;
        }
    cr_expect(below <= 0.025 + spread && at_most >= 0.025 - spread, "seed %llu: %g of %g, %g",
              (unsigned long long)options.seed, items[0].ci_low, below, at_most);
    cr_expect_eq(items[0].ci_high, INFINITY);
    cr_expect_eq(items[1].ci_low, -INFINITY);
    cr_expect(fabs(items[1].ci_high + items[0].ci_low) <= 1e-9);
    cr_expect(fabs((double)report.unbounded / B - exp(-1.0)) <= 5.0 * sqrt(0.24 / B), "%u",
              report.unbounded);
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

enum { FEW = 7 };

/* Weights without a finite maximum, judged and fitted. */
static void expect_estimates(myr_context *context, uint32_t items, const set *s, bool home,
                             int64_t baseline, const double *expected, const char *what) {
    myr_outcomes *outcomes = make(context, items, s);
    myr_models models;
    REQUIRE_OK(context, myr_models_make(context, outcomes, home, 0.0, &models));
    const myr_model *m = &models.models[0];
    const myr_solver solver = {1000, 1e-6, 1};
    myr_solve_space space;
    double x[FEW + 1] = {0}, found[FEW + 1];
    cr_assert(myr_solve_space_make(m, MYR_FIT_NEWTON, &space));
    cr_assert_neq(myr_model_bound(m, m->weights), MYR_BOUNDED, "%s", what);
    cr_assert(myr_unbounded_estimates(m, m->weights, &solver, &space, x, baseline, found));
    for (uint32_t i = 0; i < m->parameters; i++) /* the ridge of 1e-9 moves them by less than 1e-6 */
        cr_expect(isnan(expected[i])   ? isnan(found[i])
                  : isinf(expected[i]) ? found[i] == expected[i]
                                       : fabs(found[i] - expected[i]) <= 1e-6,
                  "%s, %u: %g, not %g", what, i, found[i], expected[i]);
    myr_solve_space_free(&space);
    myr_models_free(&models);
    myr_outcomes_destroy(outcomes);
}

Test(fit_bootstrap, infinite_is_who_is_above_or_below) {
    myr_context *context = new_context();
    static set s;
    const double up = INFINITY, down = -INFINITY, any = NAN, half = 0.5 * log(2.0);
    add(&s, 0, 1, 2, 1);
    add(&s, 2, 0, 3, 0);
    expect_estimates(context, 3, &s, false, -1, (double[]){half, -half, up}, "one above two");
    expect_estimates(context, 3, &s, false, 1, (double[]){2 * half, 0, up}, "against one of the two");
    expect_estimates(context, 3, &s, false, 2, (double[]){down, down, 0}, "against the one above");
    add(&s, 3, 2, 1, 0);
    expect_estimates(context, 4, &s, false, -1, (double[]){down, down, any, up}, "a chain, two of four");
    expect_estimates(context, 4, &s, false, 0, (double[]){0, -2 * half, up, up}, "a chain");
    s.count = 0;
    add(&s, 0, 1, 2, 1);
    add(&s, 1, 2, 2, 2);
    add(&s, 3, 1, 1, 0);
    add(&s, 3, 4, 1, 0);
    /* x0 - x1 = log 2, x1 = x2: less the mean */
    expect_estimates(context, 5, &s, false, -1,
                     (double[]){4 * half / 3, -2 * half / 3, -2 * half / 3, up, any},
                     "4 is below 3, which says nothing of it and the others");
    s.count = 0;
    add(&s, 0, 1, 1, 0);
    add(&s, 2, 3, 1, 0);
    expect_estimates(context, 4, &s, false, -1, (double[]){any, any, any, any}, "apart");
    expect_estimates(context, 4, &s, false, 0, (double[]){0, down, any, any}, "apart, against one");
    s.count = 0;
    add(&s, 0, 1, 1, 0);
    add(&s, 1, 0, 1, 0);
    expect_estimates(context, 2, &s, true, -1, (double[]){any, any, up}, "the first always wins");
    s.count = 0;
    add(&s, 0, 1, 0, 1);
    add(&s, 1, 0, 0, 1);
    expect_estimates(context, 2, &s, true, 0, (double[]){0, any, down}, "the second always wins");
    s.count = 0;
    add(&s, 0, 1, 2, 1);
    add(&s, 1, 0, 2, 1);
    add(&s, 2, 0, 1, 0);
    add(&s, 0, 2, 0, 1);
    expect_estimates(context, 3, &s, true, -1, (double[]){0, 0, up, 2 * half}, "home all the same");
    myr_context_destroy(context);
}

/* Replicates of several batches, of two prompts (cells of their own), by any number of threads; and fewer
 * replicates are the first of more. Words are a replicate's and a cell's own: a prompt alone, whose cells
 * have other numbers, gives others. */
Test(fit_bootstrap, replicates_do_not_hang_on_batches) {
    enum { N = 6, B = 150 };
    myr_context *context = new_context();
    const uint64_t seed = 1; /* by chance two replicates may be one: 3 in 10,000 */
    char path[] = "/tmp/myriad-prompts-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    cr_assert_not_null(file);
    fputs("prompt,first,second,first_wins,second_wins\n", file);
    for (int prompt = 0; prompt < 2; prompt++)
        fprintf(file, "%c,a,b,30,20\n%c,b,c,25,31\n%c,c,a,18,22\n", 'p' + prompt, 'p' + prompt,
                'p' + prompt);
    cr_assert_eq(fclose(file), 0);
    const myr_outcomes_options load = MYR_OUTCOMES_OPTIONS_INIT;
    myr_outcomes *outcomes = NULL;
    REQUIRE_OK(context, myr_outcomes_load(context, path, &load, &outcomes));
    unlink(path);
    myr_models models;
    REQUIRE_OK(context, myr_models_make(context, outcomes, false, 0.0, &models));
    cr_assert_eq(models.count, 2);
    static const int threads[] = {1, 2, 7};
    static double kept[2][B * 3], again[B * 3];
    for (int t = 0; t < 3; t++)
        for (uint32_t k = 0; k < 2; k++) {
            const myr_model *m = &models.models[k];
            const double x[3] = {0.0, 0.0, 0.0};
            /* one thread: 32 at a time, five batches */
            myr_bootstrap bootstrap = {B, seed, {1000, 1e-6, threads[t]}, NULL, NULL, 0, B};
            double *to = t == 0 ? kept[k] : again;
            REQUIRE_OK(context, myr_bootstrap_model(context, m, &bootstrap, x, -1, to));
            cr_expect(t == 0 || memcmp(kept[k], again, sizeof again) == 0, "seed %llu: %d threads",
                      (unsigned long long)seed, threads[t]);
        }
    /* The prompts have the same games, and other words; so have replicates. */
    cr_expect(memcmp(kept[0], kept[1], sizeof kept[0]) != 0);
    for (int b = 0; b < B; b++)
        for (int c = 0; c < b; c++)
            cr_expect(memcmp(&kept[0][3 * b], &kept[0][3 * c], 3 * sizeof(double)) != 0,
                      "seed %llu: replicates %d and %d are one", (unsigned long long)seed, b, c);
    myr_models_free(&models);
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

/* ---- intervals ------------------------------------------------------------------------------------- */

Test(fit_bootstrap, intervals_have_known_ends) {
    cr_expect(fabs(myr_normal_reach(0.95) - 1.9599639845400545) <= 1e-14);
    cr_expect(fabs(myr_normal_reach(0.5) - 0.67448975019608171) <= 1e-14);
    double values[] = {5, 1, 3, 2, 4}, low, high;
    myr_percentiles(values, 5, 0.5, &low, &high);
    cr_expect_eq(low, 2.0);
    cr_expect_eq(high, 4.0);
    myr_percentiles(values, 4, 0.8, &low, &high); /* at 0.3 and 2.7 of 1, 2, 3, 4 */
    cr_expect(fabs(low - 1.3) <= 1e-15 && fabs(high - 3.7) <= 1e-15);
    myr_percentiles(values, 0, 0.8, &low, &high);
    cr_expect(isnan(low) && isnan(high));
    /* Ends among the infinite; what can be anything is at both. */
    double ends[] = {INFINITY, 1, 2, -INFINITY, 3};
    myr_percentiles(ends, 5, 0.5, &low, &high);
    cr_expect(low == 1.0 && high == 3.0);
    myr_percentiles(ends, 5, 0.6, &low, &high); /* at 0.8 and 3.2 */
    cr_expect(low == -INFINITY && high == INFINITY);
    double unknown[] = {1, NAN, 2, 3, 4};
    myr_percentiles(unknown, 5, 0.5, &low, &high);
    cr_expect(low == 1.0 && high == 4.0);
    myr_percentiles(unknown, 5, 0.6, &low, &high);
    cr_expect(low == -INFINITY && high == INFINITY);
    double nothing[] = {NAN, NAN};
    myr_percentiles(nothing, 2, 0.5, &low, &high);
    cr_expect(low == -INFINITY && high == INFINITY);
}
