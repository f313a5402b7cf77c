/* Targets of several coordinates: what creators hold and refuse, axes, and files. */
#include "support.h"

#include "targets/gaussian.h"
#include "targets/mixture.h"

static myr_context *context;

static void begin(void) {
    context = new_context();
}

static void end(void) {
    myr_context_destroy(context);
}

TestSuite(targets, .init = begin, .fini = end);

/* The call failed with that status, and its message, one line, holds both words. */
static void failed(myr_status status, myr_status expected, const char *first, const char *second) {
    const char *message = myr_context_error(context);
    cr_expect_eq(status, expected, "%s: %s", myr_status_name(status), message);
    cr_expect(strstr(message, first) && strstr(message, second), "\"%s\" lacks %s or %s", message, first,
              second);
    cr_expect_null(strchr(message, '\n'));
}

static double uniform(uint64_t *random, double low, double high) {
    return low + (high - low) * ((double)(next_random(random) >> 11) * 0x1p-53);
}

Test(targets, a_mixture_has_the_moments_of_its_parts) {
    const double weights[] = {1.0, 3.0}, means[] = {-1.0, 0.5, 1.0, 0.5};
    const double variances[] = {0.1, 0.2, 0.2, 0.3};
    double mean[2], variance[2];
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_mixture(context, 2, 2, weights, means, variances, &target));
    myr_target_moments(target, mean, variance);
    /* 0.25 (-1) + 0.75 1; 0.25 (0.1 + 1.5^2) + 0.75 (0.2 + 0.5^2); equal means: the mean variance. */
    cr_expect(fabs(mean[0] - 0.5) <= 1e-15 && fabs(mean[1] - 0.5) <= 1e-15);
    cr_expect(fabs(variance[0] - 0.925) <= 1e-15 && fabs(variance[1] - 0.275) <= 1e-15);
    cr_expect(myr_mixture_of(target)->weights[0] == 0.25 && myr_mixture_of(target)->weights[1] == 0.75);
    cr_expect_str_eq(myr_target_type(target), "mixture");
    cr_expect_str_eq(myr_target_type(NULL), "");
    myr_target_destroy(target);
}

Test(targets, every_bad_number_of_a_mixture_is_named) {
    const double good[] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}, bad[] = {NAN, INFINITY, 2e30, 0.0, -1.0};
    static const char *const names[] = {"weights[1]", "means[1][2]", "variances[1][2]"};
    for (int array = 0; array < 3; array++)
        for (int n = 0; n < 5; n++) {
            double values[3][6];
            if (array == 1 && n > 2)
                continue; /* means may be 0, and below */
            for (int a = 0; a < 3; a++)
                memcpy(values[a], good, sizeof good);
            values[array][array == 0 ? 1 : 5] = bad[n];
            myr_target *target = (myr_target *)values;
            myr_status status =
                myr_target_create_mixture(context, 3, 2, values[0], values[1], values[2], &target);
            failed(status, MYR_INVALID_ARGUMENT, names[array], "expected a number");
            cr_expect_null(target);
        }
}

Test(targets, bad_sizes_and_missing_arrays_are_named) {
    const double v[] = {1.0, 1.0};
    myr_target *t = NULL;
    failed(myr_target_create_mixture(context, 1, 0, v, v, v, &t), MYR_INVALID_ARGUMENT, "components",
           "1024");
    failed(myr_target_create_mixture(context, 1, 1025, v, v, v, &t), MYR_INVALID_ARGUMENT, "components",
           "1024");
    failed(myr_target_create_mixture(context, 65, 1, v, v, v, &t), MYR_INVALID_ARGUMENT, "dimension", "64");
    failed(myr_target_create_mixture(context, 1, 1, NULL, v, v, &t), MYR_INVALID_ARGUMENT, "weights",
           "NULL");
    failed(myr_target_create_mixture(context, 1, 1, v, NULL, v, &t), MYR_INVALID_ARGUMENT, "means", "NULL");
    failed(myr_target_create_mixture(context, 1, 1, v, v, NULL, &t), MYR_INVALID_ARGUMENT, "variances",
           "NULL");
    failed(myr_target_create_mixture(context, 1, 1, v, v, v, NULL), MYR_INVALID_ARGUMENT, "target", "NULL");
    failed(myr_target_create_gaussian_full(context, 1, v, NULL, &t), MYR_INVALID_ARGUMENT, "covariance",
           "NULL");
    failed(myr_target_create_gaussian_full(context, 0, v, v, &t), MYR_INVALID_ARGUMENT, "dimension", "64");
}

