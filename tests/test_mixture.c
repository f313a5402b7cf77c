/* Mixtures and full covariances: the reference's denoiser against independent routes to it, the cpu backend
 * against the reference, and statistics against the target. */
#include "support.h"

#include "backends/backend.h"
#include "cpu/cpu_isa.h"
#include "exponential.h"
#include "reference/reference_denoise.h"
#include "reference/reference_random.h"
#include "targets/mixture.h"

static myr_context *context;

static void begin(void) {
    context = new_context();
}

static void end(void) {
    myr_context_destroy(context);
}

TestSuite(mixture, .init = begin, .fini = end);

static double uniform(uint64_t *random, double low, double high) {
    return low + (high - low) * ((double)(next_random(random) >> 11) * 0x1p-53);
}

static myr_target *random_mixture(uint64_t *random, int d, int components) {
    static double weights[MYR_MAX_COMPONENTS];
    static double means[MYR_MAX_COMPONENTS * MYR_MAX_DIMENSION];
    static double variances[MYR_MAX_COMPONENTS * MYR_MAX_DIMENSION];
    for (int j = 0; j < components; j++)
        weights[j] = uniform(random, 0.2, 1.0);
    for (int i = 0; i < components * d; i++) {
        means[i] = uniform(random, -1.0, 3.0);
        variances[i] = uniform(random, 0.02, 0.5);
    }
    myr_target *target = NULL;
    REQUIRE_OK(context,
               myr_target_create_mixture(context, d, components, weights, means, variances, &target));
    return target;
}

/* ---- the exponential ------------------------------------------------------------------------------- */

/* Every 17th float of [-1, 0], and as many below, to -64. The bound is the header's. */
Test(mixture, the_exponential_is_within_its_bound) {
    double worst = 0.0;
    for (uint32_t bits = 0; bits <= 0x42800000u; bits += bits < 0x3f800000u ? 509 : 17) {
        float t = -myr_float_of_bits(bits);
        double got = (double)myr_exp2_down(t), want = exp2((double)t);
        worst = fmax(worst, fabs(got / want - 1.0));
        cr_assert(fabs(got / want - 1.0) <= 1.8e-7, "2^%a: %.9g", (double)t, got);
    }
    cr_log_info("worst %.3g", worst);
    cr_expect(myr_exp2_down(0.0f) == 1.0f);
    cr_expect(myr_exp2_down(-1e30f) == 0x1p-64f && myr_exp2_down(-INFINITY) == 0x1p-64f);
}

/* ---- the reference's denoiser ---------------------------------------------------------------------- */

/* log of the density of x = a x0 + s e, by its definition. */
static long double log_density(const myr_target *target, double a, double s, const long double *x) {
    const myr_mixture *m = myr_mixture_of(target);
    long double density = 0.0L;
    for (int j = 0; j < m->components; j++) {
        long double part = m->weights[j];
        for (int c = 0; c < target->dimension; c++) {
            long double v =
                (long double)a * a * m->variances[j * target->dimension + c] + (long double)s * s;
            long double away = x[c] - (long double)a * m->means[j * target->dimension + c];
            part *= expl(-away * away / (2.0L * v)) / sqrtl(2.0L * 3.14159265358979323846L * v);
        }
        density += part;
    }
    return logl(density);
}

/* Tweedie's formula: a D = x + s^2 grad log p(x). Central differences of step h err by h^2/6 times the
 * third derivative. Where two components meet that is 0.1 times the cube of the difference of their slopes,
 * which is below 500 here and that much only where s^2/a is below 0.01: with h = 1e-6, 2e-8 of D. Exponents
 * up to 12,000 are off by 2^-64 of themselves: that divided by h is 1e-9. */
