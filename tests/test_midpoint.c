/* The worked example of myr_plan_create_from_rows, examples/midpoint.c: it compiles, runs, and is the midpoint
 * rule. */
#include <criterion/criterion.h>

#include "plans/plan_table.h"
#include "support.h"

int run_midpoint(int argc, char **argv);
#define main run_midpoint
#include "../examples/midpoint.c"
#undef main

/* A deviation x of a Gaussian's state has D(x) = g x; the rule itself, step by step, without rows. */
static long double by_hand(double variance, double sigma_max, int steps) {
    long double x = sigma_max, v = variance;
    for (int k = 0; k < steps; k++) {
        long double from = sigma_max * pow((double)(steps - k) / steps, 3.0);
        long double to = sigma_max * pow((double)(steps - k - 1) / steps, 3.0);
        long double middle = 0.5L * (from + to);
        long double y = x + (middle - from) * (x - v / (v + from * from) * x) / from;
        x += (to - from) * (y - v / (v + middle * middle) * y) / middle;
    }
    return x * x;
}

/* Both round some ten times a step; coefficients are of size 1 to 3: 60 units of 2^-53 a step. */
Test(midpoint, rows_are_the_rule) {
    myr_context *context = new_context();
    for (int steps = 1; steps <= 256; steps *= 4) {
        double exact = NAN, limit;
        REQUIRE_OK(context, compare_midpoint(context, 0.25, 10.0, steps, &exact, &limit));
        const double want = (double)by_hand(0.25, 10.0, steps);
        cr_expect(fabs(exact - want) <= 60.0 * steps * 0x1p-53 * want, "%d steps: %.17g, not %.17g", steps,
                  exact, want);
    }
    myr_context_destroy(context);
}

/* Where trajectories of a mixture end, by the reference, from the same x_T. */
static void end_at(myr_context *context, const myr_target *target, int steps, double ends[4]) {
    static const double states[4] = {-11.0, -2.5, 0.75, 9.0};
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    myr_given given = MYR_GIVEN_INIT;
    myr_plan *plan = NULL;
    options.backend = "reference";
    options.count = 4;
    given.states = states;
    REQUIRE_OK(context, make_midpoint_plan(context, 10.0, steps, &plan));
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &options, &given, ends, NULL));
    myr_plan_destroy(plan);
}

/* Twice the steps leave a quarter of the error, and so of the change from one number of steps to its double; the
 * next order leaves a few per cent. On Gaussians, where the second order vanishes, an eighth. */
Test(midpoint, has_its_order) {
    const double weights[2] = {0.3, 0.7}, means[2] = {-1.0, 0.5}, variances[2] = {0.05, 0.2};
    myr_context *context = new_context();
    myr_target *target = NULL;
    double ends[3][4], error[2], limit;
    REQUIRE_OK(context, myr_target_create_mixture(context, 1, 2, weights, means, variances, &target));
    for (int i = 0; i < 3; i++)
        end_at(context, target, 512 << i, ends[i]);
    for (int n = 0; n < 4; n++) {
        const double order = log2((ends[0][n] - ends[1][n]) / (ends[1][n] - ends[2][n]));
        cr_expect(fabs(order - 2.0) <= 0.05, "trajectory %d: order %g", n, order);
    }
    for (int i = 0; i < 2; i++) {
        REQUIRE_OK(context, compare_midpoint(context, 0.25, 10.0, 256 << i, &error[i], &limit));
        error[i] -= limit;
    }
    const double order = log2(error[0] / error[1]);
    cr_expect(fabs(order - 3.0) <= 0.02, "order %g (%g, %g)", order, error[0], error[1]);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* A sampler's line of the list would give its plan this limit, the flow's: it is between the first level and the last
 * one entered, wherever the stages look. */
Test(midpoint, limit_is_the_flows) {
    myr_context *context = new_context();
    const double sigma_max = 10.0, variance = 0.25;
    myr_target *target = new_target(context, 1, variance);
    myr_plan *plan = NULL;
    double limit = NAN, exact = NAN;
    REQUIRE_OK(context, make_midpoint_plan(context, sigma_max, 4096, &plan));
    cr_expect_eq(myr_plan_limit(context, plan, target, &limit), MYR_UNSUPPORTED);
    plan->limit = (myr_limit){.known = true, .drift = 1.0};
    REQUIRE_OK(context, myr_plan_limit(context, plan, target, &limit));
    REQUIRE_OK(context, myr_plan_exact(context, plan, target, NULL, &exact));
    const double flow = sigma_max * sigma_max * variance / (variance + sigma_max * sigma_max);
    cr_expect(fabs(limit - flow) <= 16 * 0x1p-53 * flow, "%.17g, not %.17g", limit, flow);
    /* An error of third order (has_its_order), 5.1e-5 of the flow's at 64 steps: 1.9e-10 here. */
    cr_expect(fabs(exact - limit) <= 1e-9 * limit, "%.17g, not %.17g", exact, limit);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* Every backend that is here, in units of the standard error: 6 are passed once in 5e8 runs. */
Test(midpoint, simulated_moments_are_the_exact_ones) {
    myr_context *context = new_context();
    const double mean = -0.75, variance = 0.25;
    myr_target *target = NULL;
    myr_plan *plan = NULL;
    double exact_mean, exact;
    REQUIRE_OK(context, myr_target_create_gaussian(context, 1, &mean, &variance, &target));
    REQUIRE_OK(context, make_midpoint_plan(context, 10.0, 8, &plan));
    REQUIRE_OK(context, myr_plan_exact(context, plan, target, &exact_mean, &exact));
    for (int i = 0; myr_backend_name(i); i++) {
        if (myr_backend_available(context, myr_backend_name(i)) != MYR_OK)
            continue;
        myr_run_options options = MYR_RUN_OPTIONS_INIT;
        myr_moment moment;
        options.backend = myr_backend_name(i);
        options.seed = fresh_seed();
        options.count = sample_size(1000000);
        REQUIRE_OK(context, myr_run_moments(context, plan, target, &options, &moment, NULL));
        const double off[2] = {(moment.mean - exact_mean) / myr_moment_mean_error(&moment),
                               (myr_moment_variance(&moment) - exact) / myr_moment_variance_error(&moment)};
        for (int k = 0; k < 2; k++)
            cr_expect(fabs(off[k]) <= 6.0, "%s of %s: z = %g, seed %llu", k ? "variance" : "mean",
                      options.backend, off[k], (unsigned long long)options.seed);
    }
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(midpoint, the_program_runs) {
    char name[] = "midpoint", few[] = "8", none[] = "0";
    char *with[] = {name, few, NULL}, *without[] = {name, none, NULL};
    cr_expect_eq(run_midpoint(2, with), 0);
    cr_expect_eq(run_midpoint(2, without), 2);
}
