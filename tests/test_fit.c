/* Fits of abilities: published tables to every printed digit, reference fits in double, standard errors. */
#include <criterion/criterion.h>
#include <jansson.h>

#include "fit_reference.h"
#include "support.h"

/* ---- the American League of 1987 ------------------------------------------------------------------- */

enum { TEAMS = 7, SERIES = 42 };
static const char *const teams[TEAMS] = {"Baltimore", "Boston",   "Cleveland", "Detroit",
                                         "Milwaukee", "New York", "Toronto"};

typedef struct season {
    uint32_t home[SERIES], away[SERIES];
    double home_wins[SERIES], away_wins[SERIES];
} season;

static uint32_t find_team(const char *name) {
    for (uint32_t i = 0; i < TEAMS; i++)
        if (strcmp(teams[i], name) == 0)
            return i;
    cr_assert_fail("no team %s", name);
    return 0;
}

static season read_season(void) {
    season s;
    char line[128], home[32], away[32];
    FILE *file = open_golden("prefs/baseball1987_agresti.csv");
    cr_assert_not_null(fgets(line, sizeof line, file));
    for (int r = 0; r < SERIES; r++) {
        cr_assert_not_null(fgets(line, sizeof line, file));
        cr_assert_eq(sscanf(line, "%31[^,],%31[^,],%lf,%lf", home, away, &s.home_wins[r], &s.away_wins[r]),
                     4);
        s.home[r] = find_team(home);
        s.away[r] = find_team(away);
    }
    fclose(file);
    return s;
}

static json_t *read_published(const char *model) {
    FILE *file = open_golden("prefs/baseball1987_fit.json");
    json_error_t error;
    json_t *all = json_loadf(file, 0, &error);
    fclose(file);
    cr_assert_not_null(all, "%s", error.text);
    json_t *found = json_deep_copy(json_object_get(all, model));
    json_decref(all);
    return found;
}

/* Whether the number, printed with as many digits as the published one, is the same text. */
static void expect_printed(const json_t *object, const char *key, double value) {
    const char *text = json_string_value(json_object_get(object, key));
    cr_assert_not_null(text, "%s", key);
    const char *point = strchr(text, '.');
    char printed[32];
    snprintf(printed, sizeof printed, "%.*f", point ? (int)strlen(point + 1) : 0, value);
    cr_expect_str_eq(printed, text, "%s: %.9f is printed as %s, published %s", key, value, printed, text);
}

static void expect_published(const json_t *model, const myr_estimate *items, bool errors) {
    for (uint32_t i = 1; i < TEAMS; i++) {
        expect_printed(json_object_get(model, "published_estimate"), teams[i], items[i].estimate);
        if (errors)
            expect_printed(json_object_get(model, "published_se"), teams[i], items[i].standard_error);
        /* The table's own fit was carried on to a score of 3e-15; what the solution of 7 equations with
         * numbers up to 90 can lose beyond that is some 100 units of rounding, 2e-14. */
        double own = json_real_value(json_object_get(json_object_get(model, "own_estimate"), teams[i]));
        double own_error = json_real_value(json_object_get(json_object_get(model, "own_se"), teams[i]));
        cr_expect(fabs(items[i].estimate - own) <= 1e-12, "%s: %.17g, %.17g", teams[i], items[i].estimate,
                  own);
        cr_expect(fabs(items[i].standard_error - own_error) <= 1e-12, "%s: %.17g, %.17g", teams[i],
                  items[i].standard_error, own_error);
    }
    cr_expect_eq(items[0].estimate, 0.0);
    cr_expect_eq(items[0].standard_error, 0.0);
}

static void fit_season(myr_context *context, const myr_outcomes *outcomes, myr_fit_options options,
                       myr_estimate *items, myr_fit_report *report) {
    memset(items, 0xff, TEAMS * sizeof *items);
    options.errors = "information"; /* as published */
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, report));
    cr_expect_str_eq(report->errors, "information");
    cr_expect(report->converged);
    cr_expect(report->gradient <= 1e-12, "%g", report->gradient);
}