/* ---- full covariances ------------------------------------------------------------------------------ */

/* L L^T + 0.01 of a random triangle. */
static void random_covariance(uint64_t *random, int d, double *covariance) {
    static double root[MYR_MAX_DIMENSION][MYR_MAX_DIMENSION];
    for (int r = 0; r < d; r++)
        for (int c = 0; c < d; c++)
            root[r][c] = c <= r ? uniform(random, -1.0, 1.0) : 0.0;
    for (int r = 0; r < d; r++)
        for (int c = 0; c < d; c++) {
            covariance[r * d + c] = r == c ? 0.01 : 0.0;
            for (int k = 0; k < d; k++)
                covariance[r * d + c] += root[r][k] * root[c][k];
        }
}

/* A backward stable eigensolver leaves some d 2^-53 of the largest eigenvalue, and so much in the vectors'
 * products; 100 of these hold any order of operations in it. */
Test(targets, axes_are_orthonormal_and_give_the_covariance_back) {
    static const int dimensions[] = {1, 2, 3, 7, 64};
    uint64_t seed = fresh_seed(), random = seed;
    static double covariance[MYR_MAX_DIMENSION * MYR_MAX_DIMENSION];
    double mean[MYR_MAX_DIMENSION];
    for (size_t n = 0; n < sizeof dimensions / sizeof *dimensions; n++) {
        const int d = dimensions[n];
        random_covariance(&random, d, covariance);
        for (int c = 0; c < d; c++)
            mean[c] = uniform(&random, -2.0, 2.0);
        myr_target *target = NULL;
        REQUIRE_OK(context, myr_target_create_gaussian_full(context, d, mean, covariance, &target));
        const myr_gaussian *g = myr_target_affine(target);
        const double u = 100.0 * d * 0x1p-53, largest = g->axis_variance[d - 1];
        for (int r = 0; r < d; r++)
            for (int c = 0; c < d; c++) {
                double product = 0.0, back = 0.0;
                for (int k = 0; k < d; k++) {
                    product += g->axes[k * d + r] * g->axes[k * d + c];
                    back += g->axes[r * d + k] * g->axis_variance[k] * g->axes[c * d + k];
                }
                cr_assert(fabs(product - (r == c)) <= u, "seed %llu, d %d: axes %d, %d: %g",
                          (unsigned long long)seed, d, r, c, product);
                cr_assert(fabs(back - covariance[r * d + c]) <= u * largest,
                          "seed %llu, d %d: covariance[%d][%d] %.17g from %.17g", (unsigned long long)seed,
                          d, r, c, back, covariance[r * d + c]);
            }
        for (int c = 0; c < d; c++) {
            double most = 0.0, along = 0.0;
            for (int r = 0; r < d; r++) {
                most = fabs(g->axes[r * d + c]) > fabs(most) ? g->axes[r * d + c] : most;
                along += g->axes[r * d + c] * mean[r];
            }
            cr_assert(most > 0.0 && fabs(along - g->axis_mean[c]) <= 10.0 * u);
            cr_assert(target->variance[c] == covariance[c * d + c] && target->mean[c] == mean[c]);
        }
        myr_target_destroy(target);
    }
}

Test(targets, a_covariance_that_is_none_is_refused_at_its_entry) {
    const double mean[3] = {0};
    double asymmetric[] = {1, 0.2, 0, 0.2, 1, 0.3, 0, 0.3000001, 1};
    double indefinite[] = {1, 0.2, 0.9, 0.2, 1, 0.9, 0.9, 0.9, 1};
    double negative[] = {1, 0, 0, 0, -1, 0, 0, 0, 1}, nan[] = {1, 0, 0, 0, 1, NAN, 0, 0, 1};
    double singular[] = {1, 1, 0, 1, 1, 0, 0, 0, 1};
    myr_target *t = NULL;
    failed(myr_target_create_gaussian_full(context, 3, mean, asymmetric, &t), MYR_INVALID_ARGUMENT,
           "covariance[2][1]", "symmetric");
    failed(myr_target_create_gaussian_full(context, 3, mean, indefinite, &t), MYR_INVALID_ARGUMENT,
           "covariance[2][2]", "positive definite");
    failed(myr_target_create_gaussian_full(context, 3, mean, negative, &t), MYR_INVALID_ARGUMENT,
           "covariance[1][1]", "above 0");
    failed(myr_target_create_gaussian_full(context, 3, mean, nan, &t), MYR_INVALID_ARGUMENT,
           "covariance[1][2]", "number");
    failed(myr_target_create_gaussian_full(context, 3, mean, singular, &t), MYR_INVALID_ARGUMENT,
           "covariance", "expected");
    cr_expect_null(t);
}

