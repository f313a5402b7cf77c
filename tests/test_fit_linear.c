/* Fits of log-linear policies: abilities as features, coefficients that are known, what is refused. */
#include <criterion/criterion.h>

#include "fit_reference.h"
#include "fits/fit_unbounded.h"
#include "support.h"

static double uniform(uint64_t *state) {
    return ((double)(next_random(state) >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint64_t *state) {
    return sqrt(-2.0 * log(uniform(state))) * cos(6.283185307179586 * uniform(state));
}

/* Delta with its columns on scales from 1/16 to 16, and pairs turned so that the winner comes first. */
static void draw_features(uint64_t *state, uint64_t count, uint64_t parameters, const double *theta,
                          double beta, const double *margin, float *delta) {
    for (uint64_t i = 0; i < count; i++) {
        double u = margin ? -margin[i] : 0.0;
        float *row = delta + i * parameters;
        for (uint64_t p = 0; p < parameters; p++) {
            row[p] = (float)(normal(state) * exp2((double)(p % 9) - 4.0));
            u += row[p] * theta[p];
        }
        if (uniform(state) > 1.0 / (1.0 + exp(-beta * u)))
            for (uint64_t p = 0; p < parameters; p++)
                row[p] = -row[p];
    }
}

static myr_features make(uint64_t count, uint64_t parameters, const float *delta) {
    myr_features features = MYR_FEATURES_INIT;
    features.count = count;
    features.parameters = parameters;
    features.delta = (myr_array){delta, MYR_F32};
    return features;
}

static myr_compute_options on(const char *backend, int threads) {
    myr_compute_options compute = MYR_COMPUTE_OPTIONS_INIT;
    compute.backend = backend;
    compute.threads = threads;
    return compute;
}

/* Items as features: ability differences, errors and likelihood are those of the fit of abilities. */
Test(fit_linear, one_hot_features_are_abilities) {
    enum { N = 6, COUNT = 900 };
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    static uint32_t first[COUNT], second[COUNT];
    static float delta[COUNT * (N - 1)];
    for (int c = 0; c < COUNT; c++) {
        first[c] = (uint32_t)(next_random(&state) % N);
        second[c] = (uint32_t)(next_random(&state) % (N - 1));
        second[c] += second[c] >= first[c];
        if (first[c] < N - 1)
            delta[c * (N - 1) + first[c]] = 1.0f;
        if (second[c] < N - 1)
            delta[c * (N - 1) + second[c]] = -1.0f;
    }
    myr_outcomes *outcomes = NULL;
    myr_estimate items[N], coefficients[N - 1];
    myr_fit_report report = MYR_FIT_REPORT_INIT, linear = MYR_FIT_REPORT_INIT;
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    REQUIRE_OK(context,
               myr_outcomes_create_comparisons(context, N, COUNT, first, second, NULL, NULL, &outcomes));
    options.baseline = N - 1;
    REQUIRE_OK(context, myr_fit(context, outcomes, &options, items, &report));
    options.baseline = -1;
    const myr_features features = make(COUNT, N - 1, delta);
    const myr_compute_options compute = on("cpu", 2);
    memset(coefficients, 0xff, sizeof coefficients);
    REQUIRE_OK(context, myr_fit_linear(context, &features, &options, &compute, coefficients, &linear));
    cr_expect(linear.converged && linear.gradient <= 1e-6);
    /* 1e-6 standard errors, times the condition */
    for (int i = 0; i < N - 1; i++) {
        cr_expect(fabs(coefficients[i].estimate - items[i].estimate) <= 1e-6, "seed %llu: %g, %g",
                  (unsigned long long)seed, coefficients[i].estimate, items[i].estimate);
        cr_expect(fabs(coefficients[i].standard_error / items[i].standard_error - 1.0) <= 1e-4);
        cr_expect(isnan(coefficients[i].probability));
    }
    cr_expect(fabs(linear.log_likelihood - report.log_likelihood) <= 1e-9);
    myr_outcomes_destroy(outcomes);
    myr_context_destroy(context);
}

/* Against iterated weighted least squares; with a reference, by dpo, the offset is moved into the winners.
 */
Test(fit_linear, agrees_with_least_squares_on_all_backends) {
    enum { P = 12, COUNT = 3000 };
    static const char *const backends[] = {"reference", "cpu"};
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    static float delta[COUNT * P];
    static double design[COUNT * P], ones[COUNT], theta[P], b[P], errors[P];
    for (int p = 0; p < P; p++)
        theta[p] = 0.5 * normal(&state) * exp2(4.0 - p % 9);
    draw_features(&state, COUNT, P, theta, 1.0, NULL, delta);
    for (int c = 0; c < COUNT; c++)
        ones[c] = 1.0;
    for (int n = 0; n < COUNT * P; n++)
        design[n] = delta[n];
    glm(COUNT, P, design, ones, ones, 0.0, b, errors);
    const myr_features features = make(COUNT, P, delta);
    for (int k = 0; k < 2; k++)
        for (int dpo = 0; dpo < 2; dpo++) {
            const myr_compute_options compute = on(backends[k], 0);
            myr_fit_options options = MYR_FIT_OPTIONS_INIT;
            myr_estimate coefficients[P];
            myr_fit_report report = MYR_FIT_REPORT_INIT;
            const double beta = dpo ? 0.25 : 1.0; /* theta is then larger by 1/beta */
            options.objective = dpo ? "dpo" : "bt";
            options.errors = "information";
            options.beta = beta;
            memset(coefficients, 0xff, sizeof coefficients);
            REQUIRE_OK(context,
                       myr_fit_linear(context, &features, &options, &compute, coefficients, &report));
            cr_expect(report.converged, "%g", report.gradient);
            for (int p = 0; p < P; p++) {
                cr_expect(fabs(beta * coefficients[p].estimate - b[p]) <= 1e-5 * errors[p],
                          "seed %llu, %s, %d: %.12g, %.12g", (unsigned long long)seed, backends[k], p,
                          beta * coefficients[p].estimate, b[p]);
                cr_expect(fabs(beta * coefficients[p].standard_error / errors[p] - 1.0) <= 1e-4);
            }
        }
    myr_context_destroy(context);
}

/* The gradient of dpo with a reference margin and weights, and of a ridge, term by term in long double. */
Test(fit_linear, reference_weights_and_ridge_make_a_zero_gradient) {
    enum { P = 7, COUNT = 500 };
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    static float delta[COUNT * P];
    static double margin[COUNT], weight[COUNT], theta[P];
    const double beta = 0.4, ridge = 0.7;
    for (int p = 0; p < P; p++)
        theta[p] = normal(&state);
    for (int c = 0; c < COUNT; c++) {
        margin[c] = 2.0 * normal(&state);
        weight[c] = 0.25 * (double)(next_random(&state) % 8);
    }
    draw_features(&state, COUNT, P, theta, beta, margin, delta);
    myr_features features = make(COUNT, P, delta);
    features.reference_margin = (myr_array){margin, MYR_F64};
    features.weight = (myr_array){weight, MYR_F64};
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    const myr_compute_options compute = on("cpu", 0);
    myr_estimate coefficients[P];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.objective = "dpo";
    options.beta = beta;
    options.ridge = ridge;
    REQUIRE_OK(context, myr_fit_linear(context, &features, &options, &compute, coefficients, &report));
    cr_expect(report.converged);
    long double gradient[P], curvature[P], value = 0.0L;
    for (int p = 0; p < P; p++) {
        gradient[p] = ridge * coefficients[p].estimate;
        curvature[p] = ridge;
    }
    for (int c = 0; c < COUNT; c++) {
        long double u = -margin[c];
        for (int p = 0; p < P; p++)
            u += (long double)delta[c * P + p] * coefficients[p].estimate;
        const long double q = 1.0L / (1.0L + expl(beta * u));
        value += weight[c] * log1pl(expl(-beta * u));
        for (int p = 0; p < P; p++) {
            gradient[p] -= weight[c] * beta * q * delta[c * P + p];
            curvature[p] += weight[c] * beta * beta * q * (1.0L - q) * delta[c * P + p] * delta[c * P + p];
        }
    }
    for (int p = 0; p < P; p++)
        cr_expect(fabsl(gradient[p]) / sqrtl(curvature[p]) <= 1e-6L, "seed %llu: %Lg",
                  (unsigned long long)seed, gradient[p]);
    cr_expect(fabs((double)value + report.log_likelihood) <= 1e-9);
    myr_context_destroy(context);
}

/* Standard errors of weighted rows, of ties that are two rows, and of rows that are many games: C J C by
 * loops, C the inverse of the Hessian with the ridge; by the information C. */
Test(fit_linear, errors_by_loops) {
    enum { P = 4, GAMES = 400, ROWS = 600 };
    myr_context *context = new_context();
    const uint64_t seed = fresh_seed();
    uint64_t state = seed, begin[GAMES + 1] = {0};
    static float delta[ROWS * P];
    static double weight[ROWS], times[GAMES];
    const double ridge = 0.3, beta = 0.5;
    uint64_t rows = 0;
    for (int g = 0; g < GAMES; g++) { /* every third is a tie */
        const double each = 0.1 + 2.0 * uniform(&state);
        const bool tie = g % 3 == 0;
        times[g] = 1.0 + floor(4.0 * uniform(&state));
        for (int p = 0; p < P; p++) {
            delta[rows * P + p] = (float)normal(&state);
            delta[(rows + tie) * P + p] = tie ? -delta[rows * P + p] : delta[rows * P + p];
        }
        for (int r = 0; r <= tie; r++)
            weight[rows + r] = times[g] * each * (tie ? 0.5 : 1.0);
        begin[g + 1] = rows += 1 + tie;
    }
    myr_features features = make(rows, P, delta);
    features.weight = (myr_array){weight, MYR_F64};
    features.games = GAMES;
    features.game_begin = begin;
    features.game_count = times;
    const myr_compute_options compute = on("cpu", 0);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate found[2][P];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.objective = "dpo";
    options.beta = beta;
    options.ridge = ridge;
    for (int k = 0; k < 2; k++) {
        options.errors = k ? "information" : NULL;
        REQUIRE_OK(context, myr_fit_linear(context, &features, &options, &compute, found[k], &report));
        cr_expect_str_eq(report.errors, k ? "information" : "sandwich");
    }
    double H[P * P] = {0}, J[P * P] = {0}, C[P * P];
    for (int g = 0; g < GAMES; g++) {
        double one[P] = {0}; /* of one game of the kind */
        for (uint64_t r = begin[g]; r < begin[g + 1]; r++) {
            double u = 0.0;
            for (int p = 0; p < P; p++)
                u += delta[r * P + p] * found[0][p].estimate;
            const double q = 1.0 / (1.0 + exp(beta * u));
            for (int p = 0; p < P; p++) {
                one[p] += weight[r] / times[g] * beta * q * delta[r * P + p];
                for (int s = 0; s < P; s++)
                    H[p * P + s] +=
                        weight[r] * beta * beta * q * (1.0 - q) * delta[r * P + p] * delta[r * P + s];
            }
        }
        for (int p = 0; p < P; p++)
            for (int s = 0; s < P; s++)
                J[p * P + s] += times[g] * one[p] * one[s];
    }
    for (int p = 0; p < P; p++)
        H[p * P + p] += ridge;
    invert(P, H, C);
    /* The matrix is that of where L-BFGS ended, 1e-4 standard errors from the maximum: a change of 1e-4
     * standard errors of the margins, 0.05 and less, times a third derivative over a second one, below 1. */
    for (int p = 0; p < P; p++) {
        double variance = 0.0;
        for (int i = 0; i < P; i++)
            for (int j = 0; j < P; j++)
                variance += C[p * P + i] * J[i * P + j] * C[j * P + p];
        cr_expect(fabs(found[0][p].standard_error / sqrt(variance) - 1.0) <= 1e-5, "seed %llu: %g, %g",
                  (unsigned long long)seed, found[0][p].standard_error, sqrt(variance));
        cr_expect(fabs(found[1][p].standard_error / sqrt(C[p * P + p]) - 1.0) <= 1e-5, "seed %llu: %g, %g",
                  (unsigned long long)seed, found[1][p].standard_error, sqrt(C[p * P + p]));
    }
    begin[7] = begin[8];
    cr_expect_eq(myr_fit_linear(context, &features, &options, &compute, found[0], &report),
                 MYR_INVALID_ARGUMENT);
    myr_context_destroy(context);
}

/* The gradient that is reported, far from the maximum: its largest component over the root of the diagonal of the
 * Hessian at 0, weights and ridge among it; by loops in long double. On the reference, in double: 40 terms a component
 * and 2,049 a margin, of which all roundings together are 1e-13 of their sizes; 1e-9 allows for a sum that cancels. */
Test(fit_linear, gradients_are_in_standard_errors_at_zero) {
    enum { P = MYR_FIT_LINEAR_NEWTON + 1, COUNT = 40 };
    const double beta = 0.3, ridge = 0.7;
    myr_context *context = new_context();
    const uint64_t seed = fresh_seed();
    uint64_t state = seed;
    static float delta[COUNT * P];
    static double weight[COUNT];
    static myr_estimate coefficients[P];
    for (int n = 0; n < COUNT * P; n++)
        delta[n] = (float)(normal(&state) * exp2((double)(n % P % 9) - 4.0));
    for (int c = 0; c < COUNT; c++)
        weight[c] = 0.25 * (double)(next_random(&state) % 40);
    myr_features features = make(COUNT, P, delta);
    features.weight = (myr_array){weight, MYR_F64};
    const myr_compute_options compute = on("reference", 0);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.objective = "dpo";
    options.beta = beta;
    options.ridge = ridge;
    options.max_iterations = 1;
    REQUIRE_OK(context, myr_fit_linear(context, &features, &options, &compute, coefficients, &report));
    cr_expect(!report.converged);
    static long double gradient[P], information[P];
    for (int c = 0; c < COUNT; c++) {
        const float *row = delta + (size_t)c * P;
        long double u = 0.0L;
        for (int p = 0; p < P; p++)
            u += (long double)row[p] * coefficients[p].estimate;
        for (int p = 0; p < P; p++) {
            gradient[p] -= weight[c] * beta * row[p] / (1.0L + expl(beta * u));
            information[p] += 0.25L * weight[c] * beta * beta * row[p] * row[p];
        }
    }
    long double largest = 0.0L;
    for (int p = 0; p < P; p++)
        largest = fmaxl(
            largest, fabsl(gradient[p] + ridge * coefficients[p].estimate) / sqrtl(information[p] + ridge));
    cr_expect(largest > 0.1L && fabsl(report.gradient / largest - 1.0L) <= 1e-9L,
              "seed %llu: %.17g, not %.17Lg", (unsigned long long)seed, report.gradient, largest);
    myr_context_destroy(context);
}

/* Beyond Newton's limit L-BFGS ends the fit, on losses that are floats. */
Test(fit_linear, many_features_converge_to_the_default_tolerance) {
    enum { P = MYR_FIT_LINEAR_NEWTON + 1, COUNT = 4200 };
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    float *delta = malloc(sizeof(float[COUNT][P]));
    myr_estimate *coefficients = malloc(P * sizeof *coefficients);
    double *gradient = calloc(2 * P, sizeof *gradient), *information = gradient + P;
    for (size_t n = 0; n < (size_t)COUNT * P; n++)
        delta[n] = (float)(next_random(&state) >> 40) * 0x1p-23f - 1.0f;
    const myr_features features = make(COUNT, P, delta);
    const myr_compute_options compute = on("cpu", 0);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.ridge = 1.0;
    REQUIRE_OK(context, myr_fit_linear(context, &features, &options, &compute, coefficients, &report));
    cr_expect(report.converged, "seed %llu: %g", (unsigned long long)seed, report.gradient);
    for (int c = 0; c < COUNT; c++) {
        const float *row = delta + (size_t)c * P;
        double margin = 0.0;
        for (int p = 0; p < P; p++)
            margin += row[p] * coefficients[p].estimate;
        const double lost = 1.0 / (1.0 + exp(margin));
        for (int p = 0; p < P; p++) {
            gradient[p] -= lost * row[p];
            information[p] += 0.25 * row[p] * row[p]; /* where theta is 0, as the fit's scale */
        }
    }
    /* the default tolerance; the scale, of floats, is right to 1e-6 */
    for (int p = 0; p < P; p++) {
        const double size = fabs(gradient[p] + coefficients[p].estimate) / sqrt(information[p] + 1.0);
        cr_expect(size <= 1e-6 * (1.0 + 1e-5), "seed %llu: feature %d: %g", (unsigned long long)seed, p,
                  size);
    }
    free(delta);
    free(coefficients);
    free(gradient);
    myr_context_destroy(context);
}

Test(fit_linear, the_same_bits_on_any_number_of_threads) {
    enum { P = 70, COUNT = 5000 };
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    static float delta[COUNT * P];
    static double theta[P];
    draw_features(&state, COUNT, P, theta, 1.0, NULL, delta);
    const myr_features features = make(COUNT, P, delta);
    static myr_estimate one[P], many[P];
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.bootstrap = 8;
    myr_compute_options compute = on("cpu", 1);
    REQUIRE_OK(context, myr_fit_linear(context, &features, &options, &compute, one, &report));
    compute.threads = 5;
    REQUIRE_OK(context, myr_fit_linear(context, &features, &options, &compute, many, &report));
    for (int p = 0; p < P; p++) {
        cr_assert_eq(one[p].estimate, many[p].estimate, "seed %llu", (unsigned long long)seed);
        cr_assert_eq(one[p].standard_error, many[p].standard_error);
        cr_assert_eq(one[p].ci_low, many[p].ci_low);
        cr_assert_eq(one[p].ci_high, many[p].ci_high);
    }
    myr_context_destroy(context);
}

Test(fit_linear, bootstrap_agrees_with_standard_errors) {
    enum { P = 5, COUNT = 3000, B = 1000 };
    myr_context *context = new_context();
    uint64_t seed = fresh_seed(), state = seed;
    static float delta[COUNT * P];
    static const double theta[P] = {4.0, -2.0, 1.0, 0.5, -0.25};
    draw_features(&state, COUNT, P, theta, 1.0, NULL, delta);
    const myr_features features = make(COUNT, P, delta);
    const myr_compute_options compute = on("cpu", 0);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate coefficients[P];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    options.bootstrap = B;
    options.seed = seed;
    options.level = 0.68;
    REQUIRE_OK(context, myr_fit_linear(context, &features, &options, &compute, coefficients, &report));
    cr_expect_eq(report.unbounded, 0, "%u", report.unbounded);
    /* As for abilities, but of 1,000 replicates: 0.068 of 1.99, six of them 20 %; 5 % for the bootstrap's
     * own error. */
    for (int p = 0; p < P; p++) {
        const double width = (coefficients[p].ci_high - coefficients[p].ci_low) /
                             (2.0 * 0.99446 * coefficients[p].standard_error);
        cr_expect(fabs(width - 1.0) <= 0.25, "seed %llu, %d: %g", (unsigned long long)seed, p, width);
    }
    myr_context_destroy(context);
}

/* ---- games, and replicates without an end ------------------------------------------------------------- */

/* One feature of 1: rows of `first` wins, then losses, each with a weight; ties are two rows. */
static myr_estimate fit_one(myr_context *context, const myr_features *features, uint32_t replicates,
                            uint64_t seed, myr_fit_report *report) {
    const myr_compute_options compute = on("cpu", 0);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate found = {NAN, NAN, NAN, NAN, NAN};
    options.bootstrap = replicates;
    options.seed = seed;
    REQUIRE_OK(context, myr_fit_linear(context, features, &options, &compute, &found, report));
    cr_expect(report->converged);
    return found;
}

/* Replicates of even games are even. */
Test(fit_linear, ties_are_drawn_whole) {
    enum { TIES = 50 };
    myr_context *context = new_context();
    static float delta[2 * TIES];
    static double half[2 * TIES];
    static uint64_t begin[TIES + 1];
    for (int r = 0; r < 2 * TIES; r++) {
        delta[r] = r % 2 ? -1.0f : 1.0f;
        half[r] = 0.5;
    }
    for (int g = 0; g <= TIES; g++)
        begin[g] = 2 * (uint64_t)g;
    myr_features features = make(2 * TIES, 1, delta);
    features.weight = (myr_array){half, MYR_F64};
    features.games = TIES;
    features.game_begin = begin;
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    const myr_estimate found = fit_one(context, &features, 200, fresh_seed(), &report);
    cr_expect(found.estimate == 0.0 && found.ci_low == 0.0 && found.ci_high == 0.0);
    cr_expect(found.standard_error == 0.0 && report.unbounded == 0);
    myr_context_destroy(context);
}

/* Rows of 12 and of 8 games are 72 and 32 draws; the same as rows of one game each is another draw of the
 * same: log(n/m), n and m Poisson. A percentile is between the quantiles 5 standard errors of its share away. */
static void expect_ratio(double end, double share, double n, double m, uint32_t replicates) {
    const double spread = 5.0 * sqrt(share * (1.0 - share) / replicates);
    double below = 0.0, at_most = 0.0;
    for (int i = 0; i < 200; i++)
        for (int j = 0; j < 200; j++) {
            const double p = exp(i * log(n) - n - lgamma(i + 1.0) + j * log(m) - m - lgamma(j + 1.0));
            const double x = i == 0 && j == 0 ? 0.0
                             : i == 0         ? -INFINITY
                             : j == 0         ? INFINITY
                                              : log((double)i / j);
            below += x < end - 2e-3
                         ? p
                         : 0.0; /* replicates to 1e-3 standard errors, and percentiles between two */
            at_most += x <= end + 2e-3 ? p : 0.0;
        }
    cr_expect(below <= share + spread && at_most >= share - spread, "%g: %g, %g of %g", end, below, at_most,
              share);
}

Test(fit_linear, a_weight_of_n_is_n_draws) {
    enum { B = 4000 };
    myr_context *context = new_context();
    const uint64_t seed = fresh_seed();
    float delta[104];
    double weight[10], times[10];
    uint64_t begin[11] = {0};
    myr_features features = make(10, 1, delta);
    for (int r = 0; r < 10; r++) {
        delta[r] = r < 6 ? 1.0f : -1.0f;
        weight[r] = times[r] = r < 6 ? 12.0 : 8.0;
        begin[r + 1] = (uint64_t)r + 1;
    }
    features.weight = (myr_array){weight, MYR_F64};
    features.games = 10;
    features.game_begin = begin;
    features.game_count = times;
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    const myr_estimate many = fit_one(context, &features, B, seed, &report);
    for (int r = 0; r < 104; r++)
        delta[r] = r < 72 ? 1.0f : -1.0f;
    features = make(104, 1, delta);
    const myr_estimate single = fit_one(context, &features, B, seed, &report);
    cr_expect(fabs(many.standard_error / single.standard_error - 1.0) <= 1e-6);
    for (int k = 0; k < 2; k++) {
        const myr_estimate *e = k ? &single : &many;
        expect_ratio(e->ci_low, 0.025, 72.0, 32.0, B);
        expect_ratio(e->ci_high, 0.975, 72.0, 32.0, B);
    }
    myr_context_destroy(context);
}

/* 30 to 1: a share of 1/e of the replicates has no end, by many at once, and where weights take them one by
 * one. */
Test(fit_linear, replicates_without_an_end_count) {
    enum { B = 2000 };
    myr_context *context = new_context();
    const uint64_t seed = fresh_seed();
    float delta[31];
    double weight[31];
    for (int r = 0; r < 31; r++) {
        delta[r] = r < 30 ? 1.0f : -1.0f;
        weight[r] = 0.75;
    }
    myr_features features = make(31, 1, delta);
    for (int k = 0; k < 2; k++) {
        myr_fit_report report = MYR_FIT_REPORT_INIT;
        if (k)
            features.weight = (myr_array){weight, MYR_F64};
        const myr_estimate found = fit_one(context, &features, B, seed, &report);
        cr_expect_eq(found.ci_high, INFINITY);
        expect_ratio(found.ci_low, 0.025, 30.0, 1.0, B);
        cr_expect(fabs((double)report.unbounded / B - exp(-1.0)) <= 5.0 * sqrt(0.24 / B), "%u",
                  report.unbounded);
    }
    myr_context_destroy(context);
}

static void expect_fates(const char *what, int count, const double *given, double first, double second) {
    double rows[16], fate[2] = {1.0, 1.0};
    memcpy(rows, given, 2 * (size_t)count * sizeof *rows);
    cr_assert(myr_cone_fates(rows, (uint64_t)count, 2, fate));
    cr_expect(isnan(first) ? isnan(fate[0]) : fate[0] == first, "%s: %g", what, fate[0]);
    cr_expect(isnan(second) ? isnan(fate[1]) : fate[1] == second, "%s: %g", what, fate[1]);
}

Test(fit_linear, coefficients_go_where_the_cone_goes) {
    const double up = INFINITY, down = -INFINITY, any = NAN;
    expect_fates("a tie, and one that wins", 3, (double[]){1, 0, -1, 0, 0, 1}, 0, up);
    expect_fates("both win", 2, (double[]){1, 0, 0, 1}, up, up);
    expect_fates("a sum", 1, (double[]){1, 1}, any, any);
    expect_fates("between", 2, (double[]){-1, 1, -1, -1}, down, any);
    expect_fates("all sides", 4, (double[]){1, 0, -1, 0, 0, 1, 0, -1}, 0, 0);
    expect_fates("three sides", 3, (double[]){1, 0, 0, 1, -1, -1}, 0, 0);
    expect_fates("a column of zeros", 1, (double[]){3, 0}, up, any);
    expect_fates("scales", 3, (double[]){1e-6, 0, -2e-6, 0, 1e-6, 1e6}, 0, up);
    /* And at random: in the plane the cone of directions is that of its edges, each at a right angle to a
     * row; of one row, a half plane, besides the row itself. */
    uint64_t seed = fresh_seed(), state = seed;
    for (int trial = 0; trial < 500; trial++) {
        const int count = 1 + (int)(next_random(&state) % 6);
        double rows[12], kept[12], fate[2], low[2] = {0.0, 0.0}, high[2] = {0.0, 0.0};
        for (int n = 0; n < 2 * count; n++)
            kept[n] = rows[n] = normal(&state);
        cr_assert(myr_cone_fates(rows, (uint64_t)count, 2, fate));
        for (int edge = 0; edge < 3 * count; edge++) {
            const double *row = kept + 2 * (edge / 3), turn = edge % 3 == 0 ? 1.0 : -1.0;
            const double v[2] = {edge % 3 == 2 ? row[0] : -turn * row[1],
                                 edge % 3 == 2 ? row[1] : turn * row[0]};
            bool good = true;
            for (int r = 0; r < count; r++)
                good = good && kept[2 * r] * v[0] + kept[2 * r + 1] * v[1] >= -1e-12;
            for (int p = 0; good && p < 2; p++) {
                low[p] = fmin(low[p], v[p]);
                high[p] = fmax(high[p], v[p]);
            }
        }
        for (int p = 0; p < 2; p++) {
            const double expected = low[p] < 0.0 ? high[p] > 0.0 ? any : down : high[p] > 0.0 ? up : 0.0;
            cr_expect(isnan(expected) ? isnan(fate[p]) : fate[p] == expected, "seed %llu, trial %d: %g, %g",
                      (unsigned long long)seed, trial, fate[p], expected);
        }
    }
}

Test(fit_linear, refuses_what_has_no_single_maximum) {
    enum { P = 3, COUNT = 200 };
    myr_context *context = new_context();
    uint64_t state = fresh_seed();
    static float delta[COUNT * P];
    static const double theta[P] = {1.0, -1.0, 1.0};
    const myr_compute_options compute = on("cpu", 0);
    myr_fit_options options = MYR_FIT_OPTIONS_INIT;
    myr_estimate coefficients[P];
    myr_fit_report report = MYR_FIT_REPORT_INIT;
    const myr_features features = make(COUNT, P, delta);
#define REFUSE(text)                                                                                \
    do {                                                                                            \
        options.ridge = 0.0;                                                                        \
        cr_expect_eq(myr_fit_linear(context, &features, &options, &compute, coefficients, &report), \
                     MYR_INVALID_DATA);                                                             \
        cr_expect(strstr(myr_context_error(context), text), "%s", myr_context_error(context));      \
        options.ridge = 0.1;                                                                        \
        REQUIRE_OK(context,                                                                         \
                   myr_fit_linear(context, &features, &options, &compute, coefficients, &report));  \
        cr_expect(report.converged);                                                                \
    } while (0)
    draw_features(&state, COUNT, P, theta, 1.0, NULL, delta);
    for (int c = 0; c < COUNT; c++)
        delta[c * P + 2] = delta[c * P] - delta[c * P + 1];
    REFUSE("no single maximum: ");
    draw_features(&state, COUNT, P, theta, 1.0, NULL, delta);
    for (int c = 0; c < COUNT; c++)
        delta[c * P + 1] = 0.0f;
    REFUSE("feature 1 is 0 in every pair");
    draw_features(&state, COUNT, P, theta, 1.0, NULL, delta);
    for (int c = 0; c < COUNT; c++)
        delta[c * P + 1] = fabsf(delta[c * P + 1]) + 0.1f;
    REFUSE("separate");
    /* Only some pairs are separated: the others are even in feature 1. One against them, and there is a maximum. */
    static const int separated[] = {2, 5, 20, 50, 100};
    for (int n = 0; n < 20 * 5; n++) {
        draw_features(&state, COUNT, P, theta, 1.0, NULL, delta);
        for (int c = 0; c < COUNT; c++)
            delta[c * P + 1] = c < separated[n % 5] ? 1.0f : 0.0f;
        REFUSE("separate the winners of some pairs");
        delta[(COUNT - 1) * P + 1] = -1.0f;
        options.ridge = 0.0;
        REQUIRE_OK(context, myr_fit_linear(context, &features, &options, &compute, coefficients, &report));
        cr_expect(report.converged);
    }
    delta[17] = NAN;
    options.ridge = 0.0;
    cr_expect_eq(myr_fit_linear(context, &features, &options, &compute, coefficients, &report),
                 MYR_INVALID_DATA);
    options.home = true;
    cr_expect_eq(myr_fit_linear(context, &features, &options, &compute, coefficients, &report),
                 MYR_UNSUPPORTED);
    options.home = false;
    options.objective = "pl";
    cr_expect_eq(myr_fit_linear(context, &features, &options, &compute, coefficients, &report),
                 MYR_UNSUPPORTED);
    myr_context_destroy(context);
}