static myr_outcomes *season_comparisons(myr_context *context, const season *s) {
    myr_outcomes *outcomes = NULL;
    REQUIRE_OK(context, myr_outcomes_create_comparisons(context, TEAMS, SERIES, s->home, s->away,
                                                        s->home_wins, s->away_wins, &outcomes));
    return outcomes;
}

/* Each game a ranking of two. */
static myr_outcomes *season_rankings(myr_context *context, const season *s) {
    uint32_t item[2 * 300];
    uint64_t offsets[301] = {0}, games = 0;
    for (int r = 0; r < SERIES; r++)
        for (int g = 0; g < (int)(s->home_wins[r] + s->away_wins[r]); g++) {
            bool won = g < (int)s->home_wins[r];
            item[2 * games] = won ? s->home[r] : s->away[r];
            item[2 * games + 1] = won ? s->away[r] : s->home[r];
            games++;
            offsets[games] = 2 * games;
        }
    myr_outcomes *outcomes = NULL;
    REQUIRE_OK(context, myr_outcomes_create_rankings(context, TEAMS, games, offsets, item, &outcomes));
    return outcomes;
}

Test(fit, baseball_of_1987_to_every_printed_digit) {
    myr_context *context = new_context();
    const season s = read_season();
    json_t *model = read_published("model_no_home");
    myr_outcomes *comparisons = season_comparisons(context, &s), *rankings = season_rankings(context, &s);
    const double uniform[TEAMS] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
    const struct {
        const char *objective;
        const myr_outcomes *outcomes;
        double beta;
        const double *reference;
    } ways[] = {{"bt", comparisons, 1.0, NULL},  {"pl", comparisons, 1.0, NULL},
                {"pl", rankings, 1.0, NULL},     {"bt", rankings, 1.0, NULL},
                {"dpo", comparisons, 1.0, NULL}, {"dpo", comparisons, 0.1, uniform},
                {"dpo", rankings, 25.0, uniform}};
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        myr_fit_options options = MYR_FIT_OPTIONS_INIT;
        myr_estimate items[TEAMS];
        myr_fit_report report = MYR_FIT_REPORT_INIT;
        options.objective = ways[w].objective;
        options.beta = ways[w].beta;
        options.reference = ways[w].reference;
        options.baseline = 0;
        fit_season(context, ways[w].outcomes, options, items, &report);
        expect_published(model, items, true);
        /* of a sum of 273 terms of about 0.6 */
        double own = json_real_value(json_object_get(model, "own_loglik"));
        cr_expect(fabs(report.log_likelihood - own) <= 1e-11, "%.17g", report.log_likelihood);
        cr_expect_str_eq(report.objective, ways[w].objective);
    }
    json_decref(model);
    myr_outcomes_destroy(comparisons);
    myr_outcomes_destroy(rankings);
    myr_context_destroy(context);
}

/* The published standard errors of this table are those of R's glm: of the weights before its last step.
 * The reference fit stops as glm does and gives its digits; carried on, it gives ours. */
