/* Processes and samplers: levels and rows against their closed forms, samplers that are each other, orders
 * of convergence, estimates against the exact recursion, and runs with noise that is given. */
#include <criterion/criterion.h>
#include <float.h>

#include "plan_suite.h"
#include "plans/plan_table.h"

TestSuite(samplers, .init = begin, .fini = end);

/* The plan for a target of one coordinate that has nothing to do with its rows. */
static myr_plan *make_plan(const myr_plan_options *options) {
    myr_target *target = new_target(context, 1, 0.01);
    myr_plan *plan = make(options, target);
    myr_target_destroy(target);
    return plan;
}

/* Fails unless the numbers agree to so many units of 2^-53, relative. */
static void expect(double got, long double want, double units, const char *what, int64_t k) {
    double bound = units * 0x1p-53 * (double)fabsl(want);
    cr_assert(fabsl(got - want) <= bound, "%s, row %lld: %.17g, not %.17Lg", what, (long long)k, got, want);
}

/* ---- vp -------------------------------------------------------------------------------------------- */

/* beta_1 … beta_M as the schedules are written, in long double. */
static long double beta_of(const char *schedule, int64_t j, int64_t m) {
    long double share = (long double)j / (long double)(m - 1);
    long double linear = 1e-4L + (0.02L - 1e-4L) * share;
    long double root = sqrtl(0.00085L) + (sqrtl(0.012L) - sqrtl(0.00085L)) * share;
    return strcmp(schedule, "linear") == 0          ? linear
           : strcmp(schedule, "scaled_linear") == 0 ? root * root
                                                    : 0.02L;
}

/* q(x_m | x_0) = N(sqrt(alpha_m) x_0, (1 - alpha_m) I), and with all M steps visited ddpm-small's rows are
 * q(x_{m-1} | x_m, x_0). The defaults' doubles are some 2^-54 from the decimals written here; products of
 * 1000 factors carry that on. */
Test(samplers, vp_levels_and_posteriors_are_the_closed_forms) {
    const char *schedules[] = {"linear", "scaled_linear", "constant"};
    for (int i = 0; i < 3; i++) {
        myr_plan_options options = ask("vp", "ddpm-small", 1000);
        options.schedule = schedules[i];
        myr_plan *plan = make_plan(&options);
        const myr_row *rows = myr_plan_rows(plan);
        long double alpha = 1.0L; /* of the step before: alpha_0 = 1 */
        for (int64_t m = 1; m <= 1000; m++) {
            const int64_t k = 1000 - m;
            long double beta = beta_of(schedules[i], m - 1, 1000), before = alpha;
            alpha *= 1.0L - beta;
            expect(rows[k].a, sqrtl(alpha), 30, "a", k);
            expect(rows[k].s, sqrtl(1.0L - alpha), 30, "s", k);
            expect(rows[k].A, sqrtl(1.0L - beta) * (1.0L - before) / (1.0L - alpha), 30, "A", k);
            expect(rows[k].B, beta * sqrtl(before) / (1.0L - alpha), 30, "B", k);
            expect(rows[k].C, sqrtl((1.0L - before) / (1.0L - alpha) * beta), 30, "C", k);
        }
        cr_assert(rows[999].a_next == 1.0 && rows[999].s_next == 0.0);
        myr_plan_destroy(plan);
    }
}

/* The levels of a spacing are those of the whole schedule at the training steps that the published formulas
 * give: computed apart, with halves rounded to even numbers. */
Test(samplers, spacings_visit_the_published_training_steps) {
    static const struct {
        const char *spacing;
        int64_t offset, steps, visited[16];
    } cases[] = {
        {"leading", 0, 7, {852, 710, 568, 426, 284, 142, 0}},
        {"leading", 5, 7, {857, 715, 573, 431, 289, 147, 5}},
        {"trailing", 0, 7, {999, 856, 713, 570, 428, 285, 142}},
        {"linspace", 0, 7, {999, 832, 666, 500, 333, 166, 0}},
        {"trailing",
         0,
         16,
         {999, 937, 874, 811, 749, 687, 624, 561, 499, 437, 374, 311, 249, 187, 124, 61}},
        {"linspace", 0, 16, {999, 932, 866, 799, 733, 666, 599, 533, 466, 400, 333, 266, 200, 133, 67, 0}},
        {"leading", 0, 1, {0}},
        {"trailing", 0, 1, {999}},
    };
    myr_plan_options all = ask("vp", "ddpm-large", 1000);
    myr_plan *whole = make_plan(&all);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        myr_plan_options options = ask("vp", "ddpm-large", cases[i].steps);
        options.spacing = cases[i].spacing;
        options.steps_offset = cases[i].offset;
        myr_plan *plan = make_plan(&options);
        const myr_row *rows = myr_plan_rows(plan);
        for (int64_t k = 0; k < cases[i].steps; k++) {
            const myr_row *want = &myr_plan_rows(whole)[999 - cases[i].visited[k]];
            expect(rows[k].a, want->a, 2, cases[i].spacing, k);
            expect(rows[k].s, want->s, 2, cases[i].spacing, k);
            cr_assert(k == 0 || (rows[k].a == rows[k - 1].a_next && rows[k].s == rows[k - 1].s_next),
                      "a step goes to the level that the grid names next");
        }
        cr_assert_eq(rows[cases[i].steps - 1].s_next, 0.0);
        myr_plan_destroy(plan);
    }
    myr_plan_destroy(whole);
}