Test(mixture, the_reference_follows_tweedies_formula) {
    uint64_t seed = fresh_seed(), random = seed;
    const double h = 1e-6;
    for (int n = 0; n < 300; n++) {
        const int d = 1 + n % 4;
        myr_target *target = random_mixture(&random, d, 1 + n % 13);
        double a = uniform(&random, 0.3, 1.0), s = uniform(&random, 0.05, 1.0), x[4], got[4];
        long double at[4];
        for (int c = 0; c < d; c++)
            at[c] = x[c] = uniform(&random, -2.0, 4.0);
        myr_reference_denoise(target, a, s, x, got);
        for (int c = 0; c < d; c++) {
            at[c] = (long double)x[c] + h;
            long double slope = log_density(target, a, s, at);
            at[c] = (long double)x[c] - h;
            slope = (slope - log_density(target, a, s, at)) / (2.0L * h);
            at[c] = x[c];
            double want = (double)((x[c] + (long double)s * s * slope) / a);
            cr_assert(fabs(got[c] - want) <= 2e-7, "seed %llu, case %d, coordinate %d: %.12g, not %.12g",
                      (unsigned long long)seed, n, c, got[c], want);
        }
        myr_target_destroy(target);
    }
}

/* E[x0 | x] by the trapezoidal rule, which for a smooth integrand that has died out at both ends errs less
 * than any power of the step; 16 steps a standard deviation of the narrowest factor leave e^(-2 (16 pi)^2).
 * x0 lies between a component's mean, -1 to 3, and x/a, -7 to 14, with a deviation of at most 0.71. The
 * reference's exponents, up to 1,100, are off by a few 2^-53 of themselves, 4e-13; so are the weights of
 * parts that lie up to 11 apart. */
Test(mixture, the_reference_is_the_integral) {
    uint64_t seed = fresh_seed(), random = seed;
    for (int n = 0; n < 100; n++) {
        myr_target *target = random_mixture(&random, 1, 1 + n % 9);
        double a = uniform(&random, 0.3, 1.0), s = uniform(&random, 0.1, 1.0);
        double x = uniform(&random, -2.0, 4.0), got;
        long double sum = 0.0L, mean = 0.0L;
        const long double clean = 1.0L;
        for (int i = -3200; i <= 4600; i++) {
            long double x0 = i * 0.005L;
            long double away = (x - a * x0) / s;
            long double weight = expl(log_density(target, (double)clean, 0.0, &x0) - away * away / 2.0L);
            sum += weight;
            mean += weight * x0;
        }
        myr_reference_denoise(target, a, s, &x, &got);
        cr_assert(fabs(got - (double)(mean / sum)) <= 5e-12, "seed %llu, case %d: %.17g, not %.17g",
                  (unsigned long long)seed, n, got, (double)(mean / sum));
        myr_target_destroy(target);
    }
}

/* Far from all components every density underflows; their logarithms do not. */
Test(mixture, the_reference_is_stable_far_away) {
    const double weights[] = {1.0, 1.0}, means[] = {-1.0, 1.0}, variances[] = {1e-4, 1e-4};
    const double points[] = {1e6, -1e6, 0.5, 0.0};
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_mixture(context, 1, 2, weights, means, variances, &target));
    for (int n = 0; n < 4; n++) {
        /* The nearer component alone, or both in the middle: s^2 = v. */
        double x = points[n], nearer = x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : 0.0, got;
        myr_reference_denoise(target, 1.0, 0.01, &x, &got);
        double want = n == 3 ? 0.0 : nearer + 0.5 * (x - nearer);
        cr_expect(fabs(got - want) <= 1e-12 * (1.0 + fabs(want)), "at %g: %.17g", x, got);
    }
    myr_target_destroy(target);
}

/* ---- full covariances ------------------------------------------------------------------------------ */

static myr_target *random_full(uint64_t *random, int d, double *mean, double *covariance) {
    double root[8][8];
    for (int r = 0; r < d; r++) {
        mean[r] = uniform(random, -2.0, 2.0);
        for (int c = 0; c < d; c++)
            root[r][c] = c <= r ? uniform(random, -1.0, 1.0) : 0.0;
    }
    for (int r = 0; r < d; r++)
        for (int c = 0; c < d; c++) {
            covariance[r * d + c] = r == c ? 0.05 : 0.0;
            for (int k = 0; k < d; k++)
                covariance[r * d + c] += root[r][k] * root[c][k];
        }
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_gaussian_full(context, d, mean, covariance, &target));
    return target;
}