Test(fit, baseball_with_home_to_every_printed_digit) {
    myr_context *context = new_context();
    const season s = read_season();
    json_t *model = read_published("model_home");
    myr_outcomes *outcomes = season_comparisons(context, &s);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[TEAMS];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.home = true;
    options.baseline = 0;
    fit_season(context, outcomes, options, items, &report);
    expect_published(model, items, false);
    expect_printed(json_object_get(model, "published_estimate"), "at.home", report.home.estimate);
    expect_printed(json_object_get(model, "published_se"), "at.home", report.home.standard_error);
    cr_expect(fabs(report.log_likelihood - json_real_value(json_object_get(model, "own_loglik"))) <= 1e-11);

    double design[SERIES * TEAMS] = {0}, tries[SERIES], b[TEAMS], errors[TEAMS];
    for (int r = 0; r < SERIES; r++) { /* columns 0 … 5: teams 1 … 6; 6: home */
        tries[r] = s.home_wins[r] + s.away_wins[r];
        if (s.home[r] > 0)
            design[r * TEAMS + s.home[r] - 1] += 1.0;
        if (s.away[r] > 0)
            design[r * TEAMS + s.away[r] - 1] -= 1.0;
        design[r * TEAMS + 6] = 1.0;
    }
    glm(SERIES, TEAMS, design, s.home_wins, tries, 1e-8, b, errors);
    for (uint32_t i = 1; i < TEAMS; i++)
        expect_printed(json_object_get(model, "published_se"), teams[i], errors[i - 1]);
    glm(SERIES, TEAMS, design, s.home_wins, tries, 0.0, b, errors);
    for (uint32_t i = 1; i < TEAMS; i++) {
        cr_expect(fabs(items[i].estimate - b[i - 1]) <= 1e-12);
        cr_expect(fabs(items[i].standard_error - errors[i - 1]) <= 1e-12);
    }
    cr_expect(fabs(report.home.standard_error - errors[6]) <= 1e-12);
    json_decref(model);
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

/* ---- DPO ------------------------------------------------------------------------------------------- */

/* At the fit the gradient of DPO's loss, by the reduction over pairs (which knows nothing of fits), is 0
 * for every answer: at the policy that the fit calls its probabilities. */
Test(fit, dpo_is_a_zero_of_dpos_gradient) {
    myr_context *context = new_context();
    const season s = read_season();
    myr_outcomes *outcomes = season_comparisons(context, &s);
    const double reference[TEAMS] = {-1.0, -2.5, -0.25, -3.0, -1.5, -2.0, -4.0}, beta = 0.3;
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate items[TEAMS];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.objective = "dpo";
    options.beta = beta;
    options.reference = reference;
    fit_season(context, outcomes, options, items, &report);

    double columns[5][2 * SERIES], gradient[2][2 * SERIES], sum[TEAMS] = {0}, total = 0.0;
    for (int r = 0; r < 2 * SERIES; r++) {
        uint32_t w = r % 2 ? s.away[r / 2] : s.home[r / 2], l = r % 2 ? s.home[r / 2] : s.away[r / 2];
        columns[0][r] = log(items[w].probability);
        columns[1][r] = log(items[l].probability);
        columns[2][r] = reference[w];
        columns[3][r] = reference[l];
        columns[4][r] = r % 2 ? s.away_wins[r / 2] : s.home_wins[r / 2];
        gradient[0][r] = gradient[1][r] = NAN;
    }
    myr_pairs pairs = MYR_PAIRS_INIT;
    pairs.count = 2 * SERIES;
    pairs.policy_chosen = (myr_array){columns[0], MYR_F64};
    pairs.policy_rejected = (myr_array){columns[1], MYR_F64};
    pairs.reference_chosen = (myr_array){columns[2], MYR_F64};
    pairs.reference_rejected = (myr_array){columns[3], MYR_F64};
    pairs.weight = (myr_array){columns[4], MYR_F64};
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    loss.beta = beta;
    myr_compute_options compute = MYR_COMPUTE_OPTIONS_INIT;
    compute.backend = "reference";
    myr_loss_metrics metrics = MYR_LOSS_METRICS_INIT;
    REQUIRE_OK(context,
               myr_loss_pairs(context, &loss, &pairs, &compute, (myr_array_out){gradient[0], MYR_F64},
                              (myr_array_out){gradient[1], MYR_F64}, &metrics, NULL));
    for (int r = 0; r < 2 * SERIES; r++) {
        sum[r % 2 ? s.away[r / 2] : s.home[r / 2]] += gradient[0][r];
        sum[r % 2 ? s.home[r / 2] : s.away[r / 2]] += gradient[1][r];
    }
    /* 84 terms of at most beta/40 each, whose margins carry the rounding of logarithms of up to 10:
     * 84 · 0.01 · 10 · 2^-53 */
    for (int i = 0; i < TEAMS; i++) {
        cr_expect(fabs(sum[i]) <= 2e-15, "%s: %g", teams[i], sum[i]);
        total += items[i].probability;
    }
    cr_expect(fabs(total - 1.0) <= 1e-15);
    cr_expect(fabs(metrics.loss * 273.0 + report.log_likelihood) <= 1e-11);
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

/* ---- random sets ----------------------------------------------------------------------------------- */

static double uniform(uint64_t *state) {
    return ((double)(next_random(state) >> 11) + 0.5) * 0x1p-53;
}

/* wins [n][n], some pairs more often than others; a chain both ways sees to a finite maximum. */
static void draw_wins(uint64_t *state, uint32_t n, double *wins) {
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++) {
            bool chain = j == (i + 1) % n || i == (j + 1) % n;
            wins[i * n + j] = i == j ? 0.0 : floor(6.0 * uniform(state) * uniform(state)) + (chain ? 1 : 0);
        }
}

static myr_outcomes *make_wins(myr_context *context, uint32_t n, const double *wins) {
    uint32_t *first = malloc((size_t)n * n * sizeof *first),
             *second = malloc((size_t)n * n * sizeof *second);
    double *weight = malloc((size_t)n * n * sizeof *weight);
    uint64_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++)
            if (i != j) {
                first[count] = i;
                second[count] = j;
                weight[count++] = wins[i * n + j];
            }
    myr_outcomes *outcomes = NULL;
    REQUIRE_OK(context,
               myr_outcomes_create_comparisons(context, n, count, first, second, weight, NULL, &outcomes));
    free(first);
    free(second);
    free(weight);
    return outcomes;
}

