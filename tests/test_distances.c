/* Statistics beyond moments: against plain computations from sorted samples; the law of their p over 200
 * seeds of exact draws; wrong samples found; the same bits however they are cut.
 *
 * Samples come from a generator of another kind (splitmix64, Marsaglia's polar normals). */
#include "support.h"

#include <float.h>
#include <inttypes.h>

#include "statistics/null_laws.h"
#include "statistics/target_draw.h"

static double uniform(uint64_t *random) {
    return ((double)(next_random(random) >> 12) + 0.5) * 0x1p-52;
}

static double normal(uint64_t *random) {
    for (;;) {
        const double a = 2.0 * uniform(random) - 1.0, b = 2.0 * uniform(random) - 1.0, s = a * a + b * b;
        if (s < 1.0 && s > 0.0)
            return a * sqrt(-2.0 * log(s) / s);
    }
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double phi(double z) {
    return exp(-0.5 * z * z) / sqrt(2.0 * acos(-1.0));
}

/* ---- targets --------------------------------------------------------------------------------------- */

/* Two components that overlap, and two coordinates that differ. */
static const double weights[] = {0.7, 0.3}, means[] = {-1.0, 0.5, 0.8, -0.2},
                    variances[] = {0.6, 0.2, 0.3, 0.9};
enum { points = 500 };

static myr_target *make_target(myr_context *context, const char *kind) {
    static const double covariance[] = {1.0, 0.6, 0.6, 2.0},
                        matrix[9] = {0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1, 0.8};
    static const double states[] = {0.5, 0.2, 0.3};
    myr_target *target = NULL;
    if (strcmp(kind, "normal") == 0) {
        const double m = 0.5, v = 4.0;
        REQUIRE_OK(context, myr_target_create_gaussian(context, 1, &m, &v, &target));
    } else if (strcmp(kind, "gaussian") == 0) {
        REQUIRE_OK(context, myr_target_create_gaussian_full(context, 2, means, covariance, &target));
    } else if (strcmp(kind, "mixture") == 0) {
        REQUIRE_OK(context, myr_target_create_mixture(context, 2, 2, weights, means, variances, &target));
    } else if (strcmp(kind, "discrete") == 0) {
        REQUIRE_OK(context, myr_target_create_discrete(context, 3, states, 1, matrix, NULL, &target));
    } else {
        float data[2 * points];
        uint64_t random = 99;
        for (int i = 0; i < 2 * points; i++)
            data[i] = (float)(normal(&random) * (i % 2 == 0 ? 1.0 : 3.0));
        REQUIRE_OK(context, myr_target_create_empirical(context, points, 2, data, &target));
    }
    return target;
}

/* One exact draw; scale 1. Other scales stretch it about the target's mean. */
static void draw(const myr_target *target, double scale, uint64_t *random, double *x) {
    const int d = target->dimension;
    if (target->kind == MYR_TARGET_GAUSSIAN) {
        const double z[2] = {normal(random), normal(random)};
        if (d == 1) {
            x[0] = 0.5 + 2.0 * z[0];
        } else { /* Cholesky's factor of {1, 0.6; 0.6, 2} */
            x[0] = means[0] + z[0];
            x[1] = means[1] + 0.6 * z[0] + sqrt(1.64) * z[1];
        }
    } else if (target->kind == MYR_TARGET_MIXTURE) {
        const int k = uniform(random) < 0.7 ? 0 : 1;
        for (int c = 0; c < 2; c++)
            x[c] = means[2 * k + c] + sqrt(variances[2 * k + c]) * normal(random);
    } else if (target->kind == MYR_TARGET_EMPIRICAL) {
        const int i = (int)(uniform(random) * points);
        for (int c = 0; c < 2; c++)
            x[c] = (double)target->empirical.points[2 * i + c];
    } else {
        const double u = uniform(random);
        x[0] = u < 0.5 ? 1.0 : u < 0.7 ? 2.0 : 3.0;
    }
    for (int c = 0; c < d; c++)
        x[c] = target->mean[c] + scale * (x[c] - target->mean[c]);
}

static double *draw_many(const myr_target *target, double scale, uint64_t seed, size_t count) {
    double *x = malloc(count * (size_t)target->dimension * sizeof *x);
    uint64_t random = seed;
    for (size_t i = 0; i < count; i++)
        draw(target, scale, &random, x + i * (size_t)target->dimension);
    return x;
}

/* ---- sets ------------------------------------------------------------------------------------------ */

static myr_statistics *make_set(myr_context *context, const myr_target *target, const char *names,
                                uint64_t seed) {
    myr_statistics_options options = MYR_STATISTICS_OPTIONS_INIT;
    myr_statistics *set = NULL;
    options.names = names;
    options.seed = seed;
    options.threads = 1; /* Criterion runs the tests side by side */
    REQUIRE_OK(context, myr_statistics_create(context, target, &options, &set));
    return set;
}

static size_t rows_of(myr_context *context, myr_statistics *set, const myr_statistic_row **rows) {
    size_t count = 0;
    REQUIRE_OK(context, myr_statistics_rows(context, set, rows, &count));
    cr_assert(count > 0);
    return count;
}

/* The row of a statistic and coordinate (or what first is). */
static myr_statistic_row find_row(myr_context *context, myr_statistics *set, const char *name, int first) {
    const myr_statistic_row *rows;
    const size_t count = rows_of(context, set, &rows);
    for (size_t n = 0; n < count; n++)
        if (strcmp(rows[n].statistic, name) == 0 && rows[n].first == first)
            return rows[n];
    cr_assert(false, "no row %s %d", name, first);
    return rows[0];
}

/* ---- against sorted samples ------------------------------------------------------------------------ */

/* The target's distribution function, and its integral from -infinity, written out. */
static double cdf(const myr_target *target, int c, double x) {
    if (target->kind == MYR_TARGET_GAUSSIAN)
        return 0.5 * erfc(-(x - target->mean[c]) / sqrt(2.0 * target->variance[c]));
    double sum = 0.0;
    for (int k = 0; k < 2; k++)
        sum += weights[k] * 0.5 * erfc(-(x - means[2 * k + c]) / sqrt(2.0 * variances[2 * k + c]));
    return sum;
}

static double cdf_integral_of(double mean, double deviation, double x) {
    const double z = (x - mean) / deviation;
    return deviation * (z * 0.5 * erfc(-z / sqrt(2.0)) + phi(z));
}

static double cdf_integral(const myr_target *target, int c, double x) {
    if (target->kind == MYR_TARGET_GAUSSIAN)
        return cdf_integral_of(target->mean[c], sqrt(target->variance[c]), x);
    double sum = 0.0;
    for (int k = 0; k < 2; k++)
        sum += weights[k] * cdf_integral_of(means[2 * k + c], sqrt(variances[2 * k + c]), x);
    return sum;
}

/* The integral of |level - F| over a … b: where F crosses the level, by halves, it is split. */
static double area_between(const myr_target *target, int c, double level, double a, double b) {
    double low = a, high = b;
    for (int step = 0; step < 100 && low < high; step++) {
        const double middle = 0.5 * (low + high);
        if (cdf(target, c, middle) < level)
            low = middle;
        else
            high = middle;
    }
    const double at = low, left = cdf_integral(target, c, at) - cdf_integral(target, c, a),
                 right = cdf_integral(target, c, b) - cdf_integral(target, c, at);
    return level * (at - a) - left + right - level * (b - at);
}

typedef struct plain {
    double ks, w1;
    double *sorted;
} plain;

static plain compute_plainly(const myr_target *target, int c, const double *samples, size_t n) {
    plain p = {0.0, 0.0, malloc(n * sizeof(double))};
    double *x = p.sorted;
    for (size_t i = 0; i < n; i++)
        x[i] = samples[i * (size_t)target->dimension + (size_t)c];
    qsort(x, n, sizeof *x, compare_doubles);
    for (size_t i = 0; i < n; i++) {
        const double f = cdf(target, c, x[i]);
        p.ks = fmax(p.ks, fmax(fabs((double)i / (double)n - f), fabs((double)(i + 1) / (double)n - f)));
    }
    for (size_t i = 0; i + 1 < n; i++)
        p.w1 += area_between(target, c, (double)(i + 1) / (double)n, x[i], x[i + 1]);
    /* The integral of 1 - F from x on is mean - x + that of F up to x. */
    p.w1 += cdf_integral(target, c, x[0]) + target->mean[c] - x[n - 1] + cdf_integral(target, c, x[n - 1]);
    return p;
}

static void compare_with_sorted(const char *kind, double scale) {
    enum { n = 20001 };
    myr_context *context = new_context();
    myr_target *target = make_target(context, kind);
    const uint64_t seed = fresh_seed();
    double *samples = draw_many(target, scale, seed, n);
    myr_statistics *set = make_set(context, target, "ks,w1,quantiles", 1);
    REQUIRE_OK(context, myr_statistics_add(context, set, 0, n, samples));
    const myr_statistic_row *rows;
    const size_t count = rows_of(context, set, &rows);
    int compared = 0;
    for (int c = 0; c < target->dimension; c++) {
        const plain p = compute_plainly(target, c, samples, n);
        for (size_t r = 0; r < count; r++) {
            if (rows[r].first != c)
                continue;
            const double value = rows[r].value, more = rows[r].resolution;
            if (strcmp(rows[r].statistic, "ks") == 0) {
                cr_assert(p.ks >= value - 1e-12 && p.ks <= value + more + 1e-12 && more < 2e-5,
                          "%s, seed %" PRIu64 ": D = %.17g, not %.17g", kind, seed, value, p.ks);
            } else if (strcmp(rows[r].statistic, "w1") == 0) {
                cr_assert(
                    p.w1 >= value - 1e-11 && p.w1 <= value + more + 1e-11 && more < 0.02 * value + 1e-4,
                    "%s, seed %" PRIu64 ": W1 = %.17g + %g, not %.17g", kind, seed, value, more, p.w1);
            } else {
                const size_t at = (size_t)ceil(rows[r].low * n) - 1;
                cr_assert(fabs(value - p.sorted[at]) <= more + 1e-12, "%s, seed %" PRIu64 ": %g, not %g",
                          kind, seed, value, p.sorted[at]);
                cr_assert(fabs(cdf(target, c, rows[r].expected) - rows[r].low) <= 1e-12);
            }
            compared++;
        }
        free(p.sorted);
    }
    cr_assert_eq(compared, 9 * target->dimension);
    free(samples);
    myr_statistics_destroy(set);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(distances, are_those_of_sorted_samples_against_a_normal) {
    compare_with_sorted("normal", 1.0);
    compare_with_sorted("normal", 1.3);
    compare_with_sorted("normal", 1e-3); /* collapsed */
}

Test(distances, are_those_of_sorted_samples_against_a_full_gaussian) {
    compare_with_sorted("gaussian", 0.8);
}

Test(distances, are_those_of_sorted_samples_against_a_mixture) {
    compare_with_sorted("mixture", 1.0);
    compare_with_sorted("mixture", 5.0);
}

/* Against data: W1 = the mean distance of sorted samples from the points repeated as often, here 20 times.
 */
Test(distances, are_those_of_sorted_samples_against_data) {
    enum { times = 20, n = points * times };
    myr_context *context = new_context();
    myr_target *target = make_target(context, "data");
    const uint64_t seed = fresh_seed();
    uint64_t random = seed;
    double *samples = draw_many(target, 1.0, seed, n);
    for (int i = 0; i < 2 * n; i++)
        samples[i] += 1e-7 * normal(&random); /* as rounding does */
    myr_statistics *set = make_set(context, target, "w1,ks", 1);
    REQUIRE_OK(context, myr_statistics_add(context, set, 0, n, samples));
    for (int c = 0; c < 2; c++) {
        double *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y), w1 = 0.0, ks = 0.0;
        for (int i = 0; i < n; i++) {
            x[i] = samples[2 * i + c];
            y[i] = (double)target->empirical.points[2 * (i / times) + c];
        }
        qsort(x, n, sizeof *x, compare_doubles);
        qsort(y, n, sizeof *y, compare_doubles);
        for (int i = 0; i < n; i++)
            w1 += fabs(x[i] - y[i]) / n;
        for (int i = 0, below = 0; i + times < n; i += times) { /* midway between two points */
            const double middle = 0.5 * (y[i] + y[i + times]);
            while (below < n && x[below] <= middle)
                below++;
            ks = fmax(ks, fabs((double)(below - i - times) / n));
        }
        const myr_statistic_row row = find_row(context, set, "w1", c);
        cr_assert(fabs(row.value - w1) <= row.resolution + 1e-12 && row.resolution <= 1e-6,
                  "seed %" PRIu64 ": W1 = %.17g +- %g, not %.17g", seed, row.value, row.resolution, w1);
        cr_assert(fabs(find_row(context, set, "ks", c).value - ks) <= 1e-12);
        free(x);
        free(y);
    }
    free(samples);
    myr_statistics_destroy(set);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* W2^2 of a normal target by closed integrals of Q and Q^2 over each cell, z_i its ends:
 * integral of Q = m/n + s (phi(z_i) - phi(z_i+1)), of Q^2 with m = 0, s^2 (1/n + z_i phi(z_i) - …). */
Test(distances, sliced_wasserstein_is_that_of_sorted_blocks) {
    enum { block = 4096, n = 3 * block + 100 };
    myr_context *context = new_context();
    myr_target *target = make_target(context, "normal");
    const uint64_t seed = fresh_seed();
    double *samples = draw_many(target, 1.2, seed, n), sum = 0.0;
    myr_statistics *set = make_set(context, target, "sw2", 1);
    REQUIRE_OK(context, myr_statistics_add(context, set, 0, n, samples));
    for (int b = 0; b < 3; b++) {
        double z = -INFINITY;
        qsort(samples + b * block, block, sizeof *samples, compare_doubles);
        for (int i = 0; i < block; i++) {
            double low = -10.0, high = 10.0;
            for (int step = 0; step < 80; step++) {
                const double middle = 0.5 * (low + high);
                if (0.5 * erfc(-middle / sqrt(2.0)) < (i + 1.0) / block)
                    low = middle;
                else
                    high = middle;
            }
            const double next = i + 1 < block ? low : INFINITY;
            const double first = phi(z) - phi(next);
            const double at_z = isinf(z) ? 0.0 : z * phi(z), at_next = isinf(next) ? 0.0 : next * phi(next);
            const double y = (samples[b * block + i] - 0.5) / 2.0;
            sum += 4.0 * (y * y / block - 2.0 * y * first + 1.0 / block + at_z - at_next);
            z = next;
        }
    }
    const myr_statistic_row row = find_row(context, set, "sw2", -1);
    cr_assert(fabs(row.value - sum / 3.0) <= 1e-10, "seed %" PRIu64 ": %.17g, not %.17g", seed, row.value,
              sum / 3.0);
    free(samples);
    myr_statistics_destroy(set);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* Against data: Q is a step function too, and the integral of (Q_n - Q)^2 a sum over the common cells.
 * Numbers of points that divide a block, and that do not. */
static void compare_sliced_with_data(int count, uint64_t seed) {
    enum { block = 4096 };
    myr_context *context = new_context();
    uint64_t random = seed;
    float data[600];
    double sorted[600], samples[block], sum = 0.0;
    for (int i = 0; i < count; i++)
        sorted[i] = (double)(data[i] = (float)normal(&random));
    for (int i = 0; i < block; i++)
        samples[i] = sorted[next_random(&random) % (uint64_t)count] + 0.1 * normal(&random);
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_empirical(context, count, 1, data, &target));
    myr_statistics *set = make_set(context, target, "sw2", 1);
    REQUIRE_OK(context, myr_statistics_add(context, set, 0, block, samples));
    qsort(sorted, (size_t)count, sizeof *sorted, compare_doubles);
    qsort(samples, block, sizeof *samples, compare_doubles);
    double u = 0.0;
    for (int i = 0, j = 0; i < block && j < count;) {
        const double end_i = (i + 1.0) / block, end_j = (j + 1.0) / count, next = fmin(end_i, end_j);
        sum += (next - u) * (samples[i] - sorted[j]) * (samples[i] - sorted[j]);
        u = next;
        i += end_i <= next;
        j += end_j <= next;
    }
    const double value = find_row(context, set, "sw2", -1).value;
    cr_assert(fabs(value - sum) <= 1e-12, "%d points, seed %" PRIu64 ": %.17g, not %.17g", count, seed,
              value, sum);
    myr_statistics_destroy(set);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(distances, sliced_wasserstein_is_that_of_sorted_blocks_against_data) {
    compare_sliced_with_data(512, fresh_seed());
    compare_sliced_with_data(599, fresh_seed());
    compare_sliced_with_data(1, fresh_seed());
}

static double apart(const double *a, const double *b) {
    return hypot(a[0] - b[0], a[1] - b[1]);
}

Test(distances, energy_distance_is_that_of_all_pairs) {
    enum { block = 256, n = 2 * block + 5 };
    myr_context *context = new_context();
    myr_target *target = make_target(context, "data");
    double *x = draw_many(target, 1.1, fresh_seed(), n), sum = 0.0, y[2 * block];
    myr_statistics *set = make_set(context, target, "energy", 17);
    REQUIRE_OK(context, myr_statistics_add(context, set, 1000, n, x));
    for (int b = 0; b < 2; b++) {
        double across = 0.0, within = 0.0;
        for (int i = 0; i < block; i++)
            myr_target_draw(target, 17, (uint64_t)(1000 + b * block + i), y + 2 * i);
        for (int i = 0; i < block; i++)
            for (int j = 0; j < block; j++) {
                across += apart(x + 2 * (b * block + i), y + 2 * j);
                within +=
                    apart(x + 2 * (b * block + i), x + 2 * (b * block + j)) + apart(y + 2 * i, y + 2 * j);
            }
        sum += 2.0 * across / (block * block) - within / (block * (block - 1));
    }
    const double value = find_row(context, set, "energy", -1).value;
    cr_assert(fabs(value - sum / 2.0) <= 1e-12, "%.17g, not %.17g", value, sum / 2.0);
    free(x);
    myr_statistics_destroy(set);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* ---- covariance, histogram, occupancy -------------------------------------------------------------- */

Test(statistics_of, covariance_is_that_of_two_passes) {
    enum { n = 5000 };
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
            /* From 19 blocks: within a factor of 2 but for chi^2 with 18 degrees of freedom above 72 or
             * below 4.5, 1e-8 and 5e-4 … as the estimate itself moves it, so 2.5. */
            cr_assert(rows[r].standard_error < 2.5 * error && rows[r].standard_error > error / 2.5,
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

/* ---- laws ------------------------------------------------------------------------------------------ */

Test(laws, have_their_closed_forms) {
    for (double x = 0.01; x < 200.0; x *= 1.3) {
        cr_assert(fabs(myr_chi_square_tail(x, 1.0) / erfc(sqrt(x / 2.0)) - 1.0) <= 1e-11, "x = %g", x);
        cr_assert(fabs(myr_chi_square_tail(x, 2.0) / exp(-x / 2.0) - 1.0) <= 1e-11, "x = %g", x);
        cr_assert(fabs(myr_chi_square_tail(x, 4.0) / ((1.0 + x / 2.0) * exp(-x / 2.0)) - 1.0) <= 1e-11);
        for (int sign = -1; sign <= 1; sign += 2) {
            const double t = sign * x;
            cr_assert(fabs(myr_student_tail(t, 1.0) - (0.5 - atan(t) / acos(-1.0))) <= 1e-13);
            cr_assert(fabs(myr_student_tail(t, 2.0) - (0.5 - 0.5 * t / sqrt(2.0 + t * t))) <= 1e-13);
        }
    }
    cr_assert_eq(myr_student_tail(0.0, 5.0), 0.5);
    /* Many degrees of freedom: close to a normal, by 1/(4 f) at most. */
    cr_assert(fabs(myr_student_tail(1.0, 1e6) - 0.5 * erfc(sqrt(0.5))) <= 1e-6);
    /* Tables: P(sqrt(n) D > 1.3581) = 0.05, > 1.6276 = 0.01 in the limit; and the two series meet. */
    cr_assert(fabs(myr_kolmogorov_tail(1.3581 / 1e6, 1e12) - 0.05) <= 2e-5);
    cr_assert(fabs(myr_kolmogorov_tail(1.6276 / 1e6, 1e12) - 0.01) <= 1e-5);
    const double edge = 1.0 / (1e6 + 0.12);
    cr_assert(fabs(myr_kolmogorov_tail(edge * (1.0 - 1e-9), 1e12) -
                   myr_kolmogorov_tail(edge * (1.0 + 1e-9), 1e12)) <= 1e-8);
    cr_assert(isnan(myr_kolmogorov_tail(NAN, 10.0)) && isnan(myr_chi_square_tail(NAN, 3.0)) &&
              isnan(myr_student_tail(NAN, 3.0)));
}

#ifdef SANITIZED
enum { seeds = 20 };
#else
enum { seeds = 200 };
#endif

/* p of exact draws is uniform: Kolmogorov's P(D sqrt(n) > 2.7) <= 9e-7. one_sided: p may be too large, as
 * that of a continuous law is for atoms; then P(D+ sqrt(n) > 2.7) <= 5e-7. */
static void expect_uniform(double *p, bool one_sided, const char *what, uint64_t seed) {
    double worst = 0.0;
    qsort(p, seeds, sizeof *p, compare_doubles);
    for (int n = 0; n < seeds; n++) {
        cr_assert(p[n] >= 0.0 && p[n] <= 1.0, "%s: p = %g", what, p[n]);
        worst = fmax(worst, (double)(n + 1) / seeds - p[n]);
        worst = one_sided ? worst : fmax(worst, p[n] - (double)n / seeds);
    }
    cr_assert(worst * sqrt(seeds) <= 2.7, "%s, seed %" PRIu64 ": D sqrt(n) = %g", what, seed,
              worst * sqrt(seeds));
}

/* Over 200 seeds of exact draws, p of the statistic's last row. */
static void p_over_seeds(const char *kind, const char *statistic, size_t count, bool one_sided) {
    myr_context *context = new_context();
    myr_target *target = make_target(context, kind);
    const uint64_t seed = fresh_seed();
    double p[seeds];
    char what[64];
    snprintf(what, sizeof what, "%s of %s", statistic, kind);
    for (uint64_t n = 0; n < seeds; n++) {
        double *x = draw_many(target, 1.0, seed + (n << 32), count);
        myr_statistics *set = make_set(context, target, statistic, seed + n);
        const myr_statistic_row *rows;
        REQUIRE_OK(context, myr_statistics_add(context, set, 0, count, x));
        const size_t last = rows_of(context, set, &rows) - 1;
        p[n] = rows[last].p;
        myr_statistics_destroy(set);
        free(x);
    }
    expect_uniform(p, one_sided, what, seed);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(exact_draws, have_uniform_p_of_ks) {
    p_over_seeds("normal", "ks", 3000, false);
    p_over_seeds("mixture", "ks", 3000, false);
    p_over_seeds("data", "ks", 3000, true);
}
Test(exact_draws, have_uniform_p_of_w1_against_normals) {
    p_over_seeds("normal", "w1", 3000, false);
}
Test(exact_draws, have_uniform_p_of_w1_against_mixtures) {
    p_over_seeds("mixture", "w1", 3000, false);
}
Test(exact_draws, have_uniform_p_of_w1_against_data) {
    p_over_seeds("data", "w1", 3000, false);
}
Test(exact_draws, have_uniform_p_of_sw2) {
    p_over_seeds("normal", "sw2", 16 * 4096, false);
}
Test(exact_draws, have_uniform_p_of_sw2_in_two_dimensions) {
    p_over_seeds("mixture", "sw2", 4 * 4096, false);
}
Test(exact_draws, have_uniform_p_of_energy) {
    p_over_seeds("data", "energy", 32 * 256, false);
    p_over_seeds("gaussian", "energy", 32 * 256, false);
}
Test(exact_draws, have_uniform_p_of_occupancy) {
    p_over_seeds("mixture", "occupancy", 3000, false);
    p_over_seeds("discrete", "occupancy", 3000, false);
}

/* The same of a sampler that is exact: ddpm-exact from the true marginal. */
Test(exact_draws, of_a_sampler_have_uniform_p) {
    myr_context *context = new_context();
    myr_target *target = new_target(context, 1, 0.01);
    myr_plan *plan = new_plan(context, "ddpm-exact", 10, "exact", target);
    const uint64_t seed = fresh_seed();
    double ks[seeds], w1[seeds];
    for (uint64_t n = 0; n < seeds; n++) {
        myr_run_options options = MYR_RUN_OPTIONS_INIT;
        options.backend = "cpu";
        options.count = 4096;
        options.threads = 1;
        options.seed = seed + n;
        myr_statistics *set = make_set(context, target, "ks,w1", seed + n);
        REQUIRE_OK(context, myr_run_statistics(context, plan, target, &options, set, NULL));
        ks[n] = find_row(context, set, "ks", 0).p;
        w1[n] = find_row(context, set, "w1", 0).p;
        myr_statistics_destroy(set);
    }
    expect_uniform(ks, false, "ks of ddpm-exact", seed);
    expect_uniform(w1, false, "w1 of ddpm-exact", seed);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* ---- wrong samples --------------------------------------------------------------------------------- */

/* Samples whose deviation is some per cent too large, or too small. */
static void expect_found(double scale, const char *names) {
    static const char *const kinds[] = {"normal", "gaussian", "mixture", "data"};
    enum { count = 262144 };
    myr_context *context = new_context();
    for (int kind = 0; kind < 4; kind++)
        for (int side = 0; side < 2; side++) {
            myr_target *target = make_target(context, kinds[kind]);
            double *x = draw_many(target, side == 0 ? 1.0 / scale : scale, fresh_seed(), count);
            myr_statistics *set = make_set(context, target, names, 1);
            REQUIRE_OK(context, myr_statistics_add(context, set, 0, count, x));
            const myr_statistic_row *rows;
            const size_t n = rows_of(context, set, &rows);
            for (size_t r = 0; r < n; r++) {
                /* ks of data: the gaps between points are 1 % of the law and more, which hide part of it.
                 */
                const bool counts = kind < 3 || strcmp(rows[r].statistic, "ks") != 0;
                /* A thousand bridges tell no less than 1/1001. */
                const double most = strcmp(rows[r].statistic, "w1") == 0 ? 1.0 / 1001.0 : 1e-3;
                cr_assert(!counts || rows[r].p <= most, "%s, %s: p = %g", kinds[kind], rows[r].statistic,
                          rows[r].p);
            }
            free(x);
            myr_statistics_destroy(set);
            myr_target_destroy(target);
        }
    myr_context_destroy(context);
}

Test(wrong_samples, are_found) {
    expect_found(1.05, "ks,w1,sw2");
}
/* It looks at fewer samples, and is more for laws that differ in other ways. */
Test(wrong_samples, are_found_by_energy) {
    expect_found(1.25, "energy");
}

/* A shift by h is W1 = h and W2^2 = h^2 more than exact draws have. */
Test(wrong_samples, are_as_far_as_they_are) {
    enum { count = 262144 };
    myr_context *context = new_context();
    myr_target *target = make_target(context, "normal");
    double *x = draw_many(target, 1.0, fresh_seed(), count);
    for (int i = 0; i < count; i++)
        x[i] += 0.25;
    myr_statistics *set = make_set(context, target, "w1,sw2", 1);
    REQUIRE_OK(context, myr_statistics_add(context, set, 0, count, x));
    const myr_statistic_row w1 = find_row(context, set, "w1", 0), sw2 = find_row(context, set, "sw2", -1);
    cr_assert(fabs(w1.value - 0.25) <= 5.0 * w1.standard_error + w1.resolution && w1.standard_error < 0.01);
    cr_assert(fabs(sw2.value - sw2.expected - 0.0625) <= 6.0 * sw2.standard_error &&
              sw2.standard_error < 0.01);
    /* W1's error of a pure shift is that of the mean, 2/sqrt(n). */
    cr_assert(fabs(w1.standard_error / (2.0 / sqrt(count)) - 1.0) <= 0.05, "%g", w1.standard_error);
    free(x);
    myr_statistics_destroy(set);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(wrong_samples, that_are_no_numbers_do_not_pass) {
    enum { count = 8192 };
    myr_context *context = new_context();
    myr_target *target = make_target(context, "mixture");
    double *x = draw_many(target, 1.0, 5, count);
    x[4000] = NAN;
    myr_statistics *set = make_set(context, target, "all", 1);
    REQUIRE_OK(context, myr_statistics_add(context, set, 0, count, x));
    cr_assert(isnan(find_row(context, set, "ks", 0).p) && isnan(find_row(context, set, "w1", 0).p));
    cr_assert(isnan(find_row(context, set, "sw2", -1).p) && isnan(find_row(context, set, "energy", -1).p));
    cr_assert(isnan(find_row(context, set, "quantiles", 0).value));
    cr_assert(isnan(find_row(context, set, "covariance", 0).value));
    free(x);
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
