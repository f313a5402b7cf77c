/* Options of processes and samplers that make no sense, each refused with the reason. */
#include <criterion/criterion.h>

#include "plan_suite.h"

TestSuite(sampler_refusals, .init = begin, .fini = end);

static void refused(const myr_plan_options *options, myr_status expected, const char *first,
                    const char *second) {
    myr_target *target = new_target(context, 1, 0.25);
    myr_plan *plan = (myr_plan *)(intptr_t)16;
    myr_status status = myr_plan_create(context, options, target, &plan);
    const char *message = myr_context_error(context);
    cr_assert_eq(status, expected, "%s: %s, for %s", myr_status_name(status), message, first);
    cr_assert(strstr(message, first) && strstr(message, second), "\"%s\" lacks %s or %s", message, first,
              second);
    cr_assert_null(plan);
    myr_target_destroy(target);
}

Test(sampler_refusals, options_that_make_no_sense_are_refused_with_the_reason) {
#define REFUSED(status, process, sampler, steps, field, value, first, second) \
    do {                                                                      \
        myr_plan_options asked = ask(process, sampler, steps);                \
        asked.field = (value);                                                \
        refused(&asked, status, first, second);                               \
    } while (0)
    const myr_status bad = MYR_INVALID_ARGUMENT;
    REFUSED(bad, "ve", "ddim", 5, schedule, "linear", "schedule is \"linear\"", "ve has none");
    REFUSED(bad, "ve", "ddim", 5, zero_terminal_snr, true, "zero_terminal_snr is on", "ve has none");
    REFUSED(bad, "edm", "ddim", 5, train_steps, 100, "train_steps is 100", "edm has none");
    REFUSED(bad, "edm", "ddim", 5, beta_end, 0.02, "beta_end is 0.02", "edm has none");
    REFUSED(bad, "vp", "ddim", 5, sigma_max, 80.0, "sigma_max is 80", "vp has none");
    REFUSED(bad, "vp", "ddim", 5, schedule, "karras", "karras", "squaredcos_cap_v2");
    REFUSED(bad, "edm", "ddim", 5, schedule, "linear", "linear", "exponential");
    REFUSED(bad, "vp", "ddim", 5, beta_start, 1.0, "beta_start is 1", "below 1");
    REFUSED(bad, "vp", "ddim", 5, beta_start, -0.1, "beta_start is -0.1", "above 0");
    REFUSED(bad, "vp", "ddim", 5, beta_end, NAN, "beta_end is", "above 0");
    REFUSED(bad, "vp", "ddim", 5, train_steps, 4, "steps is 5", "at most train_steps, 4");
    REFUSED(bad, "vp", "ddim", 5, train_steps, -1, "train_steps is -1", "1 to 1000000");
    REFUSED(bad, "vp", "ddim", 5, train_steps, MYR_MAX_STEPS + 1, "train_steps is", "1 to 1000000");
    REFUSED(bad, "vp", "ddim", 5, spacing, "even", "spacing \"even\"", "linspace");
    REFUSED(bad, "vp", "ddim", 5, final_alpha, "zero", "final_alpha \"zero\"", "one or first");
    REFUSED(bad, "vp", "ddim", 5, steps_offset, 200, "steps_offset is 200", "0 to 199");
    REFUSED(bad, "vp", "ddim", 5, steps_offset, -1, "steps_offset is -1", "0 to 199");
    REFUSED(bad, "edm", "ddim", 5, sigma_min, 80.0, "sigma_min is 80", "sigma_max");
    REFUSED(bad, "edm", "ddim", 5, sigma_max, INFINITY, "sigma_max is inf", "1e-09 to 1e+09");
    REFUSED(bad, "edm", "ddim", 5, sigma_min, -1.0, "sigma_min is -1", "1e-09");
    REFUSED(bad, "edm", "ddim", 5, rho, 1e-3, "rho is 0.001", "0.1 to 1000");
    REFUSED(bad, "edm", "ddim", 5, churn, 1.0, "churn is 1", "euler and heun");
    REFUSED(bad, "edm", "heun", 5, churn, -1.0, "churn is -1", "0 to");
    REFUSED(bad, "edm", "heun", 5, churn, NAN, "churn is", "0 to");
    REFUSED(bad, "edm", "ddim", 5, noise_scale, 2.0, "noise_scale is 2", "ddim has none");
    REFUSED(bad, "edm", "heun", 5, noise_scale, -2.0, "noise_scale is -2", "0 to 1000");
    REFUSED(bad, "edm", "heun", 5, eta, 0.5, "eta is 0.5", "heun has no eta");
    REFUSED(MYR_UNSUPPORTED, "edm", "ddim-half", 5, eta, -1.0, "ddim-half is defined on", "edm");
    REFUSED(MYR_UNSUPPORTED, "vp", "ddim", 1, spacing, "linspace", "linspace", "2 steps");
#undef REFUSED
    myr_plan_options options = ask("vp", "ddim", 5);
    options.spacing = "trailing";
    options.steps_offset = 1;
    refused(&options, bad, "steps_offset is 1", "leading");
    options = ask("edm", "heun", 5);
    options.churn_min = 2.0;
    options.churn_max = 1.0;
    refused(&options, bad, "churn_max is 1", "churn_min, 2");
    options = ask("edm", "heun", 5);
    options.schedule = "exponential";
    options.rho = 7.0;
    refused(&options, bad, "rho is 7", "karras");
    options = ask("vp", "ddim", 1000);
    options.schedule = "constant";
    options.beta_end = 0.9;
    refused(&options, bad, "too small for double", "smaller betas");
    options = ask("vp", "ddim", 1);
    options.zero_terminal_snr = true;
    options.train_steps = 1;
    refused(&options, bad, "zero_terminal_snr", "2 training steps");
}

/* a = 0 is there for samplers that need no x/a, and refused by the others with the reason. */
Test(sampler_refusals, a_level_without_signal_is_refused_by_samplers_on_x_over_a) {
    myr_target *target = new_target(context, 1, 0.25);
    for (int i = 0; myr_sampler_name(i); i++) {
        const char *sampler = myr_sampler_name(i);
        if (!myr_sampler_supports(sampler, "vp"))
            continue;
        myr_plan_options options = ask("vp", sampler, 10);
        options.zero_terminal_snr = true;
        myr_plan_destroy(make(&options, target)); /* leading leaves the last training step out */
        options.spacing = "trailing";
        bool general = strncmp(sampler, "ddpm", 4) == 0 || strncmp(sampler, "ddim", 4) == 0;
        if (!general) {
            refused(&options, MYR_UNSUPPORTED, sampler, "a is 0");
            continue;
        }
        myr_plan *plan = make(&options, target);
        double mean = NAN, variance = NAN, limit = NAN;
        REQUIRE_OK(context, myr_plan_exact(context, plan, target, &mean, &variance));
        REQUIRE_OK(context, myr_plan_limit(context, plan, target, &limit));
        cr_assert(isfinite(mean) && variance >= 0.0 && limit >= 0.0, "%s", sampler);
        myr_plan_destroy(plan);
    }
    myr_target_destroy(target);
}
