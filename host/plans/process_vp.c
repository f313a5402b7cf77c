/* Variance preserving: M training steps with noise beta_1 … beta_M, of which n are visited, then the clean
 * level. a_m^2 = alpha_m = prod_{j <= m} (1 - beta_j), s_m^2 = 1 - alpha_m.
 *
 * Everything is kept as the logarithms l_j = log(1 - beta_j), in long double: a_m = exp(L/2), s_m^2 =
 * -expm1(L), L = l_1 + … + l_m, and from level m' to m the noise q = 1 - alpha_m/alpha_m' = -expm1(l_{m'+1}
 * + … + l_m): neither loses digits where beta is small. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "process.h"

/* ---- the training steps ---------------------------------------------------------------------------- */

typedef struct schedule {
    const char *name;
    double start, end; /* of beta, by default; 0: not a parameter of it */
    long double (*beta)(long double start, long double end, int64_t j, int64_t m); /* j = 0 … m - 1 */
} schedule;

static long double between(long double start, long double end, int64_t j, int64_t m) {
    return m == 1 ? start : start + (end - start) * ((long double)j / (long double)(m - 1));
}

static long double linear_beta(long double start, long double end, int64_t j, int64_t m) {
    return between(start, end, j, m);
}

static long double scaled_linear_beta(long double start, long double end, int64_t j, int64_t m) {
    long double root = between(sqrtl(start), sqrtl(end), j, m);
    return root * root;
}

/* Nichol & Dhariwal (2021): alpha(t) = cos^2(w(t)), w = (t + 0.008)/1.008 pi/2, beta = 1 -
 * alpha(t')/alpha(t) = sin(w' - w) sin(w' + w)/cos^2 w, at most 0.999. */
static long double squared_cosine_beta(long double start, long double end, int64_t j, int64_t m) {
    (void)start;
    (void)end;
    const long double half_pi = 1.57079632679489661923132169163975144L;
    long double here = ((long double)j / (long double)m + 0.008L) / 1.008L * half_pi;
    long double step = half_pi / (1.008L * (long double)m);
    long double cosine = cosl(here);
    long double beta = sinl(step) * sinl(2.0L * here + step) / (cosine * cosine);
    return beta < 0.999L ? beta : 0.999L;
}

static long double constant_beta(long double start, long double end, int64_t j, int64_t m) {
    (void)start;
    (void)j;
    (void)m;
    return end;
}

static const schedule schedules[] = {
    {"linear", 1e-4, 0.02, linear_beta},
    {"scaled_linear", 0.00085, 0.012, scaled_linear_beta},
    {"squaredcos_cap_v2", 0.0, 0.0, squared_cosine_beta},
    {"constant", 0.0, 0.02, constant_beta},
};
enum { SCHEDULES = sizeof schedules / sizeof *schedules };

void myr_settle_vp(myr_plan_options *options) {
    if (!options->schedule)
        options->schedule = schedules[0].name;
    for (int i = 0; i < SCHEDULES; i++) {
        if (strcmp(options->schedule, schedules[i].name) != 0)
            continue;
        if (options->beta_start == 0.0)
            options->beta_start = schedules[i].start;
        if (options->beta_end == 0.0)
            options->beta_end = schedules[i].end;
    }
    if (options->train_steps == 0)
        options->train_steps = 1000;
    if (!options->spacing)
        options->spacing = "leading";
    if (!options->final_alpha)
        options->final_alpha = "one";
}

static myr_status choose_schedule(myr_context *context, const char *name, const schedule **chosen) {
    for (int i = 0; i < SCHEDULES; i++)
        if (strcmp(name, schedules[i].name) == 0) {
            *chosen = &schedules[i];
            return MYR_OK;
        }
    return myr_fail(context, MYR_INVALID_ARGUMENT,
                    "schedule \"%.64s\" is no schedule of the process vp; expected linear, scaled_linear, "
                    "squaredcos_cap_v2 or constant",
                    name);
}

