/* The process of Karras, Aittala, Aila & Laine (2022), "Elucidating the design space of diffusion-based
 * generative models": a = 1, s = sigma, n levels from sigma_max to sigma_min, then sigma = 0. Worked in
 * long double and rounded once; q = sigma^2 - sigma'^2 comes from the grid's own step, without
 * cancellation. */
#include <math.h>
#include <string.h>

#include "ground/failure.h"
#include "process.h"

typedef struct sigma_range {
    long double min, max, rho;
    long double high, low; /* the ends where steps are equal: sigma^(1/rho), or log sigma */
    bool exponential;
} sigma_range;

static myr_status check_sigma(myr_context *context, const char *name, double value, double low,
                              double high) {
    if (!(value >= low && value <= high))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "%s is %g; expected a number from %g to %g", name,
                        value, low, high);
    return MYR_OK;
}

void myr_settle_edm(myr_plan_options *options) {
    if (!options->schedule)
        options->schedule = "karras";
    if (options->sigma_min == 0.0)
        options->sigma_min = 0.002;
    if (options->sigma_max == 0.0)
        options->sigma_max = 80.0;
    if (options->rho == 0.0 && strcmp(options->schedule, "karras") == 0)
        options->rho = 7.0;
}

static myr_status choose_range(myr_context *context, const myr_plan_options *options, sigma_range *range) {
    const char *schedule = options->schedule;
    const double min = options->sigma_min, max = options->sigma_max, rho = options->rho;
    range->exponential = strcmp(schedule, "exponential") == 0;
    if (!range->exponential && strcmp(schedule, "karras") != 0)
        return myr_fail(
            context, MYR_INVALID_ARGUMENT,
            "schedule \"%.64s\" is no schedule of the process edm; expected karras or exponential",
            schedule);
    if (range->exponential && rho != 0.0)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "rho is %g, but the schedule exponential has none: it belongs to karras", rho);
    myr_status status = check_sigma(context, "sigma_min", min, 1e-9, 1e9);
    if (status == MYR_OK)
        status = check_sigma(context, "sigma_max", max, 1e-9, 1e9);
    if (status == MYR_OK && !range->exponential)
        status = check_sigma(context, "rho", rho, 0.1, 1000.0);
    if (status == MYR_OK && min >= max)
        status = myr_fail(context, MYR_INVALID_ARGUMENT,
                          "sigma_min is %g; expected less than sigma_max, %g", min, max);
    range->min = min;
    range->max = max;
    range->rho = rho;
    range->high = range->exponential ? logl(range->max) : powl(range->max, 1.0L / range->rho);
    range->low = range->exponential ? logl(range->min) : powl(range->min, 1.0L / range->rho);
    return status;
}

/* Karras: sigma = b^rho with b in n - 1 equal steps of size D, and sigma'/sigma = (1 - D/b)^rho;
 * exponential: log sigma in equal steps. k = 0 … n - 2; log_ratio = log(sigma'/sigma). */
static long double sigma_of(const sigma_range *range, int64_t k, int64_t n, long double *log_ratio) {
    const long double share = (long double)k / (long double)(n - 1);
    const long double base = (1.0L - share) * range->high + share * range->low;
    const long double step = (range->high - range->low) / (long double)(n - 1);
    *log_ratio = range->exponential ? -step : range->rho * log1pl(-step / base);
    return range->exponential ? expl(base) : powl(base, range->rho);
}

static myr_level last_level(long double sigma) {
    double variance = (double)(sigma * sigma);
    return (myr_level){1.0, variance, variance};
}

myr_status myr_make_edm_grid(myr_context *context, const myr_plan_options *options, myr_grid *grid) {
    sigma_range range = {0};
    myr_status status = choose_range(context, options, &range);
    if (status != MYR_OK)
        return status;
    const int64_t n = options->steps;
    const myr_level clean = {1.0, 0.0, 0.0};
    for (int64_t k = 0; k < n - 1; k++) {
        long double log_ratio, sigma = sigma_of(&range, k, n, &log_ratio);
        long double variance = sigma * sigma;
        grid->levels[k] =
            (myr_level){1.0, (double)variance, (double)(variance * -expm1l(2.0L * log_ratio))};
    }
    grid->levels[n - 1] = last_level(n > 1 ? range.min : range.max);
    grid->levels[n] = clean;
    grid->prior_variance = (double)(range.max * range.max);
    grid->fixed_end = true;
    grid->end[0] = last_level(range.min);
    grid->end[1] = clean;
    return MYR_OK;
}
