/* Fits: where there is no finite maximum, the two solvers, ridges, prompts, the bootstrap, refusals. */
#define _POSIX_C_SOURCE 200809L /* mkstemp */
#include <criterion/criterion.h>
#include <unistd.h>

#include "fit_reference.h"
#include "fits/fit_bootstrap.h"
#include "fits/fit_interval.h"
#include "fits/fit_linked.h"
#include "fits/fit_resample.h"
#include "fits/fit_solve.h"
#include "fits/fit_unbounded.h"
#include "poisson.h"
#include "support.h"

static double uniform(uint64_t *state) {
    return ((double)(next_random(state) >> 11) + 0.5) * 0x1p-53;
}

typedef struct set {
    uint32_t first[4096], second[4096];
    double first_wins[4096], second_wins[4096];
    uint64_t count;
} set;

static void add(set *s, uint32_t first, uint32_t second, double first_wins, double second_wins) {
    s->first[s->count] = first;
    s->second[s->count] = second;
    s->first_wins[s->count] = first_wins;
    s->second_wins[s->count++] = second_wins;
}

static myr_outcomes *make(myr_context *context, uint32_t items, const set *s) {
    myr_outcomes *outcomes = NULL;
    REQUIRE_OK(context, myr_outcomes_create_comparisons(context, items, s->count, s->first, s->second,
                                                        s->first_wins, s->second_wins, &outcomes));
    return outcomes;
}

/* ---- whether there is a maximum -------------------------------------------------------------------- */

enum { FEW = 7 };

/* By closure: is every item reached from every other? */
static bool is_linked(uint32_t n, const set *s) {
    bool beats[FEW][FEW] = {{false}};
    for (uint64_t c = 0; c < s->count; c++) {
        beats[s->first[c]][s->second[c]] |= s->first_wins[c] > 0.0;
        beats[s->second[c]][s->first[c]] |= s->second_wins[c] > 0.0;
    }
    for (uint32_t k = 0; k < n; k++)
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t j = 0; j < n; j++)
                beats[i][j] |= beats[i][k] && beats[k][j];
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++)
            if (i != j && !beats[i][j])
                return false;
    return true;
}

/* And home's standard error. */
static double largest_estimate(myr_context *context, const myr_outcomes *outcomes, double ridge,
                               double *error) {
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[FEW];
    myr_fit_report report;
    options.ridge = ridge;
    options.home = true;
    options.errors = "information"; /* large where the estimate is not held */
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    double largest = fabs(report.home.estimate);
    *error = report.home.standard_error;
    for (uint32_t i = 0; i < myr_outcomes_items(outcomes); i++)
        largest = fmax(largest, fabs(items[i].estimate));
    return largest;
}

static void draw_set(uint64_t *state, uint32_t n, set *s) {
    s->count = 0;
    for (uint32_t k = 1 + (uint32_t)(next_random(state) % (3 * n)); k > 0; k--) {
        uint32_t i = (uint32_t)(next_random(state) % n), j = (uint32_t)(next_random(state) % (n - 1));
        add(s, i, j + (j >= i), (double)(next_random(state) % 2), (double)(next_random(state) % 2));
    }
    add(s, 0, 1, 1.0, 0.0); /* not all weights are 0 */
}

Test(fit_limits, refuses_exactly_what_is_not_linked) {
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    int linked = 0, trials = 2000;
    for (int t = 0; t < trials; t++) {
        static set s;
        myr_fit_options options = MYR_FIT_OPTIONS_INIT;
        myr_estimate items[FEW];
        myr_fit_report report;
        const uint32_t n = 2 + (uint32_t)(next_random(&state) % (FEW - 1));
        draw_set(&state, n, &s);
        myr_outcomes *outcomes = make(context, n, &s);
        const myr_status status = myr_fit(context, outcomes, &options, items, &report);
        const bool expected = is_linked(n, &s);
        cr_assert_eq(status, expected ? MYR_OK : MYR_INVALID_DATA, "seed %llu, trial %d: %s",
                     (unsigned long long)seed, t, myr_context_error(context));
        cr_assert(!expected || report.converged);
        linked += expected;
        myr_outcomes_destroy(outcomes);
    }
    cr_expect(linked > trials / 50 && linked < trials - trials / 50, "%d", linked); /* both were tried */
    myr_context_destroy(context);
}

/* With home: a tiny ridge tells. Where there is a finite maximum, 1e-5 and 1e-10 give the same to 1e-2;
 * where there is none, the estimate grows by log 1e5 = 11.5 times a slope of 1/6 at least (6 items' chain).
 */