/* A beta where the schedule has it, and 0 where not. */
static myr_status check_beta(myr_context *context, const schedule *chosen, const char *field, double beta,
                             double own) {
    if (own == 0.0 && beta != 0.0)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "%s is %g, but the schedule %s has none", field,
                        beta, chosen->name);
    if (own != 0.0 && !(beta > 0.0 && beta < 1.0))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "%s is %g; expected a number above 0 and below 1",
                        field, beta);
    return MYR_OK;
}

/* Lin, Liu, Li & Yang (2024), "Common diffusion noise schedules and sample steps are flawed": the a_m
 * become (a_m - a_M) a_1/(a_1 - a_M). So a_m/a_{m-1} becomes (a_m - a_M)/(a_{m-1} - a_M), and l_m = 2 log1p
 * of (a_m - a_{m-1})/(a_{m-1} - a_M). */
static void rescale_to_zero_snr(long double *log_steps, int64_t m) {
    long double log_last = 0.0L, log_before = log_steps[0];
    for (int64_t j = 0; j < m; j++)
        log_last += log_steps[j];
    const long double last = expl(0.5L * log_last);
    for (int64_t j = 1; j < m; j++) {
        long double before = expl(0.5L * log_before);
        long double change = before * expm1l(0.5L * log_steps[j]);
        log_before += log_steps[j];
        log_steps[j] = 2.0L * log1pl(change / (before - last));
    }
    log_steps[m - 1] = -INFINITY; /* the last a is 0 */
}

/* l_1 … l_M into log_steps[0 … M - 1]. */
static myr_status make_training_steps(myr_context *context, const myr_plan_options *options, int64_t m,
                                      long double *log_steps) {
    const schedule *chosen = NULL;
    const double start = options->beta_start, end = options->beta_end;
    myr_status status = choose_schedule(context, options->schedule, &chosen);
    if (status == MYR_OK)
        status = check_beta(context, chosen, "beta_start", start, chosen->start);
    if (status == MYR_OK)
        status = check_beta(context, chosen, "beta_end", end, chosen->end);
    if (status == MYR_OK && options->zero_terminal_snr && m < 2)
        status = myr_fail(context, MYR_INVALID_ARGUMENT,
                          "zero_terminal_snr with train_steps 1; expected at least 2 training steps");
    if (status != MYR_OK)
        return status;
    for (int64_t j = 0; j < m; j++)
        log_steps[j] = log1pl(-chosen->beta(start, end, j, m));
    if (options->zero_terminal_snr)
        rescale_to_zero_snr(log_steps, m);
    return MYR_OK;
}

/* ---- the steps visited ----------------------------------------------------------------------------- */

typedef enum spacing { LEADING, TRAILING, LINSPACE } spacing;

static myr_status choose_spacing(myr_context *context, const myr_plan_options *options, int64_t m,
                                 spacing *chosen) {
    static const char *const names[] = {"leading", "trailing", "linspace"};
    const char *name = options->spacing;
    int index = 0;
    while (index < 3 && strcmp(name, names[index]) != 0)
        index++;
    *chosen = (spacing)index;
    if (index == 3)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "spacing \"%.64s\" is unknown; expected leading, trailing or linspace", name);
    if (*chosen == LINSPACE && options->steps == 1)
        return myr_fail(
            context, MYR_UNSUPPORTED,
            "spacing linspace with one step would start at the cleanest level; expected 2 steps "
            "or more, or another spacing");
    if (*chosen != LEADING && options->steps_offset != 0)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "steps_offset is %lld, but the spacing %s has none: it belongs to leading",
                        (long long)options->steps_offset, name);
    int64_t most = m - 1 - (options->steps - 1) * (m / options->steps);
    if (*chosen == LEADING && (options->steps_offset < 0 || options->steps_offset > most))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "steps_offset is %lld; expected 0 to %lld with %lld of %lld training steps",
                        (long long)options->steps_offset, (long long)most, (long long)options->steps,
                        (long long)m);
    return MYR_OK;
}