Test(fit, agrees_with_zermelos_iteration) {
    enum { MOST = 24 };
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    for (int trial = 0; trial < 12; trial++) {
        const uint32_t n = 2 + (uint32_t)(next_random(&state) % (MOST - 1));
        double wins[MOST * MOST], x[MOST];
        myr_estimate items[MOST];
        myr_fit_options options = MYR_FIT_OPTIONS_INIT;
        myr_fit_report report = MYR_FIT_REPORT_INIT;
        draw_wins(&state, n, wins);
        myr_outcomes *outcomes = make_wins(context, n, wins);
        memset(items, 0xff, sizeof items);
        REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
        zermelo(n, wins, x);
        /* The iteration stops when a step is 1e-15; it shrinks the error by a factor that is 1 - 1/2000 at
         * worst here (chains of 24), so what is left is below 2000 · 1e-15. */
        double sum = 0.0;
        for (uint32_t i = 0; i < n; i++) {
            cr_expect(fabs(items[i].estimate - x[i]) <= 1e-11, "seed %llu, trial %d, item %u: %.17g, %.17g",
                      (unsigned long long)seed, trial, i, items[i].estimate, x[i]);
            sum += items[i].estimate;
        }
        cr_expect(fabs(sum) <= 1e-13 && report.converged);
        myr_outcomes_destroy(outcomes);
    }
    myr_context_destroy(context);
}

/* Minus the log-likelihood of rankings, term by term. */
static double ranking_loss(uint64_t count, const uint64_t *offsets, const uint32_t *item, const double *x) {
    double loss = 0.0;
    for (uint64_t m = 0; m < count; m++)
        for (uint64_t k = offsets[m]; k < offsets[m + 1]; k++) {
            double sum = 0.0;
            for (uint64_t e = k; e < offsets[m + 1]; e++)
                sum += exp(x[item[e]]);
            loss += log(sum) - x[item[k]];
        }
    return loss;
}

enum { RANKED = 9, RANKINGS = 60 };