/* D = m + a Sigma (a^2 Sigma + s^2 I)^-1 (x - a m), by Gauss's elimination. */
static void denoise_by_elimination(int d, const double *mean, const double *covariance, double a, double s,
                                   const double *x, double *to) {
    long double system[8][9];
    for (int r = 0; r < d; r++) {
        for (int c = 0; c < d; c++)
            system[r][c] =
                (long double)a * a * covariance[r * d + c] + (r == c ? (long double)s * s : 0.0L);
        system[r][d] = (long double)x[r] - (long double)a * mean[r];
    }
    for (int k = 0; k < d; k++)
        for (int r = 0; r < d; r++) {
            long double factor = system[r][k] / system[k][k];
            for (int c = k; r != k && c <= d; c++)
                system[r][c] -= factor * system[k][c];
        }
    for (int r = 0; r < d; r++) {
        long double sum = mean[r];
        for (int c = 0; c < d; c++)
            sum += (long double)a * covariance[r * d + c] * system[c][d] / system[c][c];
        to[r] = (double)sum;
    }
}

Test(mixture, the_reference_solves_the_normal_equations_of_a_full_covariance) {
    uint64_t seed = fresh_seed(), random = seed;
    for (int n = 0; n < 100; n++) {
        const int d = 1 + n % 8;
        double mean[8], covariance[64], x[8], got[8], want[8];
        myr_target *target = random_full(&random, d, mean, covariance);
        double a = uniform(&random, 0.3, 1.0), s = uniform(&random, 0.1, 1.0);
        for (int c = 0; c < d; c++)
            x[c] = uniform(&random, -3.0, 3.0);
        myr_reference_denoise(target, a, s, x, got);
        denoise_by_elimination(d, mean, covariance, a, s, x, want);
        for (int c = 0; c < d; c++)
            cr_assert(fabs(got[c] - want[c]) <= 1e-12, "seed %llu, case %d: %.17g, not %.17g",
                      (unsigned long long)seed, n, got[c], want[c]);
        myr_target_destroy(target);
    }
}

/* From the exact start ddpm-exact leaves the target itself: all covariances, too. Each entry's standard
 * error is sqrt((S_rr S_cc + S_rc^2)/N); ten of them at once pass five in 1 of 170,000 runs. */
static void expect_covariance(const char *backend, uint64_t count) {
    enum { D = 4 };
    uint64_t random = 7;
    double mean[8], covariance[64];
    need_backend(context, backend);
    myr_target *target = random_full(&random, D, mean, covariance);
    myr_plan *plan = new_plan(context, "ddpm-exact", 6, "exact", target);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = backend;
    options.seed = fresh_seed();
    options.count = count;
    double *x = malloc(count * D * sizeof *x);
    memset(x, 0xff, count * D * sizeof *x);
    REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, x, NULL));
    for (int r = 0; r < D; r++)
        for (int c = 0; c <= r; c++) {
            double sum = 0.0;
            for (uint64_t n = 0; n < count; n++)
                sum += (x[n * D + (uint64_t)r] - mean[r]) * (x[n * D + (uint64_t)c] - mean[c]);
            const double S = covariance[r * D + c];
            double error = sqrt((covariance[r * D + r] * covariance[c * D + c] + S * S) / (double)count);
            cr_expect(fabs(sum / (double)count - S) <= 5.0 * error,
                      "seed %llu: covariance[%d][%d] is %g, not %g (± %g)",
                      (unsigned long long)options.seed, r, c, sum / (double)count, S, error);
        }
    free(x);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
}

Test(mixture, samples_of_a_full_covariance_have_it_on_reference) {
    expect_covariance("reference", sample_size(50000));
}

Test(mixture, samples_of_a_full_covariance_have_it_on_cpu) {
    expect_covariance("cpu", sample_size(1000000));
}

/* The reference takes the rows in coordinates, the cpu in axes and in floats. With normals between -2 and 2
 * values stay below 8; a row's coefficients and its two operations are then off by 3 2^-21 together, and no
 * row expands. A term of the sum over five axes is off by another 2^-21. */