Test(fit_limits, with_home_refuses_exactly_what_is_unbounded) {
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    int bounded = 0, unbounded = 0;
    for (int t = 0; t < 600; t++) {
        static set s;
        myr_fit_options options = MYR_FIT_OPTIONS_INIT;
        myr_estimate items[FEW];
        myr_fit_report report;
        const uint32_t n = 2 + (uint32_t)(next_random(&state) % 4);
        draw_set(&state, n, &s);
        myr_outcomes *outcomes = make(context, n, &s);
        options.home = true;
        const myr_status status = myr_fit(context, outcomes, &options, items, &report);
        double loose, tight;
        const double growth = largest_estimate(context, outcomes, 1e-10, &loose) -
                              largest_estimate(context, outcomes, 1e-5, &tight);
        if (status == MYR_OK) {
            bounded++;
            cr_assert(fabs(growth) <= 1e-2 && fabs(loose / tight - 1.0) <= 1e-2,
                      "seed %llu, trial %d: %g, %g, %g", (unsigned long long)seed, t, growth, loose, tight);
        } else if (is_linked(n, &s)) { /* home alone is to blame */
            unbounded++;
            cr_assert_eq(status, MYR_INVALID_DATA);
            cr_assert(growth > 1.0 || loose > 1e4, "seed %llu, trial %d: %g, %g", (unsigned long long)seed,
                      t, growth, loose);
            cr_assert(strstr(myr_context_error(context), "(--home)"));
        }
        myr_outcomes_destroy(outcomes);
    }
    cr_expect(bounded > 20 && unbounded > 5, "%d, %d", bounded, unbounded);
    myr_context_destroy(context);
}