Test(samplers, the_last_level_is_clean_or_the_first_training_step) {
    const char *alphas[] = {"one", "first"};
    for (int i = 0; i < 2; i++) {
        myr_plan_options options = ask("vp", "ddim", 10);
        options.steps_offset = 1;
        options.final_alpha = alphas[i];
        myr_plan *plan = make_plan(&options);
        const myr_row *last = &myr_plan_rows(plan)[9];
        expect(last->a, sqrtl(0.9999L * (1.0L - beta_of("linear", 1, 1000))), 4, "a", 9);
        expect(last->a_next, i ? sqrtl(0.9999L) : 1.0L, 4, "a_next", 9);
        expect(last->s_next * last->s_next, i ? 1e-4L : 0.0L, 8, "s_next^2", 9);
        myr_plan_destroy(plan);
    }
}

/* With zero terminal SNR the last training step has a = 0, s = 1, and the first keeps its own. */
Test(samplers, zero_terminal_snr_ends_in_pure_noise) {
    myr_plan_options options = ask("vp", "ddim", 1000);
    myr_plan *plain = make_plan(&options);
    options.zero_terminal_snr = true;
    myr_plan *plan = make_plan(&options);
    const myr_row *rows = myr_plan_rows(plan), *old = myr_plan_rows(plain);
    cr_assert(rows[0].a == 0.0 && rows[0].s == 1.0);
    cr_assert(rows[0].A == rows[0].s_next && rows[0].B == rows[0].a_next, "x0 is all that D knows of x");
    double last = old[0].a, first = old[999].a;
    for (int64_t k = 1; k < 1000; k++) {
        /* (a - a_M) loses up to a_998/(a_998 - a_999), which is near 100. */
        expect(rows[k].a, ((long double)old[k].a - last) * first / ((long double)first - last), 400, "a",
               k);
        expect(rows[k].a * rows[k].a + rows[k].s * rows[k].s, 1.0L, 4, "a^2 + s^2", k);
    }
    myr_plan_destroy(plan);
    myr_plan_destroy(plain);
}

/* ---- edm ------------------------------------------------------------------------------------------- */

Test(samplers, edm_levels_are_the_closed_forms) {
    const int64_t steps[] = {1, 2, 3, 18, 1000};
    for (int i = 0; i < 5; i++)
        for (int exponential = 0; exponential < 2; exponential++) {
            const int64_t n = steps[i];
            myr_plan_options options = ask("edm", "ddpm-large", n);
            options.schedule = exponential ? "exponential" : "karras";
            options.sigma_min = 0.0025;
            options.sigma_max = 56.0;
            options.rho = exponential ? 0.0 : 5.0;
            myr_plan *plan = make_plan(&options);
            for (int64_t k = 0; k < n; k++) {
                long double share = n > 1 ? (long double)k / (long double)(n - 1) : 0.0L;
                long double low = powl(0.0025L, 0.2L), high = powl(56.0L, 0.2L);
                long double sigma = exponential ? 56.0L * powl(0.0025L / 56.0L, share)
                                                : powl(high + share * (low - high), 5.0L);
                const myr_row *row = &myr_plan_rows(plan)[k];
                expect(row->s, sigma, 8, options.schedule, k);
                /* q = s^2 - s'^2, whose digits are lost here, not there. */
                long double q = (long double)row->s * row->s - (long double)row->s_next * row->s_next;
                double slack = 8 * 0x1p-53 * row->s * row->s;
                cr_assert(fabsl(row->C * row->C - q) <= slack, "q, row %lld", (long long)k);
                cr_assert(row->a == 1.0 && row->a_next == 1.0);
            }
            cr_assert_eq(myr_plan_rows(plan)[n - 1].s_next, 0.0);
            myr_plan_destroy(plan);
        }
}