Test(mixture, the_cpu_turns_results_as_the_reference_does) {
    enum { D = 5, COUNT = 300, STEPS = 20 };
    const double bound = (3 * STEPS + D) * 0x1p-21;
    static double start[D * COUNT], noise[D * STEPS * COUNT], expected[D * COUNT], states[D * COUNT];
    double mean[8], covariance[64];
    uint64_t random = 11;
    myr_target *target = random_full(&random, D, mean, covariance);
    myr_plan *plan = new_plan(context, "ddpm-exact", STEPS, "prior", target);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    myr_given given = MYR_GIVEN_INIT;
    for (int i = 0; i < D * COUNT; i++)
        start[i] = uniform(&random, -2.0, 2.0);
    for (int i = 0; i < D * STEPS * COUNT; i++)
        noise[i] = uniform(&random, -2.0, 2.0);
    given.start_normals = start;
    given.noise = noise;
    options.count = COUNT;
    options.backend = "reference";
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &options, &given, expected, NULL));
    memset(states, 0xff, sizeof states);
    options.backend = "cpu";
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &options, &given, states, NULL));
    for (int i = 0; i < D * COUNT; i++)
        cr_assert(fabs(states[i] - expected[i]) <= bound, "%d: %.9g, not %.9g", i, states[i], expected[i]);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
}

Test(mixture, moments_of_turned_results_are_those_of_the_samples) {
    enum { D = 5, COUNT = 300 };
    double mean[8], covariance[64], states[D * COUNT];
    uint64_t random = 12;
    myr_target *target = random_full(&random, D, mean, covariance);
    myr_plan *plan = new_plan(context, "ddpm-exact", 20, "prior", target);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    myr_moment moments[D];
    options.count = COUNT;
    options.backend = "cpu";
    REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, states, NULL));
    REQUIRE_OK(context, myr_run_moments(context, plan, target, &options, moments, NULL));
    for (int c = 0; c < D; c++) {
        double sum = 0.0, square = 0.0;
        for (int n = 0; n < COUNT; n++)
            sum += states[n * D + c] / COUNT;
        for (int n = 0; n < COUNT; n++)
            square += (states[n * D + c] - sum) * (states[n * D + c] - sum);
        cr_expect(fabs(moments[c].mean - sum) <= 1e-13 && fabs(moments[c].m2 / square - 1.0) <= 1e-12);
    }
    myr_plan_destroy(plan);
    myr_target_destroy(target);
}

/* ---- few steps ------------------------------------------------------------------------------------- */

/* A step of Heun's from the reference's states, whatever the ratio of its sigmas: off by some units in the
 * last place of what it adds up, which are the spread, 1.4, and the state. A coefficient of up to a million,
 * (1 - rho)/(2 rho), on a difference of rounded numbers would be off by as many units. Only where two
 * components share a state, whose shares are off by some units of their exponents, is more lost. The share
 * of values that are off by more than 5e-6. */
static double share_off_with_heun(double sigma_max, double sigma_min, int64_t steps) {
    enum { COUNT = 200, D = 2 };
    static const double weights[] = {3.0, 1.0, 2.0}, means[] = {-1.5, 0.0, 1.0, 1.0, 0.5, -1.25};
    static const double variances[] = {0.09, 0.04, 0.02, 0.02, 0.05, 0.16};
    double entry[COUNT * D], expected[COUNT * D], results[COUNT * D];
    int64_t off = 0;
    myr_target *target = NULL;
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_target_create_mixture(context, D, 3, weights, means, variances, &target));
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = "edm";
    options.sampler = "heun";
    options.steps = steps;
    options.sigma_max = sigma_max;
    options.sigma_min = sigma_min;
    REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
    myr_job job = {.plan = plan, .target = target, .count = COUNT, .seed = 12, .threads = 1};
    for (job.row_end = 1; job.row_end <= steps; job.row_begin = job.row_end++) {
        memset(expected, 0xff, sizeof expected);
        memset(results, 0xff, sizeof results);
        REQUIRE_OK(context, myr_backend_reference.states(context, &job, expected));
        REQUIRE_OK(context, myr_backend_cpu.states(context, &job, results));
        for (int i = 0; i < COUNT * D; i++) {
            double error = fabs(results[i] - expected[i]) / fmax(1.0, fabs(expected[i]));
            off += !(error <= 5e-6);
            entry[i] = target->mean[i % D] + (double)(float)(expected[i] - target->mean[i % D]);
        }
        job.states = entry;
    }
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    return (double)off / (double)(COUNT * D * steps);
}

