/* Sets of statistics: covariance, histogram and occupancy against plain computations; the same bits however
 * samples are cut; refusals. */
#include "reference/reference_random.h"
#include "statistics_samples.h"

/* ---- covariance, histogram, occupancy -------------------------------------------------------------- */

Test(statistics_of, covariance_is_that_of_two_passes) {
    enum { n = 10000 };
    static const char *const kinds[] = {"gaussian", "mixture", "data"};
    myr_context *context = new_context();
    for (int kind = 0; kind < 3; kind++) {
        myr_target *target = make_target(context, kinds[kind]);
        double *x = draw_many(target, 1.0, fresh_seed(), n);
        myr_statistics *set = make_set(context, target, "covariance", 1);
        REQUIRE_OK(context, myr_statistics_add(context, set, 0, n, x));
        const myr_statistic_row *rows;
        cr_assert_eq(rows_of(context, set, &rows), 3);
        long double mean[2] = {0.0L, 0.0L};
        for (int i = 0; i < n; i++)
            for (int c = 0; c < 2; c++)
                mean[c] += x[2 * i + c] / (long double)n;
        for (int r = 0; r < 3; r++) {
            long double sum = 0.0L, fourth = 0.0L;
            for (int i = 0; i < n; i++) {
                const long double product = (x[2 * i + rows[r].first] - mean[rows[r].first]) *
                                            (x[2 * i + rows[r].second] - mean[rows[r].second]);
                sum += product;
                fourth += product * product;
            }
            const double wanted = (double)(sum / (n - 1));
            const double error = sqrt((double)(fourth / n - (sum / n) * (sum / n)) / n);
            cr_assert(fabs(rows[r].value - wanted) <= 1e-12, "%s", kinds[kind]);
            /* From 39 blocks: within a factor of 2 but for chi^2 with 38 degrees of freedom above 152 or
             * below 9.5, 1e-14 and 1e-7. */
            cr_assert(rows[r].standard_error < 2.0 * error && rows[r].standard_error > error / 2.0,
                      "%s: %g, not %g", kinds[kind], rows[r].standard_error, error);
            cr_assert(fabs(rows[r].value - rows[r].expected) <= 6.0 * error, "%s: %g, target %g",
                      kinds[kind], rows[r].value, rows[r].expected);
        }
        free(x);
        myr_statistics_destroy(set);
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

/* Sum over a block of n of (p - mean p)^2, p the products of the coordinates first and second about the block's
 * means. */
static long double within(const double *x, int n, int first, int second) {
    long double mean[2] = {0.0L, 0.0L}, product = 0.0L, sum = 0.0L;
    for (int t = 0; t < 2 * n; t++)
        mean[t % 2] += x[t] / (long double)n;
    for (int pass = 0; pass < 2; pass++)
        for (int t = 0; t < n; t++) {
            const long double p = (x[2 * t + first] - mean[first]) * (x[2 * t + second] - mean[second]);
            if (pass == 0)
                product += p / n;
            else
                sum += (p - product) * (p - product);
        }
    return sum;
}

/* With few blocks, whole or not, the standard error is that of the products' mean, from their variance within
 * blocks of 256: the same sum in long double; 1e-9 is far above the roundings of 8,000 terms. At 8,000 it is
 * that of the law too, sqrt((S_ii S_jj + S_ij^2)/n): of a square of a normal number the variance's estimate
 * has a relative standard deviation of sqrt(56)/2/sqrt(n), its root half of that, 2.1 %, and a product less;
 * twelve of those are 25 %. */
Test(statistics_of, covariance_of_few_samples_has_its_standard_error) {
    static const int counts[] = {3, 200, 300, 600, 1000, 8000};
    static const double S[3] = {1.0, 0.6, 2.0};
    myr_context *context = new_context();
    myr_target *target = make_target(context, "gaussian");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const int n = counts[i];
        double *x = draw_many(target, 1.0, fresh_seed(), n);
        myr_statistics *set = make_set(context, target, "covariance", 1);
        REQUIRE_OK(context, myr_statistics_add(context, set, 0, (uint64_t)n, x));
        const myr_statistic_row *rows;
        cr_assert_eq(rows_of(context, set, &rows), 3);
        for (int r = 0; r < 3; r++) {
            const int first = rows[r].first, second = rows[r].second;
            const double got = rows[r].standard_error;
            long double sum = 0.0L;
            int freedom = 0;
            for (int t = 0; t < n; t += 256) {
                const int block = n - t < 256 ? n - t : 256;
                sum += within(x + 2 * t, block, first, second);
                freedom += block - 1;
            }
            const double wanted = sqrt((double)(sum / freedom / n));
            cr_assert(fabs(got / wanted - 1.0) <= 1e-9, "%d: %.17g, not %.17g", n, got, wanted);
            const double law =
                sqrt((S[2 * first] * S[2 * second] + S[first + second] * S[first + second]) / n);
            cr_assert(n < 8000 || fabs(got / law - 1.0) <= 0.25, "%g, by the law %g", got, law);
        }
        free(x);
        myr_statistics_destroy(set);
    }
    for (int n = 1; n <= 2; n++) { /* two products about their mean do not differ: no error is known */
        const double x[4] = {0.1, 0.2, -0.3, 0.5};
        myr_statistics *set = make_set(context, target, "covariance", 1);
        REQUIRE_OK(context, myr_statistics_add(context, set, 0, (uint64_t)n, x));
        const myr_statistic_row *rows;
        cr_assert_eq(rows_of(context, set, &rows), 3);
        for (int r = 0; r < 3; r++)
            cr_assert(isnan(rows[r].standard_error));
        myr_statistics_destroy(set);
    }
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(statistics_of, histogram_counts_every_sample) {
    enum { n = 30000 };
    myr_context *context = new_context();
    myr_target *target = make_target(context, "mixture");
    double *x = draw_many(target, 1.5, fresh_seed(), n);
    myr_statistics *set = make_set(context, target, "histogram", 1);
    REQUIRE_OK(context, myr_statistics_add(context, set, 0, n, x));
    const myr_statistic_row *rows;
    cr_assert_eq(rows_of(context, set, &rows), 204);
    double share = 0.0, expected = 0.0;
    for (int r = 0; r < 204; r++) {
        int found = 0;
        for (int i = 0; i < n; i++)
            found += x[2 * i + rows[r].first] >= rows[r].low && x[2 * i + rows[r].first] < rows[r].high;
        cr_assert(fabs(rows[r].value * n - found) <= 1.5, "bin %d: %g, not %d", r, rows[r].value * n,
                  found);
        const double p = (isinf(rows[r].high) ? 1.0 : cdf(target, rows[r].first, rows[r].high)) -
                         (isinf(rows[r].low) ? 0.0 : cdf(target, rows[r].first, rows[r].low));
        cr_assert(fabs(rows[r].expected - p) <= 1e-12);
        share += rows[r].value;
        expected += rows[r].expected;
    }
    cr_assert(fabs(share - 2.0) <= 1e-12 && fabs(expected - 2.0) <= 1e-12);
    free(x);
    myr_statistics_destroy(set);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* States far apart are counted as they are; of a mixture whose components hardly overlap, the nearest. */
Test(statistics_of, occupancy_counts_and_chi_square_are_plain) {
    enum { n = 4000 };
    static const double far_means[] = {-10.0, 0.0, 10.0, 0.0}, far_variances[] = {1.0, 1.0, 1.0, 1.0};
    myr_context *context = new_context();
    myr_target *target = NULL;
    REQUIRE_OK(context,
               myr_target_create_mixture(context, 2, 2, weights, far_means, far_variances, &target));
    uint64_t random = fresh_seed();
    double *x = malloc(2 * n * sizeof *x), right = 0.0;
    for (int i = 0; i < n; i++) {
        const bool is_right = uniform(&random) < 0.28;
        right += is_right;
        x[2 * i] = (is_right ? 10.0 : -10.0) + normal(&random);
        x[2 * i + 1] = normal(&random);
    }
    myr_statistics *set = make_set(context, target, "occupancy", 1);
    REQUIRE_OK(context, myr_statistics_add(context, set, 0, n, x));
    cr_assert_eq(find_row(context, set, "occupancy", 1).value, right / n);
    const myr_statistic_row chi = find_row(context, set, "occupancy", -1);
    const double off = right - 0.3 * n, wanted = off * off / (0.3 * n) + off * off / (0.7 * n);
    cr_assert(fabs(chi.value - wanted) <= 1e-9 && chi.second == 1);
    cr_assert(fabs(chi.p - erfc(sqrt(wanted / 2.0))) <= 1e-12);
    x[0] = NAN;
    REQUIRE_OK(context, myr_statistics_add(context, set, n, 1, x));
    cr_assert_eq(find_row(context, set, "occupancy", -1).p, 0.0,
                 "a sample that is nowhere is not passed over");
    free(x);
    myr_statistics_destroy(set);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* Of two components that are one, a sample belongs to either by chance alone: by word 0 of block 0 of stream 6
 * of its index, (w + 1/2)/2^32 against the first one's weight. */
Test(statistics_of, occupancy_draws_labels_from_a_stream_of_their_own) {
    enum { n = 1000, first = 77, seed = 12 };
    static const double same_means[] = {0.5, 0.5}, same_variances[] = {2.0, 2.0};
    myr_context *context = new_context();
    myr_target *target = NULL;
    REQUIRE_OK(context,
               myr_target_create_mixture(context, 1, 2, weights, same_means, same_variances, &target));
    uint64_t random = fresh_seed();
    double x[n];
    int second = 0;
    for (int i = 0; i < n; i++) {
        uint32_t words[4];
        myr_reference_words(seed, first + (uint64_t)i, 6, 0, words);
        x[i] = 0.5 + sqrt(2.0) * normal(&random);
        /* The two scores are equal but for the weights: no rounding moves a word of 2^-32 across 0.7. */
        second += ((double)words[0] + 0.5) * 0x1p-32 >= 0.7;
    }
    myr_statistics *set = make_set(context, target, "occupancy", seed);
    REQUIRE_OK(context, myr_statistics_add(context, set, first, n, x));
    cr_expect_eq(find_row(context, set, "occupancy", 1).value, (double)second / n);
    myr_statistics_destroy(set);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* Samples that are the target itself lie at no distance: no drawn path is nearer. */
Test(statistics_of, w1_of_the_target_itself_is_0_and_its_p_1) {
    static const double states[] = {0.5, 0.25, 0.25},
                        matrix[] = {0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1, 0.8};
    const double x[] = {3, 1, 1, 2};
    myr_context *context = new_context();
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_discrete(context, 3, states, 1, matrix, NULL, &target));
    myr_statistics *set = make_set(context, target, "w1", 1);
    REQUIRE_OK(context, myr_statistics_add(context, set, 0, 4, x));
    const myr_statistic_row row = find_row(context, set, "w1", 0);
    cr_expect(row.value == 0.0 && row.p == 1.0, "%g, p %.17g", row.value, row.p);
    myr_statistics_destroy(set);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* ---- the same bits --------------------------------------------------------------------------------- */

static void expect_same_rows(myr_context *context, myr_statistics *a, myr_statistics *b) {
    const myr_statistic_row *left, *right;
    const size_t n = rows_of(context, a, &left);
    cr_assert_eq(rows_of(context, b, &right), n);
    for (size_t r = 0; r < n; r++) {
        cr_assert_str_eq(left[r].statistic, right[r].statistic);
        cr_assert(memcmp(&left[r].low, &right[r].low, 7 * sizeof(double)) == 0, "%s %d %d: %.17g and %.17g",
                  left[r].statistic, left[r].first, left[r].second, left[r].value, right[r].value);
    }
}

Test(same_bits, however_the_samples_are_cut_and_on_any_number_of_threads) {
    static const char *const kinds[] = {"normal", "gaussian", "mixture", "data", "discrete"};
    enum { count = 40001 };
    myr_context *context = new_context();
    for (int kind = 0; kind < 5; kind++) {
        myr_target *target = make_target(context, kinds[kind]);
        const uint64_t seed = fresh_seed();
        uint64_t random = seed;
        double *x = draw_many(target, 1.0, seed, count);
        myr_statistics_options options = MYR_STATISTICS_OPTIONS_INIT;
        myr_statistics *sets[3];
        for (int n = 0; n < 3; n++) {
            options.threads = n == 0 ? 1 : n == 1 ? 2 : 5;
            REQUIRE_OK(context, myr_statistics_create(context, target, &options, &sets[n]));
            for (uint64_t at = 0; at < count;) {
                uint64_t piece = n == 0 ? count : 1 + next_random(&random) % 9000;
                piece = piece < count - at ? piece : count - at;
                REQUIRE_OK(context, myr_statistics_add(context, sets[n], 7 + at, piece,
                                                       x + at * (uint64_t)target->dimension));
                at += piece;
                const myr_statistic_row *rows;
                rows_of(context, sets[n], &rows); /* looking changes nothing */
            }
        }
        expect_same_rows(context, sets[0], sets[1]);
        expect_same_rows(context, sets[0], sets[2]);
        for (int n = 0; n < 3; n++)
            myr_statistics_destroy(sets[n]);
        free(x);
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

/* All backends; and what a run finds is what its samples give. */
TEST_ON_BACKENDS(same_bits, from_a_run_and_from_its_samples) {
    enum { count = 9000 };
    myr_context *context = new_context();
    need_backend(context, backend);
    myr_target *target = make_target(context, "mixture");
    myr_plan *plan = new_plan(context, "ddim", 10, "exact", target);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = backend;
    options.count = count;
    options.first = 123;
    double *x = malloc(2 * count * sizeof *x);
    REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, x, NULL));
    myr_statistics *a = make_set(context, target, "all", 1), *b = make_set(context, target, "all", 1);
    REQUIRE_OK(context, myr_statistics_add(context, a, 123, count, x));
    REQUIRE_OK(context, myr_run_statistics(context, plan, target, &options, b, NULL));
    expect_same_rows(context, a, b);
    free(x);
    myr_statistics_destroy(a);
    myr_statistics_destroy(b);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* ---- refusals -------------------------------------------------------------------------------------- */

Test(statistics_refusals, say_what_is_wrong) {
    myr_context *context = new_context();
    myr_target *normal_target = make_target(context, "normal"),
               *discrete = make_target(context, "discrete");
    myr_statistics_options options = MYR_STATISTICS_OPTIONS_INIT;
    myr_statistics *set = NULL;
    options.names = "ks,nonsense";
    cr_assert_eq(myr_statistics_create(context, normal_target, &options, &set), MYR_INVALID_ARGUMENT);
    cr_assert(strstr(myr_context_error(context), "'nonsense'"));
    options.names = "";
    cr_assert_eq(myr_statistics_create(context, normal_target, &options, &set), MYR_INVALID_ARGUMENT);
    options.names = "occupancy";
    cr_assert_eq(myr_statistics_create(context, normal_target, &options, &set), MYR_UNSUPPORTED);
    options.names = "sw2";
    cr_assert_eq(myr_statistics_create(context, discrete, &options, &set), MYR_UNSUPPORTED);
    cr_assert(!myr_statistic_supports_target("sw2", discrete) &&
              !myr_statistic_supports_target("x", discrete));
    options.names = "all";
    options.bins = 0;
    cr_assert_eq(myr_statistics_create(context, normal_target, &options, &set), MYR_INVALID_ARGUMENT);
    options.bins = 10;
    options.threads = -1;
    cr_assert_eq(myr_statistics_create(context, normal_target, &options, &set), MYR_INVALID_ARGUMENT);
    cr_assert_null(set);
    const double x[2] = {0.0, 1.0};
    set = make_set(context, normal_target, "all", 1);
    const myr_statistic_row *rows;
    size_t count = 1;
    REQUIRE_OK(context, myr_statistics_rows(context, set, &rows, &count));
    cr_assert_eq(count, 0, "nothing is known of no samples");
    REQUIRE_OK(context, myr_statistics_add(context, set, 5, 2, x));
    cr_assert_eq(myr_statistics_add(context, set, 5, 2, x), MYR_INVALID_ARGUMENT, "7 is next");
    cr_assert_eq(myr_statistics_add(context, set, 7, 2, NULL), MYR_INVALID_ARGUMENT);
    rows_of(context, set, &rows); /* two samples are few, but no fault */
    myr_statistics_destroy(set);
    myr_statistics_destroy(NULL);
    myr_target_destroy(normal_target);
    myr_target_destroy(discrete);
    myr_context_destroy(context);
}
