/* The law of distances: closed forms; their p over 200 seeds of exact draws; wrong samples found. */
#include "statistics_samples.h"

#include <inttypes.h>

#include "statistics/null_laws.h"

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

/* Laws are those of the library that gcc makes; other builds look at the code. */
#if defined(SANITIZED) || defined(__clang__)
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
