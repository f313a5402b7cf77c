/* Preferences drawn from known rewards: what is asked is checked, a backend draws. */
#include <math.h>
#include <stdlib.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "policy_tables.h"

/* exp(600) times the longest arrival, 23, is far below the largest double, and exp(-600) of the shortest
 * above the smallest. */
static const double widest = 600.0;

static void find_range(const double *rewards, uint32_t answers, double *low, double *high) {
    *low = *high = rewards[0];
    for (uint32_t y = 1; y < answers; y++) {
        *low = fmin(*low, rewards[y]);
        *high = fmax(*high, rewards[y]);
    }
}

static myr_status check_range(myr_context *context, const myr_policy_problem *problem) {
    for (size_t x = 0; x < problem->prompts; x++) {
        double low, high;
        find_range(problem->rewards + x * problem->answers, problem->answers, &low, &high);
        if (!(high - low <= widest))
            return myr_fail(
                context, MYR_INVALID_DATA,
                "policy: the rewards of prompt %zu go from %g to %g (expected at most 600 apart)", x, low,
                high);
    }
    return MYR_OK;
}

/* Rewards relative to the prompt's largest, so that exp(-r) is a double. */
static double *make_relative(const myr_policy_problem *problem) {
    double *relative = malloc(myr_policy_size(problem) * sizeof *relative);
    const size_t answers = problem->answers;
    for (size_t x = 0; relative && x < problem->prompts; x++) {
        double low, high;
        find_range(problem->rewards + x * answers, problem->answers, &low, &high);
        for (size_t y = 0; y < answers; y++)
            relative[x * answers + y] = problem->rewards[x * answers + y] - high;
    }
    return relative;
}

double *myr_race_scales(const myr_ranking_draw *draw) {
    const size_t size = (size_t)draw->prompts * draw->answers;
    double *scales = malloc(size * sizeof *scales);
    for (size_t n = 0; scales && n < size; n++)
        scales[n] = exp(-draw->rewards[n]);
    return scales;
}

static myr_status check(myr_context *context, const myr_policy_problem *problem,
                        const myr_run_options *options, uint32_t length, const uint32_t *rankings) {
    const myr_status status = check_range(context, problem);
    if (status != MYR_OK)
        return status;
    if (!rankings)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "rankings is NULL (expected an array)");
    if (length < 2 || length > MYR_MAX_SIMULATED || length > problem->answers)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "length: %lu is out of range (expected 2 … %d, and no more than the answers)",
                        (unsigned long)length, MYR_MAX_SIMULATED);
    if (options->count > SIZE_MAX / sizeof *rankings / length)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "count is %llu, expected that count x length numbers can be addressed",
                        (unsigned long long)options->count);
    return MYR_OK;
}

myr_status myr_policy_simulate(myr_context *context, const myr_policy_problem *problem,
                               const myr_run_options *options, uint32_t length, uint32_t *rankings) {
    MYR_STANDARD_ENVIRONMENT;
    myr_compute where;
    myr_policy_problem known;
    myr_run_options how;
    myr_status status = myr_options_given(context, options);
    if (status == MYR_OK)
        status = myr_policy_take(context, &problem, &known, true);
    if (status == MYR_OK)
        status = myr_run_options_read(context, &options, &how);
    if (status == MYR_OK)
        status = check(context, problem, options, length, rankings);
    if (status == MYR_OK)
        status = myr_run_where(context, options, &where, NULL);
    if (status != MYR_OK)
        return status;
    double *rewards = make_relative(problem);
    if (!rewards)
        return myr_fail_memory(context, myr_policy_size(problem) * sizeof *rewards);
    const myr_ranking_draw draw = {.seed = options->seed,
                                   .first = options->first,
                                   .count = options->count,
                                   .prompts = problem->prompts,
                                   .answers = problem->answers,
                                   .length = length,
                                   .rewards = rewards,
                                   .threads = where.threads,
                                   .device = where.device};
    status = where.backend->simulate(context, &draw, rankings);
    free(rewards);
    return status;
}
