/* Whole runs against the exact recursion, in standard errors; and whether the standard error is right.
 *
 * Bounds: about one failure by chance in a million for each comparison; the seed is in the message. */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "support.h"

/* The z values of mean and variance of one run in one coordinate. */
static void run_once(myr_context *context, const char *backend, const myr_plan *plan,
                     const myr_target *target, uint64_t seed, uint64_t count, double *mean_z,
                     double *variance_z) {
    double mean, variance;
    myr_moment moment = {0, NAN, NAN, NAN, NAN};
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = backend;
    options.seed = seed;
    options.count = count;
    options.threads = 1; /* Criterion runs the tests side by side */
    REQUIRE_OK(context, myr_plan_exact(context, plan, target, &mean, &variance));
    REQUIRE_OK(context, myr_run_moments(context, plan, target, &options, &moment, NULL));
    cr_assert_eq(moment.count, count);
    *mean_z = (moment.mean - mean) / myr_moment_mean_error(&moment);
    *variance_z = (myr_moment_variance(&moment) - variance) / myr_moment_variance_error(&moment);
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { seeds = 200 };

/* Mean, variance and distribution of 200 values that should be standard normal: standard errors 1/sqrt(200)
 * and sqrt(2/200), and Kolmogorov's P(D sqrt(n) > 2.7) <= 9e-7. The variance's own distribution is chi^2
 * with 199 degrees of freedom, a little skew: six errors above, five below. */
static void expect_standard_normal(double *z, const char *sampler, uint64_t seed) {
    double sum = 0.0, square = 0.0, worst = 0.0;
    for (int n = 0; n < seeds; n++)
        sum += z[n];
    for (int n = 0; n < seeds; n++)
        square += (z[n] - sum / seeds) * (z[n] - sum / seeds);
    qsort(z, seeds, sizeof *z, compare_doubles);
    for (int n = 0; n < seeds; n++) {
        double p = 0.5 * erfc(-z[n] * 0.70710678118654752);
        worst = fmax(worst, fmax(fabs(p - (double)n / seeds), fabs(p - (double)(n + 1) / seeds)));
    }
    double mean = sum / seeds * sqrt(seeds),
           variance = (square / (seeds - 1) - 1.0) / sqrt(2.0 / (seeds - 1));
    cr_assert(fabs(mean) <= 5.0, "%s, seed %" PRIu64 ": mean of z %g errors off", sampler, seed, mean);
    cr_assert(variance >= -5.0 && variance <= 6.0, "%s, seed %" PRIu64 ": variance of z %g errors off",
              sampler, seed, variance);
    cr_assert(worst * sqrt(seeds) <= 2.7, "%s, seed %" PRIu64 ": D sqrt(n) = %g", sampler, seed,
              worst * sqrt(seeds));
}

/* The estimate V of the variance and that of its error are correlated: for a normal sample the covariances
 * of V and mu4, relative, are 2/N and 4/N, which moves the mean of z by -sqrt(2/N). At N = 5e4 that is
 * 0.0063, a tenth of the standard error over 200 seeds. */
static void z_over_seeds(const char *sampler) {
    myr_context *context = new_context();
    myr_target *target = new_target(context, 1, 0.01);
    myr_plan *plan = new_plan(context, sampler, 20, "prior", target);
    uint64_t seed = fresh_seed();
    double mean_z[seeds], variance_z[seeds];
    for (int n = 0; n < seeds; n++)
        run_once(context, "cpu", plan, target, seed + (uint64_t)n, 50000, &mean_z[n], &variance_z[n]);
    expect_standard_normal(mean_z, sampler, seed);
    expect_standard_normal(variance_z, sampler, seed);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(statistics, z_is_standard_normal_over_seeds_for_ddpm_none) {
    z_over_seeds("ddpm-none");
}
Test(statistics, z_is_standard_normal_over_seeds_for_ddpm_small) {
    z_over_seeds("ddpm-small");
}
Test(statistics, z_is_standard_normal_over_seeds_for_ddpm_large) {
    z_over_seeds("ddpm-large");
}
Test(statistics, z_is_standard_normal_over_seeds_for_ddpm_exact) {
    z_over_seeds("ddpm-exact");
}
Test(statistics, z_is_standard_normal_over_seeds_for_ddim) {
    z_over_seeds("ddim");
}

static void every_sampler(const char *backend, uint64_t count) {
    myr_context *context = new_context();
    need_backend(context, backend);
    myr_target *target = new_target(context, 1, 0.01);
    for (int s = 0; myr_sampler_name(s); s++) {
        if (!myr_sampler_supports(myr_sampler_name(s), "ve"))
            continue;
        myr_plan *plan = new_plan(context, myr_sampler_name(s), 10, "prior", target);
        uint64_t seed = fresh_seed();
        double mean_z, variance_z;
        run_once(context, backend, plan, target, seed, count, &mean_z, &variance_z);
        cr_assert(fabs(mean_z) <= 5.0 && fabs(variance_z) <= 5.0, "%s, seed %" PRIu64 ": z = %g and %g",
                  myr_sampler_name(s), seed, mean_z, variance_z);
        myr_plan_destroy(plan);
    }
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(statistics, every_sampler_is_within_five_errors_at_a_hundred_million_on_cpu) {
    every_sampler("cpu", sample_size(100000000));
}
Test(statistics, every_sampler_is_within_five_errors_at_a_hundred_million_on_cuda) {
    every_sampler("cuda", sample_size(100000000));
}
Test(statistics, every_sampler_is_within_five_errors_on_reference) {
    every_sampler("reference", sample_size(300000));
}