Test(mixture, heun_rounds_little_at_few_steps) {
    static const double sigmas[][2] = {{80.0, 0.002}, {1000.0, 1e-4}, {3.0, 1e-6}, {1e4, 1e-3}, {1.0, 0.9}};
    for (size_t i = 0; i < sizeof sigmas / sizeof *sigmas; i++)
        for (int64_t steps = 2; steps <= 10; steps += steps < 5 ? 1 : 5) {
            double share = share_off_with_heun(sigmas[i][0], sigmas[i][1], steps);
            cr_expect(share <= 0.01, "sigma %g to %g, %d steps: %g of the values", sigmas[i][0],
                      sigmas[i][1], (int)steps, share);
            cr_log_info("%g to %g, %d steps: %g", sigmas[i][0], sigmas[i][1], (int)steps, share);
        }
}

/* ---- the cpu backend ------------------------------------------------------------------------------- */

/* One component is a Gaussian: the same trajectories, but for rounding, as the code for those gives. */
Test(mixture, one_component_is_a_gaussian) {
    enum { D = 3, COUNT = 200 };
    const double weight = 4.0, mean[] = {0.5, -2.0, 30.0}, variance[] = {0.1, 1.0, 4.0};
    double one[D * COUNT], other[D * COUNT];
    myr_target *mixture = NULL, *gaussian = NULL;
    REQUIRE_OK(context, myr_target_create_mixture(context, D, 1, &weight, mean, variance, &mixture));
    REQUIRE_OK(context, myr_target_create_gaussian(context, D, mean, variance, &gaussian));
    static const char *const backends[] = {"reference", "cpu"};
    for (int b = 0; b < 2; b++)
        for (int exact = 0; exact < 2; exact++) {
            const char *start = exact ? "exact" : "prior";
            myr_plan *plan = new_plan(context, "ddpm-large", 30, start, mixture);
            myr_plan *same = new_plan(context, "ddpm-large", 30, start, gaussian);
            myr_run_options options = MYR_RUN_OPTIONS_INIT;
            options.backend = backends[b];
            options.count = COUNT;
            memset(one, 0xff, sizeof one);
            REQUIRE_OK(context, myr_run_samples(context, plan, mixture, &options, one, NULL));
            REQUIRE_OK(context, myr_run_samples(context, same, gaussian, &options, other, NULL));
            /* Thirty contracting steps of values below 32, relative to the mean below 12. */
            const double bound = b == 0 ? 1e-12 : 30 * 12 * 4 * 0x1p-24;
            for (int i = 0; i < D * COUNT; i++)
                cr_assert(fabs(one[i] - other[i]) <= bound, "%s, %d: %.9g, not %.9g", backends[b], i,
                          one[i], other[i]);
            myr_plan_destroy(plan);
            myr_plan_destroy(same);
        }
    myr_target_destroy(mixture);
    myr_target_destroy(gaussian);
}

/* Two components about 0, and others so far away that they never count: not in a sum, not in the mean, not
 * in the largest constant. */
static myr_target *near_and_far(int d, int components) {
    static double weights[MYR_MAX_COMPONENTS];
    static double means[MYR_MAX_COMPONENTS * MYR_MAX_DIMENSION];
    static double variances[MYR_MAX_COMPONENTS * MYR_MAX_DIMENSION];
    for (int j = 0; j < components; j++) {
        weights[j] = 1.0;
        for (int c = 0; c < d; c++) {
            means[j * d + c] = (j % 2 ? -1.0 : 1.0) * (j < 2 ? 0.3 + 0.01 * c : 1000.0 + j / 2);
            variances[j * d + c] = 0.1 + 0.002 * c;
        }
    }
    myr_target *target = NULL;
    REQUIRE_OK(context,
               myr_target_create_mixture(context, d, components, weights, means, variances, &target));
    return target;
}

/* Tables larger than a window are made anew as rows go by, and rows remember across windows: the bits of a
 * mixture whose tables fit one window. */