/* Of entries relative to the standard deviations: 1e-12 of each other, whatever the unit. */
Test(targets, symmetry_is_relative_to_the_deviations) {
    static const double units[] = {1e-20, 1.0, 1e20};
    const double mean[2] = {0};
    for (int n = 0; n < 3; n++)
        for (int bad = 0; bad < 2; bad++) {
            const double off = bad ? 1.1e-12 : 0.9e-12, u = units[n];
            const double covariance[] = {4.0 * u, u, u * (1.0 + 2.0 * off), u};
            myr_target *t = NULL;
            const myr_status status = myr_target_create_gaussian_full(context, 2, mean, covariance, &t);
            cr_expect_eq(status, bad ? MYR_INVALID_ARGUMENT : MYR_OK, "unit %g, off by %g: %s", u, off,
                         myr_context_error(context));
            cr_expect(!bad || strstr(myr_context_error(context), "symmetric"));
            myr_target_destroy(t);
        }
}

/* ---- files ----------------------------------------------------------------------------------------- */

static const char *write_file(const char *text) {
    static char path[64];
    snprintf(path, sizeof path, "test_targets.%ld.json", (long)clock());
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

Test(targets, files_hold_what_they_say) {
    double mean[2], variance[2];
    const char *path = write_file(
        "{\"type\": \"mixture\", \"weights\": [1, 1], \"means\": [[0, 1], [2, 3]],"
        " \"variances\": [[1, 1], [1, 2e0]]}");
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_load(context, path, &target));
    myr_target_moments(target, mean, variance);
    cr_expect(mean[0] == 1.0 && mean[1] == 2.0 && variance[0] == 2.0 && variance[1] == 2.5);
    myr_target_destroy(target);
    remove(path);
    path = write_file("{\"covariance\": [[2, 1], [1, 3]], \"mean\": [4, 5], \"type\": \"gaussian\"}");
    REQUIRE_OK(context, myr_target_load(context, path, &target));
    myr_target_moments(target, mean, variance);
    cr_expect(mean[0] == 4.0 && mean[1] == 5.0 && variance[0] == 2.0 && variance[1] == 3.0);
    cr_expect_not_null(myr_target_affine(target)->axes);
    myr_target_destroy(target);
    remove(path);
    path = write_file("{\"variance\": [2, 3], \"mean\": [4, 5], \"type\": \"gaussian\"}");
    REQUIRE_OK(context, myr_target_load(context, path, &target));
    cr_expect(target->variance[1] == 3.0 && !myr_target_affine(target)->axes);
    myr_target_destroy(target);
    remove(path);
}

/* M: a mixture's file with one field put in the place of its like. */
#define TYPE "\"type\": \"mixture\", "
#define WEIGHTS "\"weights\": [1, 2], "
#define MEANS "\"means\": [[0, 1], [2, 3]], "
#define VARIANCES "\"variances\": [[1, 1], [1, 2]]"

