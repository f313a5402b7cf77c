/* Standard errors of fits, by obvious loops, and what they are worth: the same for the same games in every
 * form, free of the unit of weights, and covering as often as they say. */
#include <criterion/criterion.h>

#include "fit_reference.h"
#include "support.h"

static double uniform(uint64_t *state) {
    return ((double)(next_random(state) >> 11) + 0.5) * 0x1p-53;
}

/* Games: first, second, the first one's score, a weight. */
enum { MOST_GAMES = 4096 };
typedef struct games {
    uint32_t first[MOST_GAMES], second[MOST_GAMES];
    double score[MOST_GAMES], weight[MOST_GAMES];
    uint64_t count;
} games;

static void add(games *g, uint32_t first, uint32_t second, double score, double weight) {
    g->first[g->count] = first;
    g->second[g->count] = second;
    g->score[g->count] = score;
    g->weight[g->count++] = weight;
}

static myr_outcomes *make(myr_context *context, uint32_t items, const games *g) {
    myr_outcomes *outcomes = NULL;
    REQUIRE_OK(context, myr_outcomes_create_scores(context, items, g->count, g->first, g->second, g->score,
                                                   g->weight, &outcomes));
    return outcomes;
}

static void fit(myr_context *context, const myr_outcomes *outcomes, const myr_fit_options *options,
                myr_estimate *items, myr_fit_report *report) {
    memset(items, 0xff, myr_outcomes_items(outcomes) * sizeof *items);
    REQUIRE_OK(context, myr_fit(context, outcomes, options, items, report));
    cr_assert(report->converged);
}

/* ---- by loops -------------------------------------------------------------------------------------- */

enum { N = 5, P = N + 1 }; /* items; and home */

/* Covariance of the estimates, A^-1 J A^-1 over the first `size` parameters (so a baseline, or an advantage,
 * is what is left out), A the Hessian with the ridge, J the sum of the trials' g gᵀ. */
static void sandwich(int size, const double *H, const double *J, double ridge, double *C) {
    double A[P * P], inverse[P * P];
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++)
            A[i * size + j] = H[i * P + j] + (i == j ? ridge : 0.0);
    invert(size, A, inverse);
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            C[i * size + j] = 0.0;
            for (int k = 0; k < size; k++)
                for (int l = 0; l < size; l++)
                    C[i * size + j] += inverse[i * size + k] * J[k * P + l] * inverse[l * size + j];
        }
}

/* H and J of games at x [N], home. */
static void sum_games(const games *g, const double *x, double home, double *H, double *J) {
    memset(H, 0, P * P * sizeof *H);
    memset(J, 0, P * P * sizeof *J);
    for (uint64_t c = 0; c < g->count; c++) {
        double v[P] = {0.0};
        v[g->first[c]] = 1.0;
        v[g->second[c]] = -1.0;
        v[N] = 1.0;
        const double p = 1.0 / (1.0 + exp(x[g->second[c]] - x[g->first[c]] - home));
        const double slope = g->weight[c] * (g->score[c] - p);
        for (int i = 0; i < P; i++)
            for (int j = 0; j < P; j++) {
                H[i * P + j] += g->weight[c] * p * (1.0 - p) * v[i] * v[j];
                J[i * P + j] += slope * slope * v[i] * v[j];
            }
    }
}

static void draw_games(uint64_t *state, bool whole, games *g) {
    g->count = 0;
    for (int c = 0; c < 300; c++) {
        const uint32_t i = (uint32_t)(next_random(state) % N),
                       j = (i + 1 + next_random(state) % (N - 1)) % N;
        const double u = uniform(state), won = 1.0 / (1.0 + exp(0.2 * ((double)j - (double)i)));
        add(g, i, j, u < 0.3 ? 0.5 : uniform(state) < won ? 1.0 : 0.0, whole ? 1.0 : 3.0 * uniform(state));
    }
}

