/* Distances from a target, against plain computations from sorted samples. */
#include "statistics/marginal_bins.h"
#include "statistics_samples.h"

#include <inttypes.h>

#include "reference/reference_random.h"
#include "statistics/block_test.h"
#include "targets/empirical.h"

static double phi(double z) {
    return exp(-0.5 * z * z) / sqrt(2.0 * acos(-1.0));
}

/* The integral of the distribution function from -infinity, written out. */
static double cdf_integral_of(double mean, double deviation, double x) {
    const double z = (x - mean) / deviation;
    return deviation * (z * 0.5 * erfc(-z / sqrt(2.0)) + phi(z));
}

static double cdf_integral(const myr_target *target, int c, double x) {
    if (target->operations == &myr_target_gaussian)
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
            y[i] = (double)myr_empirical_of(target)->points[2 * (i / times) + c];
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

/* W2^2 of a block of numbers, which are sorted, from N(m, s^2) by closed integrals of Q and Q^2 over each
 * cell, z_i its ends: integral of Q = m/n + s (phi(z_i) - phi(z_i+1)), of Q^2 with m = 0,
 * s^2 (1/n + z_i phi(z_i) - …). */
enum { block = 4096 };
static double normal_w2(double *x, double m, double s) {
    double z = -INFINITY, sum = 0.0;
    qsort(x, block, sizeof *x, compare_doubles);
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
        const double y = (x[i] - m) / s;
        sum += s * s * (y * y / block - 2.0 * y * first + 1.0 / block + at_z - at_next);
        z = next;
    }
    return sum;
}