Test(fit_limits, names_items_by_how_they_stand) {
    myr_context *context = new_context();
    static set s;
    add(&s, 0, 1, 1, 1); /* 0 and 1 are linked, 2 won, 3 lost, 4 lies between, 5 and 6 are apart */
    add(&s, 2, 0, 1, 0);
    add(&s, 1, 3, 1, 0);
    add(&s, 2, 4, 1, 0);
    add(&s, 4, 1, 1, 0);
    add(&s, 5, 6, 0, 1);
    myr_outcomes *outcomes = make(context, FEW, &s);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[FEW];
    myr_fit_report report;
    cr_assert_eq(myr_fit(context, outcomes, &options, items, &report), MYR_INVALID_DATA);
    const char *error = myr_context_error(context);
    cr_expect(strstr(error, "5 of 7 items"), "%s", error);
    cr_expect(strstr(error, "never preferred to the others: '3', '5';"), "%s", error);
    cr_expect(strstr(error, "always preferred to the others: '2', '6';"), "%s", error);
    cr_expect(strstr(error, "linked one way only: '4')"), "%s", error);
    options.ridge = 0.1;
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    cr_expect(report.converged);
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

/* ---- ridges and solvers ---------------------------------------------------------------------------- */

/* A set without a finite maximum, fitted with a ridge: the score is ridge x, term by term. */
Test(fit_limits, ridge_is_a_zero_of_its_gradient) {
    enum { N = 5 };
    myr_context *context = new_context();
    static set s;
    for (uint32_t i = 1; i < N; i++)
        add(&s, i - 1, i, 3.0 + i, 0.0);
    myr_outcomes *outcomes = make(context, N, &s);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[N];
    myr_fit_report report;
    options.ridge = 0.25;
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    double score[N] = {0}, value = 0.0;
    for (uint64_t c = 0; c < s.count; c++) {
        double t = items[s.first[c]].estimate - items[s.second[c]].estimate;
        score[s.first[c]] += s.first_wins[c] / (1.0 + exp(t));
        score[s.second[c]] -= s.first_wins[c] / (1.0 + exp(t));
        value -= s.first_wins[c] * log1p(exp(-t));
    }
    for (int i = 0; i < N; i++) /* of numbers up to 7 */
        cr_expect(fabs(score[i] - 0.25 * items[i].estimate) <= 1e-13, "%g", score[i]);
    cr_expect(fabs(value - report.log_likelihood) <= 1e-13);
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

static void draw_large(uint64_t *state, uint32_t n, uint64_t count, uint32_t *first, uint32_t *second) {
    for (uint64_t c = 0; c < count; c++) {
        uint32_t i = c < n ? (uint32_t)c : (uint32_t)(next_random(state) % n);
        uint32_t j = c < n ? (uint32_t)((c + 1) % n) : (uint32_t)(next_random(state) % (n - 1));
        j += c >= n && j >= i;
        bool wins = c < n || uniform(state) < 1.0 / (1.0 + exp((j * 2.0 - i * 2.0) / n));
        first[c] = wins ? i : j;
        second[c] = wins ? j : i;
    }
}

/* weight: of each comparison up to 10^weight. */
static void meet(uint64_t seed, int home, double weight) {
    enum { N = 300, COUNT = 6000 };
    myr_context *context = new_context();
    uint64_t state = seed;
    uint32_t *first = malloc(2 * COUNT * sizeof *first), *second = first + COUNT;
    double *weights = malloc(COUNT * sizeof *weights);
    draw_large(&state, N, COUNT, first, second);
    for (int c = 0; c < COUNT; c++)
        weights[c] = floor(pow(10.0, weight * uniform(&state)));
    myr_outcomes *outcomes = NULL;
    myr_models models;
    REQUIRE_OK(context,
               myr_outcomes_create_comparisons(context, N, COUNT, first, second, weights, NULL, &outcomes));
    /* with home, and a ridge since the first always wins */
    REQUIRE_OK(context, myr_models_make(context, outcomes, home, home ? 0.5 : 0.0, &models));
    const myr_model *m = &models.models[0];
    const myr_solver solver = {1000, 1e-6, 1};
    myr_solve_space space;
    cr_assert(myr_solve_space_make(m, N + 1, &space));
    double x[N + 1] = {0}, y[N + 1] = {0};
    myr_solution newton = myr_solve_newton(m, m->weights, &solver, &space, x);
    myr_solution lbfgs = myr_solve_lbfgs(m, m->weights, &solver, &space, y);
    cr_expect(newton.converged && lbfgs.converged, "seed %llu: %g, %g", (unsigned long long)seed,
              newton.gradient, lbfgs.gradient);
    double mean = 0.0; /* neither is centred yet */
    for (int i = 0; i < N; i++)
        mean += (x[i] - y[i]) / N;
    /* 1e-6 standard errors (0.3, less with weights) a component, times the condition of the scaled Hessian,
     * below 100 where all weights are 1 */
    for (int i = 0; weight == 0.0 && i < N; i++)
        cr_expect(fabs(x[i] - y[i] - mean) <= 3e-5, "seed %llu: %g", (unsigned long long)seed,
                  x[i] - y[i] - mean);
    myr_solve_space_free(&space);
    myr_models_free(&models);
    myr_outcomes_destroy(outcomes);
    free(weights);
    free(first);
    myr_context_destroy(context);
}

Test(fit_limits, lbfgs_and_newton_meet) {
    const uint64_t seed = fresh_seed();
    meet(seed, 0, 0.0);
    meet(seed, 1, 0.0);
}

/* The rounding of the value hides what the last steps gain: with the first seed by accident, with large
 * weights always. */
Test(fit_limits, lbfgs_ends_where_values_no_longer_fall) {
    meet(UINT64_C(3543024008925010639), 0, 0.0);
    meet(fresh_seed(), 0, 7.0);
}

/* More items than Newton's method and standard errors are for; any number of threads gives the same bits.
 */
Test(fit_limits, large_sets_repeat_on_any_number_of_threads) {
    enum { N = 5000, COUNT = 100000 };
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    uint32_t *first = malloc(2 * COUNT * sizeof *first), *second = first + COUNT;
    myr_estimate *one = malloc(2 * N * sizeof *one), *many = one + N;
    myr_outcomes *outcomes = NULL;
    draw_large(&state, N, COUNT, first, second);
    REQUIRE_OK(context,
               myr_outcomes_create_comparisons(context, N, COUNT, first, second, NULL, NULL, &outcomes));
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_fit_report report;
    options.bootstrap = 6;
    options.ridge = 0.01; /* some replicates have no finite maximum without */
    options.tolerance = 1e-5;
    memset(one, 0xff, 2 * N * sizeof *one);
    options.threads = 1;
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, one, &report));
    cr_expect(report.converged && strcmp(report.method, "l-bfgs") == 0);
    options.threads = 5;
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, many, &report));
    for (int i = 0; i < N; i++) {
        cr_assert_eq(one[i].estimate, many[i].estimate, "seed %llu", (unsigned long long)seed);
        cr_assert_eq(one[i].ci_low, many[i].ci_low);
        cr_assert_eq(one[i].ci_high, many[i].ci_high);
        cr_assert(isnan(one[i].standard_error) && one[i].ci_low < one[i].ci_high);
    }
    free(first);
    free(one);
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

/* ---- the bootstrap --------------------------------------------------------------------------------- */