/* ---- samplers that are each other ------------------------------------------------------------------ */

static const char *const processes[] = {"ve", "vp", "edm"};

static void expect_same_rows(const char *process, const char *one, double eta_one, const char *other,
                             double eta_other) {
    myr_plan_options first = ask(process, one, 77), second = ask(process, other, 77);
    first.eta = eta_one;
    second.eta = eta_other;
    myr_plan *left = make_plan(&first), *right = make_plan(&second);
    for (int64_t k = 0; k < 77; k++) {
        const myr_row *a = &myr_plan_rows(left)[k], *b = &myr_plan_rows(right)[k];
        expect(a->A, b->A, 40, one, k);
        expect(a->B, b->B, 40, one, k);
        expect(a->C, b->C, 40, one, k);
        cr_assert(a->P == b->P && a->Q == b->Q && a->n == b->n && a->two_stage == b->two_stage);
    }
    myr_plan_destroy(left);
    myr_plan_destroy(right);
}

Test(samplers, some_are_others) {
    for (int i = 0; i < 3; i++) {
        expect_same_rows(processes[i], "ddim", 1.0, "ddpm-small", MYR_DEFAULT_ETA);
        expect_same_rows(processes[i], "euler", MYR_DEFAULT_ETA, "ddim", 0.0);
        expect_same_rows(processes[i], "euler-ancestral", MYR_DEFAULT_ETA, "ddpm-small", MYR_DEFAULT_ETA);
        expect_same_rows(processes[i], "euler-ancestral", 0.3, "ddim", 0.3);
    }
}

/* Without a past, and to s' = 0, the multistep samplers take a first-order step. */
Test(samplers, multistep_samplers_begin_and_end_with_first_order) {
    const char *names[] = {"dpmpp-2m", "dpmpp-2m-sde", "dpmpp-3m-sde", "dpmpp-3m-sde-corrected"};
    for (int i = 0; i < 4; i++)
        for (int p = 0; p < 3; p++) {
            myr_plan_options options = ask(processes[p], names[i], 9),
                             plain = ask(processes[p], "euler", 9);
            options.eta = i == 0 ? MYR_DEFAULT_ETA : 0.0;
            myr_plan *plan = make_plan(&options), *euler = make_plan(&plain);
            const myr_row *rows = myr_plan_rows(plan), *last = &rows[8];
            cr_assert(rows[0].P == 0.0 && rows[0].Q == 0.0 && rows[1].P != 0.0 && rows[1].Q == 0.0);
            cr_assert((rows[2].Q != 0.0) == (i >= 2));
            cr_assert(last->A == 0.0 && last->B == last->a_next && last->P == 0.0 && last->Q == 0.0);
            cr_assert(rows[0].A == myr_plan_rows(euler)[0].A && rows[0].B == myr_plan_rows(euler)[0].B);
            for (int k = 0; k < 9; k++) /* a fixed point: x = a x0, and all outputs x0 */
                expect(rows[k].A * rows[k].a + rows[k].B + rows[k].P + rows[k].Q, rows[k].a_next, 200,
                       names[i], k);
            myr_plan_destroy(plan);
            myr_plan_destroy(euler);
        }
}

/* ---- convergence ----------------------------------------------------------------------------------- */

/* How a deviation arrives, for a deterministic sampler, and its limit. */
static double factor_error(const myr_plan_options *options, double variance) {
    myr_target *target = new_target(context, 1, variance);
    myr_plan *plan = make(options, target);
    double got = NAN, limit = NAN;
    REQUIRE_OK(context, myr_plan_exact(context, plan, target, NULL, &got));
    REQUIRE_OK(context, myr_plan_limit(context, plan, target, &limit));
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    return sqrt(got) - sqrt(limit);
}