Test(distances, sliced_wasserstein_is_that_of_sorted_blocks) {
    enum { n = 3 * block + 100 };
    myr_context *context = new_context();
    myr_target *target = make_target(context, "normal");
    const uint64_t seed = fresh_seed();
    double *samples = draw_many(target, 1.2, seed, n), sum = 0.0;
    myr_statistics *set = make_set(context, target, "sw2", 1);
    REQUIRE_OK(context, myr_statistics_add(context, set, 0, n, samples));
    for (int b = 0; b < 3; b++)
        sum += normal_w2(samples + b * block, 0.5, 2.0);
    const myr_statistic_row row = find_row(context, set, "sw2", -1);
    cr_assert(fabs(row.value - sum / 3.0) <= 1e-10, "seed %" PRIu64 ": %.17g, not %.17g", seed, row.value,
              sum / 3.0);
    free(samples);
    myr_statistics_destroy(set);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* In two dimensions, along the directions of stream 8 of seed 0: normals 0 and 1 of "trajectory" k, made of
 * length 1, along which a Gaussian is N(v m, v S v). What is expected of an exact draw is the distance of the
 * partners: axis by axis m + sqrt(v) z, z the normals from number 4 on of stream 7 of the sample's index. */
Test(distances, sliced_wasserstein_is_along_the_directions_that_the_stream_gives) {
    enum { seed = 5, first = 1000, directions = 32 };
    static const double m[2] = {-1.0, 0.5}, v[2] = {0.25, 9.0};
    myr_context *context = new_context();
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_gaussian(context, 2, m, v, &target));
    static double samples[2 * block], partners[2 * block], along[block];
    uint64_t random = fresh_seed();
    for (int i = 0; i < block; i++) {
        double z[4];
        myr_reference_normals(seed, first + (uint64_t)i, 7, 1, z);
        for (int c = 0; c < 2; c++) {
            samples[2 * i + c] = m[c] + normal(&random);
            partners[2 * i + c] = m[c] + sqrt(v[c]) * z[c];
        }
    }
    myr_statistics *set = make_set(context, target, "sw2", seed);
    REQUIRE_OK(context, myr_statistics_add(context, set, first, block, samples));
    double of_samples = 0.0, of_partners = 0.0;
    for (uint64_t k = 0; k < directions; k++) {
        double z[4];
        myr_reference_normals(0, k, 8, 0, z);
        const double length = hypot(z[0], z[1]), u[2] = {z[0] / length, z[1] / length};
        const double mean = u[0] * m[0] + u[1] * m[1],
                     deviation = sqrt(u[0] * u[0] * v[0] + u[1] * u[1] * v[1]);
        for (int which = 0; which < 2; which++) {
            const double *x = which ? partners : samples;
            for (int i = 0; i < block; i++)
                along[i] = u[0] * x[2 * i] + u[1] * x[2 * i + 1];
            *(which ? &of_partners : &of_samples) += normal_w2(along, mean, deviation) / directions;
        }
    }
    /* 4,096 terms of size 1 and below, and a bisection's 2^-53 of z in each: 1e-12 of both ways. */
    const myr_statistic_row row = find_row(context, set, "sw2", -1);
    cr_expect(fabs(row.value - of_samples) <= 1e-10, "%.17g, not %.17g", row.value, of_samples);
    cr_expect(fabs(row.expected - of_partners) <= 1e-10, "%.17g, not %.17g", row.expected, of_partners);
    myr_statistics_destroy(set);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* Four blocks whose numbers and those less their partners have the sums of squares 14 and 50 about the means 3
 * and 1.5, of n - 1 = 3 degrees of freedom; Student's tail with three is elementary:
 * P(T >= t) = 1/2 - (a + sin a cos a)/pi, tan a = t/sqrt(3). */
Test(distances, blocks_make_a_students_test) {
    static const double values[] = {1.0, 2.0, 3.0, 6.0}, partners[] = {0.5, 3.5, 3.5, -1.5};
    myr_block_test test = {0};
    myr_statistic_row row = {.value = NAN};
    for (int b = 0; b < 4; b++)
        myr_block_test_add(&test, values[b], partners[b]);
    myr_block_test_report(&test, &row);
    cr_expect(row.value == 3.0 && row.expected == 1.5, "%g, %g", row.value, row.expected);
    cr_expect(fabs(row.standard_error - sqrt(14.0 / 3.0 / 4.0)) <= 1e-15, "%.17g", row.standard_error);
    const double a = atan(1.5 / sqrt(50.0 / 3.0 / 4.0) / sqrt(3.0));
    const double p = 0.5 - (a + sin(a) * cos(a)) / acos(-1.0);
    cr_expect(fabs(row.p - p) <= 1e-12, "%.17g, not %.17g", row.p, p);
}

/* Against data: Q is a step function too, and the integral of (Q_n - Q)^2 a sum over the common cells.
 * Numbers of points that divide a block, and that do not. */
static void compare_sliced_with_data(int count, uint64_t seed) {
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
            target->operations->draw(target, 17, (uint64_t)(1000 + b * block + i), y + 2 * i);
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

/* ---- bins ------------------------------------------------------------------------------------------ */

static void expect_bins(myr_context *context, myr_target *target, int wanted) {
    myr_marginal_bins *bins = NULL;
    REQUIRE_OK(context, myr_marginal_bins_create(context, target, 1, &bins));
    for (int c = 0; c < target->dimension; c++)
        cr_assert_eq(bins->bins[c].count, wanted, "coordinate %d: %d bins, not %d", c, bins->bins[c].count,
                     wanted);
    myr_marginal_bins_destroy(bins);
    myr_target_destroy(target);
}

/* As docs/mathematics.md says: 65,536 of a coordinate, 2^21 of all together, of atoms no more than there are; and
 * 512 of 1,024 atoms are every second one. */
Test(distances, bins_are_as_many_as_there_is_memory_for) {
    enum { wide = 4096, many = 1024 };
    myr_context *context = new_context();
    myr_target *target = NULL;
    float *data = malloc(many * wide * sizeof *data);
    for (int n = 0; n < many * wide; n++)
        data[n] = (float)(n / wide) + 0.5F * (float)(n % 2);
    expect_bins(context, make_target(context, "normal"), 1 << 16);
    expect_bins(context, make_target(context, "data"), points);
    REQUIRE_OK(context, myr_target_create_empirical(context, many, wide, data, &target));
    expect_bins(context, target, (1 << 21) / wide);
    free(data);
    myr_context_destroy(context);
}