static void draw_rankings(uint64_t *state, uint64_t *offsets, uint32_t *item) {
    uint64_t used = 0;
    offsets[0] = 0;
    for (int m = 0; m < RANKINGS; m++) {
        uint32_t places[RANKED], length = 2 + (uint32_t)(next_random(state) % (RANKED - 1));
        for (uint32_t i = 0; i < RANKED; i++)
            places[i] = i;
        for (uint32_t k = 0; k < length; k++) { /* item i is drawn with odds near 1 + i */
            uint32_t a = k + (uint32_t)(next_random(state) % (RANKED - k));
            uint32_t b = k + (uint32_t)(next_random(state) % (RANKED - k));
            uint32_t chosen = places[a] > places[b] ? a : b, t = places[k];
            places[k] = places[chosen];
            places[chosen] = t;
            item[used++] = places[k];
        }
        offsets[m + 1] = used;
    }
}

Test(fit, agrees_with_hunters_iteration_and_second_differences) {
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    uint64_t offsets[RANKINGS + 1];
    uint32_t item[RANKINGS * RANKED];
    double x[RANKED], at[RANKED], H[(RANKED - 1) * (RANKED - 1)], C[(RANKED - 1) * (RANKED - 1)];
    draw_rankings(&state, offsets, item);
    myr_outcomes *outcomes = NULL;
    REQUIRE_OK(context, myr_outcomes_create_rankings(context, RANKED, RANKINGS, offsets, item, &outcomes));
    myr_estimate items[RANKED];
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.baseline = RANKED - 1;
    options.errors = "information";
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    hunter(RANKED, RANKINGS, offsets, item, x);
    for (int i = 0; i < RANKED; i++) {
        cr_expect(fabs(items[i].estimate - (x[i] - x[RANKED - 1])) <= 1e-11, "seed %llu, item %d: %.17g",
                  (unsigned long long)seed, i, items[i].estimate);
        at[i] = items[i].estimate;
    }
    cr_expect(fabs(report.log_likelihood + ranking_loss(RANKINGS, offsets, item, at)) <= 1e-10);
    /* Second differences of step d: d² of fourth derivatives, which are below 1 a stage, 300 stages at
     * most, against entries near 20; and rounding, 200 · 2^-53 · 4/d². At d = 3e-3 together 1e-4 of an
     * entry; the inverse's condition (below 100) multiplies it at the very most. */
    const double d = 3e-3;
    const int n = RANKED - 1;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0.0;
            for (int corner = 0; corner < 4; corner++) {
                double y[RANKED];
                memcpy(y, at, sizeof y);
                y[i] += corner & 1 ? d : -d;
                y[j] += corner & 2 ? d : -d;
                sum += (corner == 0 || corner == 3 ? 1.0 : -1.0) * ranking_loss(RANKINGS, offsets, item, y);
            }
            H[i * n + j] = sum / (4.0 * d * d);
        }
    invert(n, H, C);
    for (int i = 0; i < n; i++)
        cr_expect(fabs(items[i].standard_error / sqrt(C[i * n + i]) - 1.0) <= 1e-3,
                  "seed %llu, item %d: %g, %g", (unsigned long long)seed, i, items[i].standard_error,
                  sqrt(C[i * n + i]));
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

/* Standard errors of centred abilities: the covariance of differences to one item, by the inverse of the
 * reduced information, then centred by the linear map itself. */
Test(fit, errors_of_centred_abilities) {
    enum { N = 6 };
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    double wins[N * N], H[(N - 1) * (N - 1)] = {0}, C[(N - 1) * (N - 1)];
    myr_estimate items[N];
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    draw_wins(&state, N, wins);
    myr_outcomes *outcomes = make_wins(context, N, wins);
    options.errors = "information";
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double p = 1.0 / (1.0 + exp(items[j].estimate - items[i].estimate));
            double c = i == j ? 0.0 : (wins[i * N + j] + wins[j * N + i]) * p * (1.0 - p);
            if (i < N - 1)
                H[i * (N - 1) + i] += c;
            if (i < N - 1 && j < N - 1 && i != j)
                H[i * (N - 1) + j] -= c;
        }
    invert(N - 1, H, C);
    for (int i = 0; i < N; i++) { /* x_i = sum_k (delta_ik - 1/N) (x_k - x_last) */
        double variance = 0.0;
        for (int k = 0; k < N - 1; k++)
            for (int l = 0; l < N - 1; l++)
                variance += ((i == k) - 1.0 / N) * ((i == l) - 1.0 / N) * C[k * (N - 1) + l];
        cr_expect(fabs(items[i].standard_error - sqrt(variance)) <= 1e-12, "seed %llu: %.17g, %.17g",
                  (unsigned long long)seed, items[i].standard_error, sqrt(variance));
    }
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