Test(mixture, windows_of_rows_do_not_show) {
    enum { D = 60, STEPS = 41, COUNT = 300 }; /* 200 components: 0.77 MB a level, windows of five rows */
    static double whole[D * COUNT], parts[D * COUNT];
    static const char *const samplers[] = {"dpmpp-2m", "dpmpp-3m-sde", "ddpm-large"};
    myr_target *small = near_and_far(D, 2), *large = near_and_far(D, 200);
    for (int n = 0; n < 3; n++) {
        myr_plan *plan = new_plan(context, samplers[n], STEPS, "prior", small);
        myr_run_options options = MYR_RUN_OPTIONS_INIT;
        options.count = COUNT;
        options.backend = "cpu";
        REQUIRE_OK(context, myr_run_samples(context, plan, small, &options, whole, NULL));
        memset(parts, 0xff, sizeof parts);
        REQUIRE_OK(context, myr_run_samples(context, plan, large, &options, parts, NULL));
        cr_expect(memcmp(whole, parts, sizeof whole) == 0, "%s", samplers[n]);
        for (int i = 0; i < D * COUNT; i++)
            cr_assert(isfinite(whole[i]));
        myr_plan_destroy(plan);
    }
    myr_target_destroy(small);
    myr_target_destroy(large);
}

Test(mixture, threads_and_instruction_sets_give_the_same_bits) {
    static const struct { int d, components; } shapes[] = {{1, 2}, {2, 8}, {3, 9}, {7, 20}, {1, 1024}};
    for (size_t n = 0; n < sizeof shapes / sizeof *shapes; n++) {
        uint64_t random = n;
        myr_target *target = random_mixture(&random, shapes[n].d, shapes[n].components);
        myr_plan *plan = new_plan(context, "ddpm-small", 9, n % 2 ? "exact" : "prior", target);
        const uint64_t count = shapes[n].components > 100 ? 300 : 9000;
        myr_job job = {.plan = plan,
                       .target = target,
                       .seed = 5,
                       .first = 77,
                       .count = count,
                       .row_end = plan->steps,
                       .threads = 1};
        myr_moment first[8], moments[8];
        REQUIRE_OK(context, myr_cpu_moments(context, myr_cpu_isa_at(0), &job, first));
        for (int isa = 0; myr_cpu_isa_at(isa); isa++)
            for (job.threads = 1; job.threads <= 3; job.threads++) {
                if (!myr_cpu_isa_supported(myr_cpu_isa_at(isa)))
                    continue;
                memset(moments, 0xff, sizeof moments);
                REQUIRE_OK(context, myr_cpu_moments(context, myr_cpu_isa_at(isa), &job, moments));
                cr_expect(memcmp(first, moments, (size_t)shapes[n].d * sizeof *moments) == 0,
                          "%d components, %s, %d threads", shapes[n].components, myr_cpu_isa_at(isa)->name,
                          job.threads);
            }
        myr_plan_destroy(plan);
        myr_target_destroy(target);
    }
}

/* ---- statistics ------------------------------------------------------------------------------------ */

/* The start alone, by a table whose one row does nothing but name the level: components are drawn with
 * their weights (chi^2 with 4 degrees of freedom passes 35 once in 2 million), and both backends draw the
 * same ones. Components ten deviations apart are told from the value. */
Test(mixture, the_exact_start_draws_components_by_weight) {
    enum { COMPONENTS = 5 };
    const double weights[COMPONENTS] = {1.0, 0.001, 2.0, 3.0, 0.5};
    const double means[COMPONENTS] = {0.0, 20.0, 40.0, 60.0, 80.0}, variances[COMPONENTS] = {1, 1, 1, 1, 1};
    const uint64_t count = sample_size(400000);
    myr_target *target = NULL;
    REQUIRE_OK(context,
               myr_target_create_mixture(context, 1, COMPONENTS, weights, means, variances, &target));
    myr_plan *plan = new_plan(context, "ddim", 1, "exact", target);
    double *x = malloc(count * sizeof *x), *reference = malloc(count * sizeof *reference);
    myr_job job = {.plan = plan,
                   .target = target,
                   .seed = fresh_seed(),
                   .count = count,
                   .row_end = 0, /* no row: the start */
                   .threads = 2};
    memset(x, 0xff, count * sizeof *x);
    REQUIRE_OK(context, myr_backend_cpu.states(context, &job, x));
    REQUIRE_OK(context, myr_backend_reference.states(context, &job, reference));
    double seen[COMPONENTS] = {0}, chi = 0.0, total = 6.501;
    for (uint64_t n = 0; n < count; n++) {
        /* Means of 80 relative to the mixture's of about 40: half a unit of a float, and a normal's error.
         */
        cr_assert(fabs(x[n] - reference[n]) <= 1e-5 + 3e-4, "seed %llu, %llu: %.9g, not %.9g",
                  (unsigned long long)job.seed, (unsigned long long)n, x[n], reference[n]);
        seen[(int)floor(reference[n] / 20.0 + 0.5)] += 1.0;
    }
    for (int j = 0; j < COMPONENTS; j++) {
        double expected = (double)count * weights[j] / total;
        chi += (seen[j] - expected) * (seen[j] - expected) / expected;
    }
    cr_expect(chi <= 35.0, "seed %llu: chi^2 is %g", (unsigned long long)job.seed, chi);
    free(x);
    free(reference);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
}

