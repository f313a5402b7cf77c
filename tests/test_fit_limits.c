/* Fits: where there is no finite maximum, the two solvers, ridges, prompts, refusals. */
#include <criterion/criterion.h>

#include "fit_sets.h"
#include "fits/fit_linked.h"
#include "fits/fit_solve.h"

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
    myr_fit_report report = MYR_FIT_REPORT_INIT;
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
        myr_fit_report report = MYR_FIT_REPORT_INIT;
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
        myr_fit_report report = MYR_FIT_REPORT_INIT;
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
    myr_fit_report report = MYR_FIT_REPORT_INIT;
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
    myr_fit_report report = MYR_FIT_REPORT_INIT;
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
    myr_fit_report report = MYR_FIT_REPORT_INIT;
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

/* ---- refusals -------------------------------------------------------------------------------------- */

Test(fit_limits, refuses_options_out_of_range) {
    myr_context *context = new_context();
    static set s;
    add(&s, 0, 1, 2, 3);
    myr_outcomes *outcomes = make(context, 2, &s);
    myr_estimate items[2];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
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
