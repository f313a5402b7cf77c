/* The variance of ddpm-large samples after 100 steps: estimated on whatever backend is there, and exact. */
#include <myriad/myriad.h>
#include <stdio.h>

int main(void) {
    const double mean = 0, variance = 0.01; /* of the target */
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.sampler = "ddpm-large";
    options.steps = 100;
    myr_run_options run = MYR_RUN_OPTIONS_INIT; /* a million trajectories */

    myr_context *context = NULL;
    myr_target *target = NULL;
    myr_plan *plan = NULL;
    myr_moment moment;
    double exact;
    int failed = myr_context_create(&context) ||
                 myr_target_create_gaussian(context, 1, &mean, &variance, &target) ||
                 myr_plan_create(context, &options, target, &plan) ||
                 myr_plan_exact(context, plan, target, NULL, &exact) ||
                 myr_run_moments(context, plan, target, &run, &moment, NULL);
    if (failed) {
        fprintf(stderr, "variance: %s\n", myr_context_error(context));
    } else {
        printf("variance %.6g +- %.1g, exact %.6g\n", myr_moment_variance(&moment),
               myr_moment_variance_error(&moment), exact);
    }
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
    return failed;
}