/* Mean and variance of a run from the exact start, and their standard errors. */
static myr_moment run_ve(const char *sampler, int64_t steps, const myr_target *target, uint64_t seed) {
    myr_plan *plan = new_plan(context, sampler, steps, "exact", target);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = "cpu";
    options.seed = seed;
    options.count = sample_size(2000000);
    myr_moment moment;
    REQUIRE_OK(context, myr_run_moments(context, plan, target, &options, &moment, NULL));
    myr_plan_destroy(plan);
    return moment;
}

/* As steps grow the samples' mean and variance become the target's: with T = 1,000 the bias that the
 * variance has at T = 50 has gone down in proportion to 1/T, to within five standard errors of nothing
 * else. The samplers are of order 1 on ve; a factor log T, and the second order at T = 50, take another
 * half. */
Test(mixture, statistics_become_the_targets_as_steps_grow) {
    static const char *const samplers[] = {"ddpm-small", "ddpm-large", "ddim"};
    const double weights[] = {1.0, 2.0}, means[] = {-1.0, 0.8}, variances[] = {0.1, 0.2};
    uint64_t seed = fresh_seed();
    double mean, variance;
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_mixture(context, 1, 2, weights, means, variances, &target));
    myr_target_moments(target, &mean, &variance);
    for (int n = 0; n < 3; n++) {
        myr_moment few = run_ve(samplers[n], 50, target, seed);
        myr_moment many = run_ve(samplers[n], 1000, target, seed + 1);
        double before = fabs(myr_moment_variance(&few) - variance) + 5.0 * myr_moment_variance_error(&few);
        double after = fabs(myr_moment_variance(&many) - variance);
        cr_expect(after <= 1.5 * before * 50.0 / 1000.0 + 5.0 * myr_moment_variance_error(&many),
                  "seed %llu, %s: the variance is off by %g at 50 steps and by %g at 1,000",
                  (unsigned long long)seed, samplers[n], before, after);
        before = fabs(few.mean - mean) + 5.0 * myr_moment_mean_error(&few);
        after = fabs(many.mean - mean);
        cr_expect(after <= 1.5 * before * 50.0 / 1000.0 + 5.0 * myr_moment_mean_error(&many),
                  "seed %llu, %s: the mean is off by %g at 50 steps and by %g at 1,000",
                  (unsigned long long)seed, samplers[n], before, after);
    }
    myr_target_destroy(target);
}

Test(mixture, what_needs_a_gaussian_is_refused) {
    uint64_t random = 1;
    double number = 0.0;
    myr_target *mixture = random_mixture(&random, 1, 2), *gaussian = new_target(context, 1, 1.0);
    myr_plan *plan = new_plan(context, "ddim", 3, "exact", mixture);
    myr_plan *exact = new_plan(context, "ddpm-exact", 3, "prior", gaussian);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    cr_expect_eq(myr_plan_exact(context, plan, mixture, NULL, &number), MYR_UNSUPPORTED);
    cr_expect_eq(myr_plan_limit(context, plan, mixture, &number), MYR_UNSUPPORTED);
    cr_expect_eq(myr_run_samples(context, exact, mixture, &options, &number, NULL), MYR_UNSUPPORTED);
    cr_expect_eq(myr_run_samples(context, plan, gaussian, &options, &number, NULL), MYR_INVALID_ARGUMENT);
    cr_expect_not(myr_sampler_supports_target("ddpm-exact", mixture));
    cr_expect(myr_sampler_supports_target("ddpm-exact", gaussian));
    cr_expect_not(myr_sampler_supports_target("ddim", NULL));
    myr_plan_destroy(plan);
    myr_plan_destroy(exact);
    myr_target_destroy(mixture);
    myr_target_destroy(gaussian);
}
