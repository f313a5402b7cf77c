/* The exact answer: published figures, closed forms, brute force, limits. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "myriad/myriad.h"
#include "targets/target_data.h"

static myr_context *context;

static void make_context(void) {
    cr_assert_eq(myr_context_create(&context), MYR_OK);
}
static void free_context(void) {
    myr_context_destroy(context);
}

TestSuite(exact, .init = make_context, .fini = free_context);

/* Mean, variance and limit of a sampler on a one-dimensional target. */
typedef struct answer {
    double mean, variance, limit;
} answer;

static answer solve(const myr_plan_options *options, double mean, double variance) {
    myr_target *target = NULL;
    myr_plan *plan = NULL;
    answer got = {NAN, NAN, NAN};
    cr_assert_eq(myr_target_create_gaussian(context, 1, &mean, &variance, &target), MYR_OK);
    cr_assert_eq(myr_plan_create(context, options, target, &plan), MYR_OK, "%s",
                 myr_context_error(context));
    cr_assert_eq(myr_plan_exact(context, plan, target, &got.mean, &got.variance), MYR_OK);
    cr_assert_eq(myr_plan_limit(context, plan, target, &got.limit), MYR_OK);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    return got;
}

static myr_plan_options ask(const char *sampler, int64_t steps, const char *start) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.sampler = sampler;
    options.steps = steps;
    options.start = start;
    return options;
}

Test(exact, published_figures_to_all_printed_digits) {
    const struct {
        const char *sampler, *variance;
    } figures[] = {{"ddpm-none", "9.80296e-05"},  {"ddpm-small", "4.42779e-03"},
                   {"ddpm-large", "1.64479e-02"}, {"ddpm-exact", "9.99902e-03"},
                   {"ddim", "4.72409e-03"},       {"ddim-half", "1.25752e-02"},
                   {"ddim-second", "9.19925e-03"}};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        myr_plan_options options = ask(figures[i].sampler, 100, "prior");
        char printed[32];
        snprintf(printed, sizeof printed, "%.5e", solve(&options, 0.0, 0.01).variance);
        cr_assert_str_eq(printed, figures[i].variance, "%s", figures[i].sampler);
    }
}

static long double heun_factor(long double v, long double s, long double next) {
    long double u = v + s * s, u_next = v + next * next, first = (v + s * next) / u;
    return next == 0.0L ? first : 1.0L + (next - s) / 2.0L * (s / u + next / u_next * first);
}

/* The variance in closed form, in long double, for ve, data N(m, v) and a start of variance V. A ddpm step
 * from t to t' multiplies the deviation from m by (v + t')/(v + t): the product telescopes, and noise that
 * enters at t' arrives multiplied by v/(v + t'). A ddim step multiplies by 1 - h Dt/(v + t), written as
 * (v + w)/(v + t), w = t - h Dt, so that small v lose nothing; for ddim itself, and Euler's step, w =
 * sqrt(t t') = s s'. Heun's mean of slopes makes that 1 + (s' - s)/2 (s/(v + t) + s'/(v + t') (v + s s')/(v
 * + t)). NaN for samplers without a closed form here: those with memory, whose steps are no products. */