Test(fit_limits, poisson_numbers_are_the_distributions) {
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
Test(fit_limits, bootstrap_follows_its_recipe) {
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
    myr_fit_report report;
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
Test(fit_limits, bootstrap_agrees_with_standard_errors) {
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
    myr_fit_report report;
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

Test(fit_limits, bootstrap_counts_what_has_no_maximum) {
    myr_context *context = new_context();
    static set s;
    add(&s, 0, 1, 1, 1); /* a share 2/e - 1/e² = 0.6 of the replicates lacks one of the two */
    add(&s, 1, 2, 50, 50);
    myr_outcomes *outcomes = make(context, 3, &s);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[3];
    myr_fit_report report;
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
Test(fit_limits, percentiles_count_the_infinite) {
    enum { MOST = 100, B = 4000 };
    myr_context *context = new_context();
    static set s;
    add(&s, 0, 1, 30, 1);
    myr_outcomes *outcomes = make(context, 2, &s);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[2];
    myr_fit_report report;
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

Test(fit_limits, infinite_is_who_is_above_or_below) {
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
Test(fit_limits, replicates_do_not_hang_on_batches) {
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

Test(fit_limits, intervals_have_known_ends) {
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

/* ---- refusals -------------------------------------------------------------------------------------- */

Test(fit_limits, refuses_options_out_of_range) {
    myr_context *context = new_context();
    static set s;
    add(&s, 0, 1, 2, 3);
    myr_outcomes *outcomes = make(context, 2, &s);
    myr_estimate items[2];
    myr_fit_report report;
    const double reference[2] = {0, NAN};
#define REFUSE(status, text, ...)                                                              \
    do {                                                                                       \
        myr_fit_options options = MYR_FIT_OPTIONS_INIT;                                        \
        __VA_ARGS__;                                                                           \
        cr_expect_eq(myr_fit(context, outcomes, &options, items, &report), status);            \
        cr_expect(strstr(myr_context_error(context), text), "%s", myr_context_error(context)); \
    } while (0)
    REFUSE(MYR_INVALID_ARGUMENT, "struct_size", options.struct_size = 3);
    REFUSE(MYR_INVALID_ARGUMENT, "objective: 'x' is not known (expected one of bt, pl, dpo)",
           options.objective = "x");
    REFUSE(MYR_INVALID_ARGUMENT, "beta: bt has none", options.beta = 2);
    REFUSE(MYR_INVALID_ARGUMENT, "beta: 0 is out of range", options.objective = "dpo"; options.beta = 0);
    REFUSE(MYR_INVALID_ARGUMENT, "beta: nan is out of range", options.objective = "dpo";
           options.beta = NAN);
    REFUSE(MYR_INVALID_ARGUMENT, "reference: bt has none", options.reference = reference);
    REFUSE(MYR_INVALID_DATA, "reference: that of item 1 is not finite", options.objective = "dpo";
           options.reference = reference);
    REFUSE(MYR_INVALID_ARGUMENT, "ridge: -1 is out of range", options.ridge = -1);
    REFUSE(MYR_INVALID_ARGUMENT, "level: 1 is out of range", options.level = 1);
    REFUSE(MYR_INVALID_ARGUMENT, "tolerance: 0 is out of range", options.tolerance = 0);
    REFUSE(MYR_INVALID_ARGUMENT, "max_iterations: 0 is out of range", options.max_iterations = 0);
    REFUSE(MYR_INVALID_ARGUMENT, "bootstrap: 100001 is out of range", options.bootstrap = 100001);
    REFUSE(MYR_INVALID_ARGUMENT, "threads: -1 is out of range", options.threads = -1);
    REFUSE(MYR_INVALID_ARGUMENT, "baseline: 2 is no item", options.baseline = 2);
    cr_expect_eq(myr_fit(context, NULL, NULL, items, &report), MYR_INVALID_ARGUMENT);

    uint32_t first[] = {0, 1}, second[] = {1, 1};
    double wins[] = {1, -1};
    myr_outcomes *none = NULL;
    cr_expect_eq(myr_outcomes_create_comparisons(context, 2, 2, first, second, NULL, NULL, &none),
                 MYR_INVALID_DATA);
    cr_expect(strstr(myr_context_error(context), "comparison 1 is of items 1 and 1"));
    second[1] = 0;
    cr_expect_eq(myr_outcomes_create_comparisons(context, 2, 2, first, second, wins, NULL, &none),
                 MYR_INVALID_DATA);
    cr_expect(strstr(myr_context_error(context), "comparison 1 has the weights -1"));
    wins[0] = wins[1] = 0.0;
    cr_expect_eq(myr_outcomes_create_comparisons(context, 2, 2, first, second, wins, NULL, &none),
                 MYR_INVALID_DATA);
    uint64_t offsets[] = {0, 3};
    uint32_t twice[] = {0, 1, 0};
    cr_expect_eq(myr_outcomes_create_rankings(context, 2, 1, offsets, twice, &none), MYR_INVALID_DATA);
    cr_expect(strstr(myr_context_error(context), "ranking 0 has item 0 at place 2"));
    uint32_t three[] = {0, 1, 2};
    REQUIRE_OK(context, myr_outcomes_create_rankings(context, 3, 1, offsets, three, &none));
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    options.objective = "bt";
    cr_expect_eq(myr_fit(context, none, &options, items, &report), MYR_INVALID_ARGUMENT);
    options.objective = NULL;
    options.home = true;
    cr_expect_eq(myr_fit(context, none, &options, items, &report), MYR_INVALID_ARGUMENT);
    myr_outcomes_destroy(none);
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}