/* ---- races ----------------------------------------------------------------------------------------- */

enum { DRIVERS = 87, KEPT = 83, RACES = 36, STARTERS = 43 };

static myr_outcomes *load_races(myr_context *context, const char *const *without, size_t count,
                                myr_status expected) {
    const char *path = golden_path("prefs/nascar2002_orderings.csv");
    myr_outcomes_options options = MYR_OUTCOMES_OPTIONS_INIT;
    options.without = without;
    options.without_count = count;
    myr_outcomes *outcomes = NULL;
    cr_assert_eq(myr_outcomes_load(context, path, &options, &outcomes), expected, "%s",
                 myr_context_error(context));
    return outcomes;
}

/* The races without the drivers above 83, numbered from 0. */
static void read_races(uint64_t *offsets, uint32_t *item) {
    static char line[4096];
    FILE *file = open_golden("prefs/nascar2002_orderings.csv");
    uint64_t used = 0;
    cr_assert_not_null(fgets(line, sizeof line, file));
    offsets[0] = 0;
    for (int m = 0; m < RACES; m++) {
        cr_assert_not_null(fgets(line, sizeof line, file));
        for (char *number = strtok(line, ",\r\n"); number; number = strtok(NULL, ",\r\n"))
            if (atoi(number) <= KEPT)
                item[used++] = (uint32_t)atoi(number) - 1;
        offsets[m + 1] = used;
    }
    fclose(file);
}

/* Four drivers, 84 to 87, finished last whenever they raced. */
Test(fit, nascar_needs_83_of_87_drivers) {
    static const char *const last[] = {"84", "85", "86", "87"};
    static uint64_t offsets[RACES + 1];
    static uint32_t item[RACES * STARTERS];
    static double x[KEPT];
    static myr_estimate items[DRIVERS];
    myr_context *context = new_context();
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    myr_outcomes *all = load_races(context, NULL, 0, MYR_OK);
    cr_assert_eq(myr_outcomes_items(all), DRIVERS);
    cr_assert_eq(myr_outcomes_rows(all), RACES);
    cr_expect_eq(myr_fit(context, all, &options, items, &report), MYR_INVALID_DATA);
    const char *error = myr_context_error(context);
    cr_expect(strstr(error, "4 of 87 items"), "%s", error);
    cr_expect(strstr(error, "--ridge"), "%s", error);
    for (int k = 0; k < 4; k++) {
        char name[8];
        snprintf(name, sizeof name, "'%s'", last[k]);
        cr_expect(strstr(error, name), "%s lacks %s", error, name);
    }
    myr_outcomes *rest = load_races(context, last, 4, MYR_OK);
    cr_assert_eq(myr_outcomes_items(rest), KEPT);
    REQUIRE_OK(context, myr_fit(context, rest, &options, items, &report));
    cr_expect(report.converged && report.seconds < 1.0, "%g s", report.seconds);
    read_races(offsets, item);
    hunter(KEPT, RACES, offsets, item, x);
    /* as for Zermelo's iteration; drivers of few races make it slower */
    for (uint32_t i = 0; i < KEPT; i++) {
        const int driver = atoi(myr_outcomes_name(rest, i)) - 1;
        cr_expect(fabs(items[i].estimate - x[driver]) <= 1e-9, "driver %d: %.17g, %.17g", driver + 1,
                  items[i].estimate, x[driver]);
    }
    myr_outcomes_destroy(all);
    myr_outcomes_destroy(rest);
    myr_context_destroy(context);
}