static long double closed_form(const char *sampler, long double v, int64_t steps, long double start) {
    bool ancestral = strcmp(sampler, "euler-ancestral") == 0;
    bool ddpm = strncmp(sampler, "ddpm", 4) == 0 || ancestral;
    long double dt = 1.0L / steps, carried = ddpm ? v / (v + 1.0L) : 1.0L, noise = 0.0L;
    for (int64_t k = 1; k <= steps; k++) {
        long double t = (long double)k / steps, next = (long double)(k - 1) / steps;
        long double arrives = v / (v + next) * (v / (v + next));
        if (strcmp(sampler, "ddpm-small") == 0 || ancestral)
            noise += next * dt / t * arrives;
        else if (strcmp(sampler, "ddpm-large") == 0)
            noise += dt * arrives;
        else if (strcmp(sampler, "ddpm-exact") == 0)
            noise += (v + next) * dt / (v + t) * arrives;
        else if (strcmp(sampler, "ddim") == 0 || strcmp(sampler, "euler") == 0)
            carried *= (v + sqrtl(t * next)) / (v + t);
        else if (strcmp(sampler, "heun") == 0)
            carried *= heun_factor(v, sqrtl(t), sqrtl(next));
        else if (strcmp(sampler, "ddim-half") == 0)
            carried *= (v + (t - dt / 2.0L)) / (v + t);
        else if (strcmp(sampler, "ddim-second") == 0)
            carried *= (v + (t - dt / 2.0L - dt * dt / (8.0L * t))) / (v + t);
        else if (strcmp(sampler, "ddpm-none") != 0)
            return NAN;
    }
    return start * carried * carried + noise;
}

/* Each table entry is rounded some five times, which moves a row's factor by at most 5 u (u = 2^-53) and
 * the variance by 10 u: at most 10 u T = 1.1e-12 at T = 1000. These roundings being unrelated, a random
 * walk's 10 u sqrt(T) = 1.1e-12 holds at a million steps. One bound, for all: 10 u min(T, 1000) + 10 u,
 * rounded up. */
static double closed_form_bound(int64_t steps) {
    return 10.0 * (double)(steps < 1000 ? steps + 1 : 1001) * 0x1p-53;
}

static void compare_with_closed_forms(int64_t steps, double v) {
    for (int i = 0; myr_sampler_name(i); i++)
        for (int exact = 0; exact <= 1 && myr_sampler_supports(myr_sampler_name(i), "ve"); exact++) {
            myr_plan_options options = ask(myr_sampler_name(i), steps, exact ? "exact" : "prior");
            double got = solve(&options, 0.0, v).variance;
            long double want = closed_form(options.sampler, v, steps, exact ? (long double)v + 1.0L : 1.0L);
            if (isnan(want))
                continue;
            double error = (double)(fabsl(got - want) / want);
            cr_assert(error <= closed_form_bound(steps),
                      "%s, T %lld, v %g, start %s: %.17g, not %.17Lg (%.1e)", options.sampler,
                      (long long)steps, v, options.start, got, want, error);
        }
}

static const double variances[] = {1e-6, 1e-4, 0.01, 0.3, 1.0, 25.0, 1e6};
enum { VARIANCES = sizeof variances / sizeof *variances };

Test(exact, closed_forms_hold_at_every_number_of_steps) {
    const int64_t steps[] = {1, 2, 3, 4, 5, 10, 31, 100, 1000, 4096};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (int j = 0; j < VARIANCES; j++)
            compare_with_closed_forms(steps[i], variances[j]);
}

Test(exact, closed_forms_hold_after_a_million_steps) {
    compare_with_closed_forms(MYR_MAX_STEPS, 0.01);
}

/* At T = 1 and start N(0, 1): the single row leads to D(x) = x v/(v + 1), and ddpm-large adds N(0, 1). */
Test(exact, one_step_is_the_denoiser) {
    for (int j = 0; j < VARIANCES; j++) {
        double v = variances[j], collapsed = v / (v + 1.0) * (v / (v + 1.0));
        const struct {
            const char *sampler;
            double variance;
        } want[] = {{"ddpm-none", collapsed},
                    {"ddpm-small", collapsed},
                    {"ddpm-large", collapsed + 1.0},
                    {"ddpm-exact", collapsed + v / (v + 1.0)},
                    {"ddim", collapsed}};
        for (int i = 0; i < 5; i++) {
            myr_plan_options options = ask(want[i].sampler, 1, "prior");
            double got = solve(&options, 0.0, v).variance;
            cr_assert(fabs(got - want[i].variance) <= 8 * DBL_EPSILON * want[i].variance, "%s",
                      options.sampler);
        }
    }
}

