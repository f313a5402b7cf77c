/* Targets whose mean is far from the start: no digit of a variance is lost to it. */
#include <criterion/criterion.h>
#include <float.h>

#include "plan_suite.h"

TestSuite(means, .init = begin, .fini = end);

enum { D = 2, STEPS = 12 };

static const double far_means[] = {1e3, 1e6, 1e8, 1e12};
enum { FAR_MEANS = sizeof far_means / sizeof *far_means };

/* Independent coordinates, or a full covariance; the second coordinate's mean is another one. */
static myr_target *make_target(double mean, bool full) {
    const double means[D] = {mean, -0.25 * mean}, variance[D] = {0.01, 0.5};
    const double covariance[D * D] = {0.25, 0.2, 0.2, 0.3};
    myr_target *target = NULL;
    REQUIRE_OK(context, full ? myr_target_create_gaussian_full(context, D, means, covariance, &target)
                             : myr_target_create_gaussian(context, D, means, variance, &target));
    return target;
}

/* One sampler on one process: estimates and exact answer, at a mean. */
typedef struct estimate {
    myr_moment moments[D];
    double mean[D], variance[D];
} estimate;

static estimate run(const char *backend, const char *process, const char *sampler, double mean, bool full,
                    uint64_t seed, uint64_t count) {
    estimate e;
    myr_target *target = make_target(mean, full);
    const myr_plan_options asked = ask(process, sampler, STEPS);
    myr_plan *plan = make(&asked, target);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = backend;
    options.seed = seed;
    options.count = count;
    REQUIRE_OK(context, myr_run_moments(context, plan, target, &options, e.moments, NULL));
    REQUIRE_OK(context, myr_plan_exact(context, plan, target, e.mean, e.variance));
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    return e;
}

/* Six standard errors of each estimate; and of a mean a few units of double's last place. */
static void expect_estimates(const estimate *e, const char *what, double mean) {
    for (int c = 0; c < D; c++) {
        const myr_moment *m = &e->moments[c];
        const double z = (myr_moment_variance(m) - e->variance[c]) / myr_moment_variance_error(m);
        cr_expect(fabs(z) <= 6.0, "%s, mean %g, coordinate %d: variance %g, exact %g, z %g", what, mean, c,
                  myr_moment_variance(m), e->variance[c], z);
        const double bound = 6.0 * myr_moment_mean_error(m) + 8.0 * DBL_EPSILON * fabs(mean);
        cr_expect(fabs(m->mean - e->mean[c]) <= bound,
                  "%s, mean %g, coordinate %d: mean %.17g, exact %.17g", what, mean, c, m->mean,
                  e->mean[c]);
    }
}

/* The reference holds what it samples in double, the mean included, whose resolution at 1e12, 1e-4, is a
 * hundredth of the smallest spread here: a ten-thousandth of its variance. The others hold none of the mean,
 * and have the same bits at all of them. */
TEST_ON_BACKENDS(means, far_from_the_start_cost_no_digit_of_a_variance) {
    need_backend(context, backend);
    const bool reference = strcmp(backend, "reference") == 0;
    const uint64_t seed = fresh_seed(), count = reference ? 2048 : 8192;
    for (int p = 0; myr_process_name(p); p++)
        for (int s = 0; myr_sampler_name(s); s++)
            for (int full = 0; full < 2; full++) {
                const char *process = myr_process_name(p), *sampler = myr_sampler_name(s);
                if (strcmp(process, "discrete") == 0 || !myr_sampler_supports(sampler, process))
                    continue;
                char what[128];
                snprintf(what, sizeof what, "%s, %s, %s, full %d, seed %llu", backend, process, sampler,
                         full, (unsigned long long)seed);
                const estimate near = run(backend, process, sampler, 0.0, full, seed, count);
                for (int i = 0; i < FAR_MEANS; i++) {
                    const estimate far = run(backend, process, sampler, far_means[i], full, seed, count);
                    expect_estimates(&far, what, far_means[i]);
                    for (int c = 0; !reference && c < D; c++)
                        cr_expect(far.moments[c].m2 == near.moments[c].m2 &&
                                      far.moments[c].m4 == near.moments[c].m4,
                                  "%s, mean %g: m2 %a, %a at mean 0", what, far_means[i], far.moments[c].m2,
                                  near.moments[c].m2);
                }
            }
}

/* Each level of a trajectory about its own mean, and the last one the sample. With rows that contract, float
 * is off by no more than STEPS rows of ten roundings of the largest deviation, 6.76 x 80 in each of two axes;
 * double by 2^-50 of the mean a row. */
Test(means, traces_follow_the_path) {
    enum { count = 20 };
    const double mean = 1e8, bound = STEPS * (10 * 0x1p-24 * 6.76 * 80.0 * D + 0x1p-50 * mean);
    static double float_levels[count][STEPS + 1][D], double_levels[count][STEPS + 1][D], samples[count][D];
    static const char *const samplers[] = {"heun", "dpmpp-3m-sde"};
    for (int s = 0; s < 2; s++)
        for (int full = 0; full < 2; full++) {
            myr_target *target = make_target(mean, full);
            const myr_plan_options asked = ask("edm", samplers[s], STEPS);
            myr_plan *plan = make(&asked, target);
            myr_run_options options = MYR_RUN_OPTIONS_INIT;
            options.backend = "cpu";
            options.count = count;
            options.seed = fresh_seed();
            REQUIRE_OK(context,
                       myr_run_trace(context, plan, target, &options, &float_levels[0][0][0], NULL));
            REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, &samples[0][0], NULL));
            options.backend = "reference";
            REQUIRE_OK(context,
                       myr_run_trace(context, plan, target, &options, &double_levels[0][0][0], NULL));
            for (int i = 0; i < count; i++) {
                cr_expect(memcmp(samples[i], float_levels[i][STEPS], sizeof samples[i]) == 0);
                for (int k = 0; k <= STEPS; k++)
                    for (int c = 0; c < D; c++)
                        cr_assert(fabs(float_levels[i][k][c] - double_levels[i][k][c]) <= bound,
                                  "%s, full %d: level %d is %.12g, reference %.12g", samplers[s], full, k,
                                  float_levels[i][k][c], double_levels[i][k][c]);
            }
            myr_plan_destroy(plan);
            myr_target_destroy(target);
        }
}