/* The training step, 0 … m - 1, of level k. As published (diffusers, Lin et al.), to the rounding of halves
 * to even numbers and of the sums in double: with other numbers of steps than divisors of m it shows. */
static int64_t visited(spacing chosen, const myr_plan_options *options, int64_t k, int64_t m) {
    const int64_t n = options->steps;
    const double most = (double)m;
    switch (chosen) {
        case LEADING:
            return (n - 1 - k) * (m / n) + options->steps_offset;
        case TRAILING: /* m, m - m/n, … */
            return (int64_t)rint(most + (double)k * ((most - most / (double)n) - most)) - 1;
        case LINSPACE:
        default:
            return k == 0 ? m - 1 : (int64_t)rint((double)(n - 1 - k) * ((most - 1.0) / (double)(n - 1)));
    }
}

/* ---- the grid -------------------------------------------------------------------------------------- */

static long double sum(const long double *terms, int64_t begin, int64_t end) {
    long double total = 0.0L;
    for (int64_t j = begin; j < end; j++)
        total += terms[j];
    return total;
}

/* The level of log alpha, and of the logarithms between the next, cleaner one and it. */
static myr_level make_level(long double log_alpha, long double log_gap) {
    return (myr_level){(double)expl(0.5L * log_alpha), (double)(0.0L - expm1l(log_alpha)),
                       (double)(0.0L - expm1l(log_gap))};
}

/* From the cleanest level up: the sums grow by the gaps. */
static myr_status fill_levels(myr_context *context, const myr_plan_options *options, spacing chosen,
                              const long double *log_steps, int64_t m, myr_grid *grid) {
    bool first = strcmp(options->final_alpha, "first") == 0;
    int64_t below = first ? 1 : 0; /* training steps that the level below has gone through */
    long double log_alpha = sum(log_steps, 0, below);
    grid->levels[options->steps] = make_level(log_alpha, 0.0L);
    for (int64_t k = options->steps - 1; k >= 0; k--) {
        int64_t here = visited(chosen, options, k, m) + 1;
        long double gap = sum(log_steps, below, here);
        log_alpha += gap;
        below = here;
        grid->levels[k] = make_level(log_alpha, gap);
        if (grid->levels[k].a * grid->levels[k].a < DBL_MIN && !isinf(log_alpha))
            return myr_fail(
                context, MYR_INVALID_ARGUMENT,
                "beta_1 to beta_%lld leave a^2 = exp(%.0Lf), too small for double; expected smaller "
                "betas or fewer train_steps",
                (long long)here, log_alpha);
    }
    return MYR_OK;
}

static myr_status choose_steps(myr_context *context, const myr_plan_options *options, int64_t *m) {
    *m = options->train_steps;
    if (*m < 1 || *m > MYR_MAX_STEPS)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "train_steps is %lld; expected 1 to %d",
                        (long long)*m, MYR_MAX_STEPS);
    if (options->steps > *m)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "steps is %lld; expected at most train_steps, %lld, on the process vp",
                        (long long)options->steps, (long long)*m);
    const char *final = options->final_alpha;
    if (final && strcmp(final, "one") != 0 && strcmp(final, "first") != 0)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "final_alpha \"%.64s\" is unknown; expected one or first", final);
    return MYR_OK;
}

myr_status myr_make_vp_grid(myr_context *context, const myr_plan_options *options, myr_grid *grid) {
    int64_t m = 0;
    spacing chosen = LEADING;
    myr_status status = choose_steps(context, options, &m);
    if (status == MYR_OK)
        status = choose_spacing(context, options, m, &chosen);
    if (status != MYR_OK)
        return status;
    size_t bytes = (size_t)m * sizeof(long double);
    long double *log_steps = calloc((size_t)m, sizeof *log_steps);
    if (!log_steps)
        return myr_fail_memory(context, bytes);
    status = make_training_steps(context, options, m, log_steps);
    if (status == MYR_OK)
        status = fill_levels(context, options, chosen, log_steps, m, grid);
    free(log_steps);
    grid->prior_variance = 1.0;
    return status;
}