/* The conditional law carries each true marginal to the next. */
Test(exact, ddpm_exact_from_the_exact_start_keeps_mean_and_variance) {
    for (int64_t steps = 1; steps <= 300; steps++)
        for (int j = 0; j < VARIANCES; j++) {
            myr_plan_options options = ask("ddpm-exact", steps, "exact");
            answer got = solve(&options, -3.25, variances[j]);
            double bound = closed_form_bound(steps);
            cr_assert(fabs(got.variance - variances[j]) <= bound * variances[j]);
            cr_assert(fabs(got.mean + 3.25) <= bound * 3.25);
            cr_assert(fabs(got.limit - variances[j]) <= bound * variances[j]);
        }
}

/* From N(0, 1) the mean's deviation from m shrinks as a single deviation does. */
Test(exact, the_mean_moves_as_a_deviation_does) {
    const double m = 2.5;
    for (int i = 0; myr_sampler_name(i); i++)
        for (int j = 0; j < VARIANCES && myr_sampler_supports(myr_sampler_name(i), "ve"); j++) {
            double v = variances[j];
            myr_plan_options options = ask(myr_sampler_name(i), 50, "prior");
            bool ddpm =
                strncmp(options.sampler, "ddpm", 4) == 0 || strcmp(options.sampler, "euler-ancestral") == 0;
            long double variance = closed_form(options.sampler, v, 50, 1.0L);
            if (isnan(variance))
                continue;
            long double factor = ddpm ? v / (v + 1.0L) : sqrtl(variance);
            double want = (double)(m - m * factor);
            cr_assert(fabs(solve(&options, m, v).mean - want) <= closed_form_bound(50) * m, "%s v %g",
                      options.sampler, v);
        }
}

/* Without noise (v/(v + 1))^kappa; with it v - v (v/(v + 1))^kappa, for the start N(0, 1). The difference
 * is right to some 16 u of v (five roundings and a power of up to 2 ulp, doubled). */
Test(exact, limits_are_those_of_the_table) {
    const struct {
        const char *sampler;
        double eta, kappa;
        bool noise;
    } want[] = {{"ddpm-none", -1.0, 2.0, false},
                {"ddpm-small", -1.0, 2.0, true},
                {"ddpm-large", -1.0, 2.0, true},
                {"ddpm-exact", -1.0, 2.0, true},
                {"ddim", 0.0, 1.0, false},
                {"ddim", 0.5, 1.25, true},
                {"ddim", 1.0, 2.0, true},
                {"ddim-half", -1.0, 1.0, false},
                {"ddim-second", -1.0, 1.0, false},
                {"euler", -1.0, 1.0, false},
                {"euler-ancestral", -1.0, 2.0, true},
                {"euler-ancestral", 0.5, 1.25, true},
                {"heun", -1.0, 1.0, false},
                {"dpmpp-2m", -1.0, 1.0, false},
                {"dpmpp-2m-sde", -1.0, 2.0, true},
                {"dpmpp-2m-sde", 0.5, 1.5, true},
                {"dpmpp-3m-sde", 0.0, 1.0, false}};
    for (int j = 0; j < VARIANCES; j++)
        for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
            long double v = variances[j], decay = powl(v / (v + 1.0L), want[i].kappa);
            long double limit = want[i].noise ? v - v * decay : decay;
            myr_plan_options options = ask(want[i].sampler, 7, "prior");
            options.eta = want[i].eta;
            double got = solve(&options, 0.0, variances[j]).limit;
            double bound = 16.0 * 0x1p-53 * fmax(want[i].noise ? variances[j] : 0.0, (double)limit);
            cr_assert(fabsl(got - limit) <= bound, "%s eta %g v %g", want[i].sampler, want[i].eta,
                      variances[j]);
        }
}