/* Twice the intervals divide the error by 2^order; the next order leaves a few per cent of that. */
Test(samplers, deterministic_samplers_have_their_order) {
    static const struct {
        const char *sampler;
        double eta;
        int order;
    } cases[] = {{"ddim", 0.0, 1},
                 {"euler", MYR_DEFAULT_ETA, 1},
                 {"heun", MYR_DEFAULT_ETA, 2},
                 {"dpmpp-2m", MYR_DEFAULT_ETA, 2},
                 {"dpmpp-2m-sde", 0.0, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int exponential = 0; exponential < 2; exponential++) {
            double error[2];
            for (int twice = 0; twice < 2; twice++) {
                myr_plan_options options = ask("edm", cases[i].sampler, 1 + (2048 << twice));
                options.eta = cases[i].eta;
                options.schedule = exponential ? "exponential" : "karras";
                error[twice] = factor_error(&options, 0.25);
            }
            double order = log2(error[0] / error[1]);
            cr_assert(fabs(order - cases[i].order) <= 0.05, "%s, %s: order %g (%g, %g)", cases[i].sampler,
                      exponential ? "exponential" : "karras", order, error[0], error[1]);
        }
}

/* The published third-order step lacks a factor 2, and is of second order; corrected, it is of third. On
 * karras' sigmas the next order leaves 0.03 at 512 steps, the first step, of first order at gain 4e-5, less; on
 * the exponential ones the corrected sampler's errors above and below sigma = 1/2 nearly cancel, so that its
 * range ends there. */
Test(samplers, dpmpp_3m_sde_is_of_second_order_and_of_third_corrected) {
    static const char *const names[] = {"dpmpp-3m-sde", "dpmpp-3m-sde-corrected"};
    for (int corrected = 0; corrected < 2; corrected++)
        for (int exponential = 0; exponential < 2; exponential++) {
            double error[2];
            for (int twice = 0; twice < 2; twice++) {
                myr_plan_options options = ask("edm", names[corrected], 1 + (512 << twice));
                options.eta = 0.0;
                if (exponential)
                    options.schedule = "exponential";
                if (exponential && corrected) {
                    options.sigma_max = 1000.0;
                    options.sigma_min = 0.5;
                }
                error[twice] = factor_error(&options, 0.25);
            }
            double order = log2(error[0] / error[1]);
            cr_assert(fabs(order - 2.0 - corrected) <= 0.05, "%s, %s: order %g (%g, %g)", names[corrected],
                      exponential ? "exponential" : "karras", order, error[0], error[1]);
        }
}

/* With so many steps, how far the exact variance is from the limit, relative. */
static double limit_error(const char *process, const char *sampler, const char *start, int64_t steps,
                          const myr_target *target) {
    myr_plan_options options = ask(process, sampler, steps);
    double got = NAN, limit = NAN;
    options.start = start;
    myr_plan *plan = make(&options, target);
    REQUIRE_OK(context, myr_plan_exact(context, plan, target, NULL, &got));
    REQUIRE_OK(context, myr_plan_limit(context, plan, target, &limit));
    myr_plan_destroy(plan);
    return fabs(got - limit) / limit;
}

/* Every sampler comes to its limit on ve and on edm, with noise and without: four times the steps leave less than half of
 * the error, unless it is rounding already. (The steps of vp are training steps, which more of them make no smaller.) */
Test(samplers, all_approach_their_limit) {
    static const char *const starts[] = {"prior", "exact"};
    myr_target *target = new_target(context, 1, 0.25);
    for (int i = 0; myr_sampler_name(i); i++)
        for (int n = 0; n < 4; n++) {
            const char *sampler = myr_sampler_name(i), *process = n < 2 ? "ve" : "edm";
            const char *start = starts[n % 2];
            if (!myr_sampler_supports(sampler, process))
                continue;
            const double few = limit_error(process, sampler, start, 2048, target);
            const double many = limit_error(process, sampler, start, 8192, target);
            cr_expect(many <= fmax(0.5 * few, 1e-11) && many <= 0.02, "%s on %s, start %s: %g, then %g",
                      sampler, process, start, few, many);
        }
    myr_target_destroy(target);
}

/* The exact conditional law carries each true marginal to the next, at every grid: to the rounding of some
 * five operations a row, a random walk's. */
Test(samplers, ddpm_exact_from_the_exact_start_gives_the_target) {
    const double variances[] = {1e-4, 0.01, 1.0, 30.0};
    for (int p = 0; p < 3; p++)
        for (int i = 0; i < 4; i++)
            for (int64_t steps = 1; steps <= 1000; steps *= 10) {
                myr_target *target = new_target(context, 1, variances[i]);
                myr_plan_options options = ask(processes[p], "ddpm-exact", steps);
                options.start = "exact";
                myr_plan *plan = make(&options, target);
                double got = NAN;
                REQUIRE_OK(context, myr_plan_exact(context, plan, target, NULL, &got));
                expect(got, variances[i], 10.0 * (double)steps + 20.0, processes[p], steps);
                myr_plan_destroy(plan);
                myr_target_destroy(target);
            }
}

/* noise_scale multiplies the noise, and the limit's intensity is its square; churn has none. */
Test(samplers, noise_scale_and_churn_do_what_they_say) {
    myr_target *target = new_target(context, 1, 0.25);
    const char *names[] = {"euler-ancestral", "dpmpp-2m-sde", "dpmpp-3m-sde", "dpmpp-3m-sde-corrected"};
    for (int i = 0; i < 4; i++) {
        myr_plan_options options = ask("edm", names[i], 12), scaled = options;
        scaled.noise_scale = 1.5;
        myr_plan *one = make(&options, target), *more = make(&scaled, target);
        for (int k = 0; k < 12; k++)
            expect(myr_plan_rows(more)[k].C, 1.5L * myr_plan_rows(one)[k].C, 4, names[i], k);
        myr_plan_destroy(one);
        myr_plan_destroy(more);
    }
    myr_plan_options options = ask("edm", "heun", 20);
    options.churn = 4.0;
    options.churn_min = 0.1;
    options.churn_max = 10.0;
    options.noise_scale = 1.25;
    myr_plan *plan = make(&options, target);
    int churned = 0;
    for (int k = 1; k < 20; k++) {
        const myr_row *row = &myr_plan_rows(plan)[k];
        double sigma = row[-1].s_next, inside = sigma >= 0.1 && sigma <= 10.0;
        expect(row->s, inside ? 1.2L * sigma : sigma, 8, "sigma^", k); /* 1 + min(4/20, 0.414…) */
        expect(row->n, inside ? 1.25L * sigma * sqrtl(0.44L) : 0.0L, 40, "n", k);
        churned += inside ? 1 : 0;
    }
    cr_assert(churned > 3 && churned < 17);
    double limit;
    cr_assert_eq(myr_plan_limit(context, plan, target, &limit), MYR_UNSUPPORTED);
    cr_assert_eq(myr_plan_slots(plan), 1);
    myr_plan_destroy(plan);
    options.churn = 1e6; /* sqrt(2) - 1 at most */
    plan = make(&options, target);
    expect(myr_plan_rows(plan)[10].s, sqrtl(2.0L) * myr_plan_rows(plan)[9].s_next, 8, "sigma^", 10);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
}

/* ---- estimates ------------------------------------------------------------------------------------- */

/* 5 standard errors: of some 140 z values one passes them in 12,000 runs. */
Test(samplers, estimates_agree_with_the_recursion_on_cpu) {
    const uint64_t seed = fresh_seed() >> 1;
    const double mean[2] = {0.75, -2.0}, variance[2] = {0.01, 1.5};
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_gaussian(context, 2, mean, variance, &target));
    uint64_t runs = 0;
    for (int p = 0; p < 3; p++)
        for (int i = 0; myr_sampler_name(i); i++)
            for (int exact = 0; exact < 2; exact++) {
                const char *sampler = myr_sampler_name(i);
                if (!myr_sampler_supports(sampler, processes[p]))
                    continue;
                myr_plan_options options = ask(processes[p], sampler, 20);
                options.start = exact ? "exact" : "prior";
                myr_plan *plan = make(&options, target);
                double exact_mean[2], exact_variance[2];
                myr_moment moments[2];
                myr_run_options run = MYR_RUN_OPTIONS_INIT;
                run.backend = "cpu";
                run.seed = seed;
                run.count = sample_size(1000000);
                run.first = runs++ * run.count;
                run.threads = 1;
                REQUIRE_OK(context, myr_plan_exact(context, plan, target, exact_mean, exact_variance));
                REQUIRE_OK(context, myr_run_moments(context, plan, target, &run, moments, NULL));
                for (int c = 0; c < 2; c++) {
                    double z = (moments[c].mean - exact_mean[c]) / myr_moment_mean_error(&moments[c]);
                    double z2 = (myr_moment_variance(&moments[c]) - exact_variance[c]) /
                                myr_moment_variance_error(&moments[c]);
                    cr_assert(fabs(z) <= 5.0 && fabs(z2) <= 5.0, "seed %llu, %s %s, start %s: z %g, %g",
                              (unsigned long long)seed, processes[p], sampler, options.start, z, z2);
                }
                myr_plan_destroy(plan);
            }
    cr_assert_geq(runs, 2 * (13 + 11 + 11)); /* those of today */
    myr_target_destroy(target);
}