static void expect_loops(bool whole, double ridge, bool home) {
    myr_context *context = new_context();
    const uint64_t seed = fresh_seed();
    uint64_t state = seed;
    static games g;
    draw_games(&state, whole, &g);
    myr_outcomes *outcomes = make(context, N, &g);
    cr_expect_eq(myr_outcomes_counted(outcomes), whole);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[N];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    double x[N], H[P * P], J[P * P], C[P * P];
    options.ridge = ridge;
    options.home = home;
    options.tolerance = 1e-12;
    options.baseline = ridge > 0.0 ? -1 : 0;
    fit(context, outcomes, &options, items, &report);
    cr_expect_str_eq(report.errors, "sandwich");
    for (int i = 0; i < N; i++)
        x[i] = items[i].estimate;
    sum_games(&g, x, home ? report.home.estimate : 0.0, H, J);
    if (ridge > 0.0) { /* all parameters: the ridge makes H regular */
        sandwich(home ? P : N, H, J, ridge, C);
        for (int i = 0; i < N; i++)
            cr_expect(fabs(items[i].standard_error / sqrt(C[i * (N + home) + i]) - 1.0) <= 1e-11,
                      "seed %llu: %.17g", (unsigned long long)seed, items[i].standard_error);
        if (home)
            cr_expect(fabs(report.home.standard_error / sqrt(C[P * P - 1]) - 1.0) <= 1e-11);
    } else { /* item 0 left out: the parameters from 1 on */
        const int size = N - 1 + home;
        sandwich(size, H + P + 1, J + P + 1, 0.0, C);
        cr_expect_eq(items[0].standard_error, 0.0);
        for (int i = 1; i < N; i++)
            cr_expect(fabs(items[i].standard_error / sqrt(C[(i - 1) * size + i - 1]) - 1.0) <= 1e-11,
                      "seed %llu: %.17g", (unsigned long long)seed, items[i].standard_error);
        if (home)
            cr_expect(fabs(report.home.standard_error / sqrt(C[size * size - 1]) - 1.0) <= 1e-11);
        options.baseline = -1; /* x_i - mean: the linear map of the x_k - x_0 */
        fit(context, outcomes, &options, items, &report);
        for (int i = 0; i < N; i++) {
            double variance = 0.0;
            for (int k = 1; k < N; k++)
                for (int l = 1; l < N; l++)
                    variance += ((i == k) - 1.0 / N) * ((i == l) - 1.0 / N) * C[(k - 1) * size + l - 1];
            cr_expect(fabs(items[i].standard_error / sqrt(variance) - 1.0) <= 1e-11, "seed %llu: %.17g",
                      (unsigned long long)seed, items[i].standard_error);
        }
    }
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

/* Rounding: 300 terms, a condition below 100: 1e-13; both sides. */
Test(fit_errors, are_the_sandwich_by_loops) {
    for (int kind = 0; kind < 8; kind++)
        expect_loops(kind & 1, kind & 2 ? 0.8 : 0.0, kind & 4);
}

/* With a ridge the information's errors are the roots of (H + ridge)^-1, the direction of the mean apart:
 * among abilities of sum 0. */
Test(fit_errors, of_the_information_with_a_ridge) {
    myr_context *context = new_context();
    uint64_t state = fresh_seed();
    static games g;
    draw_games(&state, true, &g);
    myr_outcomes *outcomes = make(context, N, &g);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[N];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    double x[N], H[P * P], J[P * P], A[N * N], inverse[N * N];
    options.ridge = 2.0;
    options.errors = "information";
    fit(context, outcomes, &options, items, &report);
    cr_expect_str_eq(report.errors, "information");
    for (int i = 0; i < N; i++)
        x[i] = items[i].estimate;
    sum_games(&g, x, 0.0, H, J);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            A[i * N + j] = H[i * P + j] + (i == j ? 2.0 : 0.0);
    invert(N, A, inverse);
    for (int i = 0; i < N; i++) { /* along the mean the inverse has 1/ridge, of which an item has 1/N */
        const double variance = inverse[i * N + i] - 1.0 / (2.0 * N);
        cr_expect(fabs(items[i].standard_error / sqrt(variance) - 1.0) <= 1e-11, "%.17g, %.17g",
                  items[i].standard_error, sqrt(variance));
    }
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

/* Rankings: the gradient of each by differences of its loss. */
static double ranking_loss(uint64_t size, const uint32_t *item, const double *x) {
    double loss = 0.0;
    for (uint64_t k = 0; k < size; k++) {
        double sum = 0.0;
        for (uint64_t e = k; e < size; e++)
            sum += exp(x[item[e]]);
        loss += log(sum) - x[item[k]];
    }
    return loss;
}

Test(fit_errors, of_rankings) {
    enum { RANKINGS = 80 };
    myr_context *context = new_context();
    const uint64_t seed = fresh_seed();
    uint64_t state = seed, offsets[RANKINGS + 1] = {0};
    uint32_t item[RANKINGS * N];
    for (int m = 0; m < RANKINGS; m++) {
        uint32_t order[N] = {0, 1, 2, 3, 4};
        const uint32_t size = 2 + (uint32_t)(next_random(&state) % (N - 1));
        for (uint32_t k = 0; k < size; k++) {
            const uint32_t other = k + (uint32_t)(next_random(&state) % (N - k)), t = order[k];
            order[k] = order[other];
            order[other] = t;
            item[offsets[m] + k] = order[k];
        }
        offsets[m + 1] = offsets[m] + size;
    }
    myr_outcomes *outcomes = NULL;
    REQUIRE_OK(context, myr_outcomes_create_rankings(context, N, RANKINGS, offsets, item, &outcomes));
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[N];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.baseline = 0;
    fit(context, outcomes, &options, items, &report);
    double H[P * P] = {0.0}, J[P * P] = {0.0}, C[P * P], x[N];
    for (int i = 0; i < N; i++)
        x[i] = items[i].estimate;
    /* H stage by stage, diag(p) - p pᵀ; g from the loss at x ± d: d² of third derivatives, below 1 a stage,
     * and rounding 1e-15/d. */
    const double d = 1e-5;
    for (int m = 0; m < RANKINGS; m++) {
        const uint32_t *own = item + offsets[m];
        const uint64_t size = offsets[m + 1] - offsets[m];
        double g[N] = {0.0};
        for (int i = 0; i < N; i++) {
            double up[N], down[N];
            memcpy(up, x, sizeof up);
            memcpy(down, x, sizeof down);
            up[i] += d;
            down[i] -= d;
            g[i] = (ranking_loss(size, own, up) - ranking_loss(size, own, down)) / (2.0 * d);
        }
        for (uint64_t k = 0; k < size; k++) {
            double sum = 0.0;
            for (uint64_t e = k; e < size; e++)
                sum += exp(x[own[e]]);
            for (uint64_t a = k; a < size; a++)
                for (uint64_t b = k; b < size; b++)
                    H[own[a] * P + own[b]] +=
                        (a == b ? exp(x[own[a]]) / sum : 0.0) - exp(x[own[a]] + x[own[b]]) / (sum * sum);
        }
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                J[i * P + j] += g[i] * g[j];
    }
    sandwich(N - 1, H + P + 1, J + P + 1, 0.0, C);
    for (int i = 1; i < N; i++) /* g to 1e-9 of numbers near 1 */
        cr_expect(fabs(items[i].standard_error / sqrt(C[(i - 1) * (N - 1) + i - 1]) - 1.0) <= 1e-7,
                  "seed %llu: %.17g", (unsigned long long)seed, items[i].standard_error);
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

/* ---- what one game is ------------------------------------------------------------------------------ */

/* 60 won, 60 lost, 80 ties: the variance of a score is 0.15, of 200 games' mean 0.15/200; d x/d mean is 2 (half of
 * 1/p(1 - p)). With ties alone nothing varies. */
Test(fit_errors, ties_are_no_half_wins) {
    myr_context *context = new_context();
    static games g;
    add(&g, 0, 1, 1.0, 60.0);
    add(&g, 0, 1, 0.0, 60.0);
    add(&g, 1, 0, 0.5, 80.0);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[2];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    myr_outcomes *outcomes = make(context, 2, &g);
    fit(context, outcomes, &options, items, &report);
    cr_expect(fabs(items[0].standard_error - 2.0 * sqrt(0.15 / 200.0)) <= 1e-15, "%.17g",
              items[0].standard_error);
    options.errors = "information";
    fit(context, outcomes, &options, items, &report);
    cr_expect(fabs(items[0].standard_error - sqrt(1.0 / 200.0)) <= 1e-15, "%.17g", items[0].standard_error);
    options.errors = NULL;
    myr_outcomes_destroy(outcomes);
    g.count = 0;
    add(&g, 0, 1, 0.5, 4.0);
    outcomes = make(context, 2, &g);
    options.bootstrap = 100;
    fit(context, outcomes, &options, items, &report);
    cr_expect(items[0].standard_error == 0.0 && items[0].ci_low == 0.0 && items[0].ci_high == 0.0);
    cr_expect_eq(report.unbounded, 0);
    options.errors = "robust";
    cr_expect_eq(myr_fit(context, outcomes, &options, items, &report), MYR_INVALID_ARGUMENT);
    cr_expect(strstr(myr_context_error(context), "errors: 'robust'"), "%s", myr_context_error(context));
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

/* 70 won, 30 lost and a tie, game by game, by weights, and by wins of 70.5 and 30.5, of which two rows or
 * one: the same bits of estimates, errors and intervals. */
Test(fit_errors, the_same_games_in_any_form_give_the_same_bits) {
    myr_context *context = new_context();
    static games single, weighed;
    for (int c = 0; c < 101; c++)
        add(&single, 0, 1, c < 70 ? 1.0 : c < 100 ? 0.0 : 0.5, 1.0);
    add(&weighed, 1, 0, 1.0, 30.0);
    add(&weighed, 0, 1, 1.0, 70.0);
    add(&weighed, 1, 0, 0.5, 1.0);
    const uint32_t first[3] = {0, 1, 0}, second[3] = {1, 0, 1};
    const double one_wins[] = {70.5}, one_losses[] = {30.5};
    const double wins[3] = {40.0, 10.0, 30.0}, losses[3] = {20.5, 0.5, 9.5}; /* ties of 1/2 + 1/2 alone … */
    myr_outcomes *forms[4] = {make(context, 2, &single), make(context, 2, &weighed)};
    REQUIRE_OK(context, myr_outcomes_create_comparisons(context, 2, 1, first, second, one_wins, one_losses,
                                                        &forms[2]));
    REQUIRE_OK(context,
               myr_outcomes_create_comparisons(context, 2, 3, first, second, wins, losses, &forms[3]));
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[4][2];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.bootstrap = 500;
    for (int k = 0; k < 4; k++)
        fit(context, forms[k], &options, items[k], &report);
    for (int k = 1; k < 3; k++)
        for (int i = 0; i < 2; i++) {
            cr_expect_eq(items[k][i].estimate, items[0][i].estimate);
            cr_expect_eq(items[k][i].standard_error, items[0][i].standard_error);
            cr_expect_eq(items[k][i].ci_low, items[0][i].ci_low);
            cr_expect_eq(items[k][i].ci_high, items[0][i].ci_high);
        }
    /* … and a lone half is a game that weighs half: three of them, not two ties. */
    cr_expect_eq(myr_outcomes_weight(forms[3]), 110.5);
    cr_expect_neq(items[3][0].standard_error, items[0][0].standard_error);
    /* At most the spread of 71:30, x = log(w/l)/2: 0.11, with a twentieth for 500 percentiles. */
    cr_expect(fabs(items[0][0].standard_error - 0.108) <= 0.002, "%g", items[0][0].standard_error);
    const double width = (items[0][0].ci_high - items[0][0].ci_low) / 3.92;
    cr_expect(fabs(width / items[0][0].standard_error - 1.0) <= 0.2, "%g", width);
    for (int k = 0; k < 4; k++)
        myr_outcomes_destroy(forms[k]);
    myr_context_destroy(context);
}

/* Errors have no unit of weights; and whole weights among others are no numbers of games. */
Test(fit_errors, do_not_hang_on_the_unit_of_weights) {
    myr_context *context = new_context();
    uint64_t state = fresh_seed();
    static games g;
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[3][N];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    draw_games(&state, false, &g);
    options.bootstrap = 200;
    for (int k = 0; k < 3; k++) {
        const double unit = ldexp(1.0, 20 * (k - 1)); /* weights near 1e-6, 1, 1e6, not whole */
        for (uint64_t c = 0; c < g.count; c++)
            g.weight[c] *= unit;
        myr_outcomes *outcomes = make(context, N, &g);
        for (uint64_t c = 0; c < g.count; c++)
            g.weight[c] /= unit;
        fit(context, outcomes, &options, items[k], &report);
        myr_outcomes_destroy(outcomes);
    }
    for (int k = 0; k < 3; k += 2)
        for (int i = 0; i < N; i++) {
            cr_expect(fabs(items[k][i].standard_error / items[1][i].standard_error - 1.0) <= 1e-9);
            /* replicates are fitted to 1e-3 standard errors and a step */
            cr_expect(fabs(items[k][i].ci_low - items[1][i].ci_low) <= 1e-5 * items[1][i].standard_error,
                      "%.17g, %.17g", items[k][i].ci_low, items[1][i].ci_low);
        }
    myr_context_destroy(context);
}

/* ---- coverage -------------------------------------------------------------------------------------- */

enum { SETS = 4000 };

/* The share of sets whose interval covers is binomial: its standard error at 0.95 is sqrt(0.95 · 0.05/4000) = 0.0034.
 * Five of them, and 0.003 for sets of 300 games: the sandwich of p parameters is too small by some p/300 of
 * the variance, an interval's coverage falls by 0.11 of that. */
static void expect_covered(const char *what, uint64_t seed, int covered) {
    const double share = (double)covered / SETS;
    cr_expect(fabs(share - 0.95) <= 0.0202, "%s, seed %llu: %g", what, (unsigned long long)seed, share);
}

Test(fit_errors, cover_with_ties) {
    myr_context *context = new_context();
    const uint64_t seed = fresh_seed();
    uint64_t state = seed;
    static games g;
    int covered[2] = {0, 0};
    /* of two: 0.4 of the games are ties, of the others 0.7 are won; the mean score is 0.62 */
    const double truth = 0.5 * log(0.62 / 0.38);
    for (int set = 0; set < SETS; set++) {
        double of_score[3] = {0.0, 0.0, 0.0};
        for (int c = 0; c < 300; c++)
            of_score[uniform(&state) < 0.4 ? 1 : uniform(&state) < 0.7 ? 2 : 0] += 1.0;
        g.count = 0;
        for (int k = 0; k < 3; k++)
            add(&g, 0, 1, 0.5 * k, of_score[k]);
        myr_outcomes *outcomes = make(context, 2, &g);
        for (int k = 0; k < 2; k++) {
            myr_fit_options options = MYR_FIT_OPTIONS_INIT;
            myr_estimate items[2];
            myr_fit_report report = MYR_FIT_REPORT_INIT;
            options.errors = k ? "information" : "sandwich";
            fit(context, outcomes, &options, items, &report);
            covered[k] += items[0].ci_low <= truth && truth <= items[0].ci_high;
        }
        myr_outcomes_destroy(outcomes);
    }
    expect_covered("ties", seed, covered[0]);
    cr_expect(covered[1] > 0.975 * SETS, "the information covers too often: %d", covered[1]);
    myr_context_destroy(context);
}

Test(fit_errors, cover_with_weights) {
    myr_context *context = new_context();
    const uint64_t seed = fresh_seed();
    uint64_t state = seed;
    static games g;
    int covered = 0;
    static const double truth[N] = {-0.8, -0.4, 0.0, 0.4, 0.8};
    for (int set = 0; set < SETS; set++) {
        g.count = 0;
        for (int c = 0; c < 300; c++) {
            const uint32_t i = (uint32_t)(next_random(&state) % N),
                           j = (i + 1 + next_random(&state) % (N - 1)) % N;
            const double won = 1.0 / (1.0 + exp(truth[j] - truth[i]));
            add(&g, i, j, uniform(&state) < won ? 1.0 : 0.0, 0.2 + 5.0 * uniform(&state));
        }
        myr_outcomes *outcomes = make(context, N, &g);
        myr_fit_options options = MYR_FIT_OPTIONS_INIT;
        myr_estimate items[N];
        myr_fit_report report = MYR_FIT_REPORT_INIT;
        fit(context, outcomes, &options, items, &report);
        covered += items[1].ci_low <= truth[1] && truth[1] <= items[1].ci_high;
        myr_outcomes_destroy(outcomes);
    }
    expect_covered("weights", seed, covered);
    myr_context_destroy(context);
}