/* From N(0, 1) on ve the limit is v (1 - r^(kappa - 1)) + r^kappa, r = v/(v + 1), whose first term tends to
 * kappa - 1 as v grows: 1 - (1 + x)^-n at x = 1/v is n x (1 - (n + 1) x/2 + ...), the series below, of which
 * 30 terms leave 1e-30 at x = 0.1. Errors: 16 roundings as above. */
Test(exact, limits_of_large_variances_lose_no_digits) {
    static const struct {
        const char *sampler;
        double eta, kappa;
    } want[] = {{"ddpm-exact", -1.0, 2.0},
                {"ddpm-small", -1.0, 2.0},
                {"ddpm-large", -1.0, 2.0},
                {"ddim", 0.5, 1.25},
                {"dpmpp-2m-sde", 0.5, 1.5}};
    for (int power = 1; power <= 30; power++)
        for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
            const double v = pow(10.0, power);
            const long double x = 1.0L / v, n = want[i].kappa - 1.0;
            long double term = n, fresh = 0.0L; /* of v (1 - (1 + x)^-n) */
            for (int k = 1; k <= 30; k++) {
                fresh += term;
                term *= -(n + k) / (k + 1) * x;
            }
            const long double limit = fresh + expl(-want[i].kappa * log1pl(x));
            myr_plan_options options = ask(want[i].sampler, 7, "prior");
            options.eta = want[i].eta;
            const double got = solve(&options, 0.0, v).limit;
            cr_assert(fabsl(got - limit) <= 16.0L * 0x1p-53L * limit, "%s eta %g v %g: %.17g, not %.17Lg",
                      want[i].sampler, want[i].eta, v, got, limit);
        }
}

/* The limit is approached with order 1, up to a logarithm that steps below t = v bring in: for large T the
 * error is (alpha + beta log T)/T. So error times T is linear in log2 T: its second difference vanishes.
 * Order 1/2 would leave 0.12 of it, order 2 a half; the next order in Dt/v <= 0.0061 leaves less than
 * 0.0061. */
static void expect_order_one(const char *sampler, double eta, const char *start) {
    double scaled[3];
    for (int i = 0; i < 3; i++) {
        int64_t steps = (int64_t)1 << (14 + i);
        myr_plan_options options = ask(sampler, steps, start);
        options.eta = eta;
        answer got = solve(&options, 0.0, 0.01);
        scaled[i] = (got.variance - got.limit) * (double)steps;
    }
    double second = scaled[2] - 2.0 * scaled[1] + scaled[0];
    cr_assert(fabs(scaled[1]) > 1e-6, "%s: the error is not nothing", sampler);
    cr_assert(fabs(second) <= 0.0061 * fabs(scaled[1]), "%s eta %g start %s: %g %g %g", sampler, eta, start,
              scaled[0], scaled[1], scaled[2]);
}

Test(exact, limits_are_approached_with_order_one) {
    const char *starts[] = {"prior", "exact"};
    for (int i = 0; i < 2; i++) {
        expect_order_one("ddpm-small", MYR_DEFAULT_ETA, starts[i]);
        expect_order_one("ddpm-large", MYR_DEFAULT_ETA, starts[i]);
        expect_order_one("ddim", 0.0, starts[i]);
        expect_order_one("ddim", 0.5, starts[i]);
        expect_order_one("ddim", 1.0, starts[i]);
        expect_order_one("ddim-half", MYR_DEFAULT_ETA, starts[i]);
        expect_order_one("ddim-second", MYR_DEFAULT_ETA, starts[i]);
    }
}

/* The samplers whose step multiplies a deviation by the exact (v + t')/(v + t) and either add nothing or
 * the exact variance are at their limit at every T. */