Test(targets, what_is_wrong_with_a_file_is_said_with_its_place) {
    static const struct {
        const char *text, *first, *second;
    } cases[] = {
        {"", "line", "JSON"},
        {"[]", "another kind", "object"},
        {"{\"type\": \"mixture\"", "line 1, column 18", "expected"},
        {"{" TYPE WEIGHTS MEANS "\"variances\": [[1, 1], [1, NaN]]}", "line 1, column", "NaN"},
        {"{" TYPE WEIGHTS MEANS VARIANCES ", \"weights\": [1, 1]}", "duplicate", "weights"},
        {"{" WEIGHTS MEANS VARIANCES "}", "\"type\"", "missing"},
        {"{\"type\": 7, " WEIGHTS MEANS VARIANCES "}", "type is a number", "expected a string"},
        {"{\"type\": \"mix\", " WEIGHTS MEANS VARIANCES "}", "type is \"mix\"", "mixture"},
        {"{" TYPE MEANS VARIANCES "}", "\"weights\"", "missing"},
        {"{" TYPE WEIGHTS VARIANCES "}", "\"means\"", "missing"},
        {"{" TYPE WEIGHTS MEANS "\"variance\": [[1]]}", "\"variance\" is unknown", "variances"},
        {"{" TYPE "\"weights\": 3, " MEANS VARIANCES "}", "weights is a number", "expected an array"},
        {"{" TYPE "\"weights\": [], " MEANS VARIANCES "}", "weights has 0", "expected 1 to 1024"},
        {"{" TYPE "\"weights\": [1, 0], " MEANS VARIANCES "}", "weights[1] is 0", "above 0"},
        {"{" TYPE "\"weights\": [1, \"2\"], " MEANS VARIANCES "}", "weights[1] is a string", "a number"},
        {"{" TYPE "\"weights\": [1, 2, 3], " MEANS VARIANCES "}", "means has 2", "expected 3"},
        {"{" TYPE WEIGHTS "\"means\": [0, 1], " VARIANCES "}", "means[0] is a number", "an array"},
        {"{" TYPE WEIGHTS "\"means\": {}, " VARIANCES "}", "means is an object", "an array"},
        {"{" TYPE WEIGHTS "\"means\": [[], []], " VARIANCES "}", "means[0] has 0", "expected 1 to 64"},
        {"{" TYPE WEIGHTS "\"means\": [[0, 1], [2]], " VARIANCES "}", "means[1] has 1", "expected 2"},
        {"{" TYPE WEIGHTS "\"means\": [[0, 1], [2, 1e31]], " VARIANCES "}", "means[1][1]", "1e+30"},
        {"{" TYPE WEIGHTS MEANS "\"variances\": [[1, 1]]}", "variances has 1", "expected 2"},
        {"{" TYPE WEIGHTS MEANS "\"variances\": [[1, 1], [1, -2]]}", "variances[1][1] is -2", "above 0"},
        {"{" TYPE WEIGHTS MEANS "\"variances\": [[1, 1], [null, 2]]}", "variances[1][0] is null", "number"},
        {"{\"type\": \"gaussian\", \"variance\": [1]}", "\"mean\"", "missing"},
        {"{\"type\": \"gaussian\", \"mean\": [1]}", "none", "variance"},
        {"{\"type\": \"gaussian\", \"mean\": [1], \"variance\": [1], \"covariance\": [[1]]}", "both",
         "covariance"},
        {"{\"type\": \"gaussian\", \"mean\": [1, 2], \"variance\": [1]}", "variance has 1", "expected 2"},
        {"{\"type\": \"gaussian\", \"mean\": [1, 2], \"covariance\": [[1, 0], [0]]}", "covariance[1] has 1",
         "expected 2"},
        {"{\"type\": \"gaussian\", \"mean\": [1, 2], \"covariance\": [[1, 0.5], [0.4, 1]]}",
         "covariance[1][0]", "symmetric"},
    };
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        const char *path = write_file(cases[n].text);
        myr_target *target = (myr_target *)context;
        failed(myr_target_load(context, path, &target), MYR_INVALID_DATA, cases[n].first, cases[n].second);
        cr_expect(strncmp(myr_context_error(context), path, strlen(path)) == 0, "%s",
                  myr_context_error(context));
        cr_expect_null(target);
        remove(path);
    }
}

Test(targets, files_that_cannot_be_read_are_named) {
    myr_target *t = NULL;
    failed(myr_target_load(context, "no/such.json", &t), MYR_IO_ERROR, "no/such.json", "No such file");
    failed(myr_target_load(context, "target.txt", &t), MYR_INVALID_ARGUMENT, "target.txt", ".json");
    failed(myr_target_load(context, NULL, &t), MYR_INVALID_ARGUMENT, "path", "NULL");
    failed(myr_target_load(context, "a.json", NULL), MYR_INVALID_ARGUMENT, "target", "NULL");
}
