// The library from C++: a run, a covariance (LAPACKE), and a file of a target (jansson), so that what the static library
// needs is linked.
#include <myriad/myriad.h>

#include <cstdio>

int main(int argc, char **argv) {
    myr_context *context;
    myr_target *target;
    myr_plan *plan;
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    myr_run_options run = MYR_RUN_OPTIONS_INIT;
    myr_moment moments[2];
    options.steps = 20;
    run.count = 10000;
    run.backend = "cpu";
    if (argc != 2 || myr_context_create(&context) != MYR_OK)
        return 2;
    if (myr_target_load(context, argv[1], &target) != MYR_OK ||
        myr_plan_create(context, &options, target, &plan) != MYR_OK ||
        myr_run_moments(context, plan, target, &run, moments, NULL) != MYR_OK) {
        std::fprintf(stderr, "%s\n", myr_context_error(context));
        return 1;
    }
    std::printf("myriad %s: variances %g, %g\n", myr_version(), myr_moment_variance(&moments[0]),
                myr_moment_variance(&moments[1]));
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
    return 0;
}