Test(exact, none_and_exact_are_at_their_limit_at_once) {
    const char *samplers[] = {"ddpm-none", "ddpm-exact"};
    for (int i = 0; i < 2; i++)
        for (int64_t steps = 1; steps <= 64; steps *= 2) {
            myr_plan_options options = ask(samplers[i], steps, "prior");
            answer got = solve(&options, 0.0, 0.01);
            cr_assert(fabs(got.variance - got.limit) <= closed_form_bound(steps) * got.limit);
        }
}

/* ---- brute force: x_T as an explicit linear function of every noise ---- */

enum { ROWS = 7 };

typedef struct noises {
    long double start, z1[ROWS], z2[ROWS];
} noises;

/* D(x; a, s) for N(m, v); with majorant, the sizes of its terms. */
static long double denoise(long double x, long double a, long double s, long double m, long double v,
                           bool majorant) {
    long double gain = a * v / (a * a * v + s * s);
    return m * (majorant ? 1.0L + a * gain : 1.0L - a * gain) + gain * x;
}

/* A coefficient; with majorant, its size. */
static long double coefficient(double value, bool majorant) {
    return majorant ? fabs(value) : value;
}

/* The row of myriad/plan.h as it stands there, on one coordinate. With majorant every coefficient counts
 * with its absolute value: what comes out bounds all that was added on the way. */
static long double run_table(const myr_row *rows, int steps, long double m, long double v, long double x,
                             const noises *z, bool majorant) {
    long double d1 = 0.0L, d2 = 0.0L;
    for (int k = 0; k < steps; k++) {
        const myr_row *r = &rows[k];
        long double a = r->a, s = r->s;
        long double noise =
            sqrtl((long double)r->C * r->C + (long double)r->E * r->E * v * s * s / (a * a * v + s * s));
        x += r->n * z->z1[k];
        long double d = denoise(x, a, s, m, v, majorant);
        long double y = coefficient(r->A, majorant) * x + coefficient(r->B, majorant) * d +
                        coefficient(r->P, majorant) * d1 + coefficient(r->Q, majorant) * d2 +
                        noise * z->z2[k];
        if (r->two_stage)
            y = coefficient(r->A2, majorant) * x + coefficient(r->B2, majorant) * d +
                coefficient(r->Y, majorant) * y +
                coefficient(r->H, majorant) * denoise(y, r->a_second, r->s_second, m, v, majorant);
        d2 = d1;
        d1 = d;
        x = y;
    }
    return x;
}

/* Sum over all noises of the squared coefficient with which each enters the result. */
static long double brute_variance(const myr_row *rows, int steps, long double v, long double scale,
                                  bool majorant) {
    noises unit = {0};
    long double weight = run_table(rows, steps, 0.0L, v, scale, &unit, majorant);
    long double sum = weight * weight;
    for (int k = 0; k < steps; k++)
        for (int kind = 0; kind < 2; kind++) {
            long double *z = kind ? &unit.z2[k] : &unit.z1[k];
            *z = 1.0L;
            weight = run_table(rows, steps, 0.0L, v, 0.0L, &unit, majorant);
            sum += weight * weight;
            *z = 0.0L;
        }
    return sum;
}

static uint64_t random_state;

/* Uniform in [low, high), by splitmix64. */
static double uniform(double low, double high) {
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return low + (high - low) * (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* The value, or 0 half of the time. */
static double sometimes(double value) {
    return uniform(0, 1) < 0.5 ? value : 0.0;
}

static void make_up_table(myr_row rows[ROWS]) {
    memset(rows, 0, ROWS * sizeof *rows);
    double a = uniform(0.3, 1.5), entered = 0.0;
    for (int k = 0; k < ROWS; k++) {
        bool no_signal = uniform(0, 1) < 0.1;
        rows[k].a = a;
        rows[k].s = fmax(entered, a == 0.0 ? uniform(0.5, 2) : sometimes(uniform(0, 2)));
        rows[k].a_next = a = no_signal ? 0.0 : uniform(0.3, 1.5);
        rows[k].s_next = entered = no_signal ? uniform(0.5, 2) : sometimes(uniform(0, 2));
        rows[k].n = sometimes(uniform(0, 1));
        rows[k].A = uniform(-1, 1);
        rows[k].B = uniform(-1, 1);
        rows[k].P = sometimes(uniform(-1, 1));
        rows[k].Q = sometimes(uniform(-1, 1));
        rows[k].C = sometimes(uniform(0, 1));
        rows[k].E = sometimes(uniform(0, 1));
        rows[k].two_stage = uniform(0, 1) < 0.5;
        rows[k].a_second = uniform(0.3, 1.5);
        rows[k].s_second = sometimes(uniform(0, 2));
        rows[k].A2 = uniform(-1, 1);
        rows[k].B2 = uniform(-1, 1);
        rows[k].Y = uniform(-1, 1);
        rows[k].H = uniform(-1, 1);
    }
}

/* Both sides round some 30 times a row in long double, on terms that the majorant bounds; Var(x0 | x) alone
 * is a double, right to 4 u, which moves the variance by as much. The answer is rounded to double once. */
static void compare_with_brute_force(uint64_t seed) {
    random_state = seed;
    myr_row rows[ROWS];
    double mean[3], variance[3], start_mean[3], start_scale[3], got_mean[3], got_variance[3];
    make_up_table(rows);
    for (int c = 0; c < 3; c++) {
        mean[c] = uniform(-3, 3);
        variance[c] = exp(uniform(-6, 3));
        start_mean[c] = uniform(-2, 2);
        start_scale[c] = sometimes(uniform(0, 2));
    }
    myr_target *target = NULL;
    myr_plan *plan = NULL;
    cr_assert_eq(myr_target_create_gaussian(context, 3, mean, variance, &target), MYR_OK);
    cr_assert_eq(myr_plan_create_from_rows(context, 3, ROWS, rows, start_mean, start_scale, &plan), MYR_OK,
                 "%s", myr_context_error(context));
    cr_assert_eq(myr_plan_exact(context, plan, target, got_mean, got_variance), MYR_OK);
    const noises silence = {0};
    const double rounding = 30.0 * ROWS * (double)LDBL_EPSILON;
    for (int c = 0; c < 3; c++) {
        double want = (double)run_table(rows, ROWS, mean[c], variance[c], start_mean[c], &silence, false);
        double all =
            (double)run_table(rows, ROWS, fabs(mean[c]), variance[c], fabs(start_mean[c]), &silence, true);
        cr_assert(fabs(got_mean[c] - want) <= rounding * all + 2 * DBL_EPSILON * fabs(want),
                  "seed %llu: mean %.17g, not %.17g", (unsigned long long)seed, got_mean[c], want);
        want = (double)brute_variance(rows, ROWS, variance[c], start_scale[c], false);
        all = (double)brute_variance(rows, ROWS, variance[c], start_scale[c], true);
        cr_assert(fabs(got_variance[c] - want) <= 2 * rounding * all + 4 * DBL_EPSILON * want,
                  "seed %llu: variance %.17g, not %.17g", (unsigned long long)seed, got_variance[c], want);
    }
    myr_plan_destroy(plan);
    myr_target_destroy(target);
}

/* Fresh tables in every run; a failure names its seed. */
Test(exact, made_up_tables_agree_with_brute_force) {
    uint64_t first = (uint64_t)time(NULL);
    for (uint64_t i = 0; i < 2000; i++)
        compare_with_brute_force(first * 4096 + i);
}

Test(exact, sixty_four_coordinates_are_sixty_four_answers) {
    double mean[64], variance[64], got_mean[64], got_variance[64], limit[64];
    for (int c = 0; c < 64; c++) {
        mean[c] = 0.25 * c - 4.0;
        variance[c] = 0.003 * (c + 1) * (c + 1);
    }
    for (int i = 0; myr_sampler_name(i); i++) {
        if (!myr_sampler_supports(myr_sampler_name(i), "ve"))
            continue;
        myr_plan_options options = ask(myr_sampler_name(i), 23, "prior");
        myr_target *target = NULL;
        myr_plan *plan = NULL;
        cr_assert_eq(myr_target_create_gaussian(context, 64, mean, variance, &target), MYR_OK);
        cr_assert_eq(myr_plan_create(context, &options, target, &plan), MYR_OK);
        cr_assert_eq(myr_plan_exact(context, plan, target, got_mean, NULL), MYR_OK);
        cr_assert_eq(myr_plan_exact(context, plan, target, NULL, got_variance), MYR_OK);
        cr_assert_eq(myr_plan_limit(context, plan, target, limit), MYR_OK);
        for (int c = 0; c < 64; c++) {
            answer alone = solve(&options, mean[c], variance[c]);
            cr_assert_eq(got_mean[c], alone.mean);
            cr_assert_eq(got_variance[c], alone.variance);
            cr_assert_eq(limit[c], alone.limit);
        }
        myr_plan_destroy(plan);
        myr_target_destroy(target);
    }
}

static void failed(myr_status status, myr_status expected, const char *first, const char *second) {
    const char *message = myr_context_error(context);
    cr_assert_eq(status, expected, "%s: %s", myr_status_name(status), message);
    cr_assert(strstr(message, first) && strstr(message, second), "\"%s\" lacks %s or %s", message, first,
              second);
}

Test(exact, what_has_no_answer_is_refused_by_name) {
    const double mean[2] = {0.0, 0.0}, variance[2] = {1.0, 1.0};
    const myr_row row = {.a = 1, .s = 1, .a_next = 1, .B = 1};
    double out[2];
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    myr_target *one = NULL, *two = NULL;
    myr_plan *plan = NULL, *table = NULL;
    cr_assert_eq(myr_target_create_gaussian(context, 1, mean, variance, &one), MYR_OK);
    cr_assert_eq(myr_target_create_gaussian(context, 2, mean, variance, &two), MYR_OK);
    cr_assert_eq(myr_plan_create(context, &options, one, &plan), MYR_OK);
    cr_assert_eq(myr_plan_create_from_rows(context, 1, 1, &row, mean, variance, &table), MYR_OK);
    failed(myr_plan_exact(context, NULL, one, out, out), MYR_INVALID_ARGUMENT, "plan is NULL", "expected");
    failed(myr_plan_exact(context, plan, NULL, out, out), MYR_INVALID_ARGUMENT, "target is NULL",
           "expected");
    failed(myr_plan_exact(context, plan, two, out, out), MYR_INVALID_ARGUMENT, "dimension is 2", "1");
    failed(myr_plan_limit(context, NULL, one, out), MYR_INVALID_ARGUMENT, "plan is NULL", "expected");
    failed(myr_plan_limit(context, plan, NULL, out), MYR_INVALID_ARGUMENT, "target is NULL", "expected");
    failed(myr_plan_limit(context, plan, one, NULL), MYR_INVALID_ARGUMENT, "variance is NULL", "expected");
    failed(myr_plan_limit(context, plan, two, out), MYR_INVALID_ARGUMENT, "dimension is 2", "1");
    failed(myr_plan_limit(context, table, one, out), MYR_UNSUPPORTED, "rows", "limit");
    cr_assert_eq(myr_plan_exact(context, plan, one, NULL, NULL), MYR_OK);
    const float point = 0.5f;
    myr_target *data = NULL;
    cr_assert_eq(myr_target_create_empirical(context, 1, 1, &point, &data), MYR_OK);
    failed(myr_plan_exact(context, plan, data, out, out), MYR_UNSUPPORTED, "affine", "Gaussian");
    myr_target_destroy(data);
    myr_plan_destroy(table);
    myr_plan_destroy(plan);
    myr_target_destroy(two);
    myr_target_destroy(one);
}
