/* Data points: the reference's denoiser against brute force and the density's slope, the fast backends
 * against bounds, samples against the data, orders of convergence, refusals. */
#include <criterion/criterion.h>

#include "backends/backend.h"
#include "reference/reference_denoise.h"
#include "reference/reference_random.h"
#include "support.h"
#include "targets/empirical.h"
#include "verify/rounding.h"

static myr_context *context;

static void begin(void) {
    context = new_context();
}
static void end(void) {
    myr_context_destroy(context);
}

TestSuite(empirical, .init = begin, .fini = end);

static double uniform(uint64_t *state, double low, double high) {
    return low + (high - low) * (double)(next_random(state) >> 11) * 0x1p-53;
}

static myr_target *make_target(int64_t count, int d, const float *points) {
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_empirical(context, count, d, points, &target));
    return target;
}

static myr_target *random_target(uint64_t *state, int64_t count, int d, double low, double high) {
    float *points = malloc((size_t)(count * d) * sizeof *points);
    for (int64_t n = 0; n < count * d; n++)
        points[n] = (float)uniform(state, low, high);
    myr_target *target = make_target(count, d, points);
    free(points);
    return target;
}

static myr_plan *make_plan(const char *process, const char *sampler, int64_t steps, const char *start,
                           const myr_target *target) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = process;
    options.sampler = sampler;
    options.steps = steps;
    options.start = start;
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
    return plan;
}

static myr_job make_job(const myr_plan *plan, const myr_target *target, uint64_t first, uint64_t count) {
    return (myr_job){.plan = plan,
                     .target = target,
                     .seed = 7,
                     .first = first,
                     .count = count,
                     .row_end = myr_plan_steps(plan),
                     .threads = 1};
}

/* ---- the denoiser ---------------------------------------------------------------------------------- */

/* log sum_i exp(-|x - a s_i|^2/(2 s^2)): the logarithm of the density at x but for a constant. */
static long double log_density(const myr_target *target, long double a, long double s,
                               const long double *x) {
    const myr_empirical *e = myr_empirical_of(target);
    long double sum = 0.0L;
    for (int64_t i = 0; i < e->count; i++) {
        long double square = 0.0L;
        for (int c = 0; c < target->dimension; c++) {
            long double away = x[c] - a * e->points[i * target->dimension + c];
            square += away * away;
        }
        sum += expl(-square / (2.0L * s * s));
    }
    return logl(sum);
}

/* Exponents up to some 200, each off by a few roundings: weights to 1e-13, and so their means. */
Test(empirical, reference_denoiser_is_the_weighted_mean) {
    enum { n = 40, d = 3 };
    uint64_t state = fresh_seed(), seed = state;
    for (int trial = 0; trial < 200; trial++) {
        myr_target *target = random_target(&state, n, d, -2.0, 2.0);
        const myr_empirical *e = myr_empirical_of(target);
        double a = uniform(&state, 0.0, 1.0), s = uniform(&state, 0.3, 3.0), x[d], denoised[d];
        for (int c = 0; c < d; c++)
            x[c] = uniform(&state, -3.0, 3.0);
        myr_reference_denoise(target, a, s, x, denoised);
        for (int c = 0; c < d; c++) {
            long double sum = 0.0L, total = 0.0L;
            for (int i = 0; i < n; i++) {
                long double square = 0.0L;
                for (int k = 0; k < d; k++)
                    square += ((long double)x[k] - (long double)a * e->points[i * d + k]) *
                              ((long double)x[k] - (long double)a * e->points[i * d + k]);
                long double weight = expl(-square / (2.0L * (long double)s * (long double)s));
                sum += weight * e->points[i * d + c];
                total += weight;
            }
            cr_assert(fabsl(denoised[c] - sum / total) <= 1e-12L, "seed %llu: %.17g, not %.17Lg",
                      (unsigned long long)seed, denoised[c], sum / total);
        }
        myr_target_destroy(target);
    }
}

/* Tweedie: a D = x + s^2 grad log p. The third derivative of log p is the third cumulant of a s_i/s^2 under
 * the weights: at most 0.1 R^3 for a range R = 4 a/s^2 < 12, below 140. Central differences are off by
 * h^2/6 of it, 2.4e-9, times s^2/a; rounding in long double adds 1e-12. */
Test(empirical, denoiser_is_the_slope_of_the_log_density) {
    enum { n = 20, d = 2 };
    const long double h = 1e-5L;
    uint64_t state = fresh_seed(), seed = state;
    for (int trial = 0; trial < 100; trial++) {
        myr_target *target = random_target(&state, n, d, -2.0, 2.0);
        double a = uniform(&state, 0.2, 1.0), s = uniform(&state, 0.6, 2.0), x[d], denoised[d];
        for (int c = 0; c < d; c++)
            x[c] = uniform(&state, -2.0, 2.0);
        myr_reference_denoise(target, a, s, x, denoised);
        for (int c = 0; c < d; c++) {
            long double up[d], down[d];
            for (int k = 0; k < d; k++)
                up[k] = down[k] = x[k];
            up[c] += h;
            down[c] -= h;
            long double slope =
                (log_density(target, a, s, up) - log_density(target, a, s, down)) / (2.0L * h);
            long double want = (x[c] + (long double)s * s * slope) / a;
            cr_assert(fabsl(denoised[c] - want) <= 1e-7L, "seed %llu: %.12g, not %.12Lg",
                      (unsigned long long)seed, denoised[c], want);
        }
        myr_target_destroy(target);
    }
}

/* One row that leaves the denoiser's output at level (a, s), from the given states. */
static void denoise_on(const char *backend, const myr_target *target, double a, double s, uint64_t count,
                       const double *from, double *to) {
    const size_t d = (size_t)myr_target_dimension(target);
    const myr_row row = {.a = a, .s = s, .a_next = 1.0, .B = 1.0};
    double *zeros = calloc(d, sizeof *zeros);
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create_from_rows(context, (int)d, 1, &row, zeros, zeros, &plan));
    myr_run_options run = MYR_RUN_OPTIONS_INIT;
    run.backend = backend;
    run.count = count;
    run.threads = 1;
    myr_given given = MYR_GIVEN_INIT;
    given.states = from;
    for (size_t n = 0; n < count * d; n++)
        to[n] = NAN;
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &run, &given, to, NULL));
    myr_plan_destroy(plan);
    free(zeros);
}

TEST_ON_BACKENDS(empirical, a_level_of_zero_gives_the_nearest_points) {
    need_backend(context, backend);
    const float line[] = {0.0f, 1.0f, 3.0f, 3.0f};
    const double from[] = {-5.0, 0.49, 0.51, 1.9, 2.1, 1e6, 0.5}, levels[] = {0.0, 1e-200, 1e-30, 1e-9};
    const double want[] = {0.0, 0.0, 1.0, 1.0, 3.0, 3.0, 0.5};
    myr_target *target = make_target(4, 1, line);
    for (int k = 0; k < 4; k++) {
        double to[7];
        denoise_on(backend, target, 1.0, levels[k], 7, from, to);
        for (int n = 0; n < 7; n++) /* a tie of 0.5 - 1.75 and its products is exact in float */
            cr_expect(fabs(to[n] - want[n]) <= 3.0 * 0x1p-23, "s = %g, from %g: %.9g", levels[k], from[n],
                      to[n]);
    }
    double from_mean[1] = {17.0}, mean[1];
    denoise_on(backend, target, 0.0, 1.0, 1, from_mean, mean); /* a = 0: x says nothing */
    cr_expect(fabs(mean[0] - 1.75) <= 3.0 * 0x1p-23);
    myr_target_destroy(target);
}

/* ---- fast backends --------------------------------------------------------------------------------- */

/* The worst share of the bound that the results of one row have, on the cpu with its target, from the job's
 * states. */
static double share_of_row(const myr_job *job, const myr_target *cpu_target) {
    const size_t d = (size_t)myr_plan_dimension(job->plan), size = job->count * d;
    double *expected = malloc(size * sizeof *expected), *states = malloc(size * sizeof *states);
    double *bound = malloc(d * sizeof *bound), worst = 0.0;
    myr_job moved = *job;
    moved.target = cpu_target;
    for (size_t n = 0; n < size; n++)
        states[n] = NAN;
    REQUIRE_OK(context, myr_backend_reference.states(context, job, expected));
    REQUIRE_OK(context, myr_backend_cpu.states(context, &moved, states));
    for (size_t n = 0; n < job->count; n++) {
        REQUIRE_OK(context, myr_bound_vector(context, job, n, bound));
        for (size_t c = 0; c < d; c++) {
            double share = fabs(states[n * d + c] - expected[n * d + c]) / bound[c];
            worst = share <= worst ? worst : share; /* NaN stays */
        }
    }
    free(expected);
    free(states);
    free(bound);
    return worst;
}

/* The worst over all rows, each from the reference's own state, of which the float form is the state
 * itself. */
static double share_of_bound(myr_job job, const myr_target *cpu_target) {
    const size_t d = (size_t)myr_plan_dimension(job.plan), size = job.count * d;
    double *entry = malloc(size * sizeof *entry), worst = 0.0;
    for (int64_t row = 0; row < myr_plan_steps(job.plan); row++) {
        myr_job step = job;
        step.row_end = row;
        REQUIRE_OK(context, myr_backend_reference.states(context, &step, entry));
        for (size_t n = 0; n < size; n++) {
            double along = myr_plan_rows(job.plan)[row].a * job.target->mean[n % d];
            entry[n] = along + (double)(float)(entry[n] - along);
        }
        step.row_begin = row;
        step.row_end = row + 1;
        step.states = entry;
        double share = share_of_row(&step, cpu_target);
        worst = share <= worst ? worst : share;
    }
    free(entry);
    return worst;
}

Test(empirical, any_shape_is_within_the_bound) {
    static const struct {
        int64_t count;
        int d;
    } shapes[] = {{1, 1}, {1, 5}, {2, 1}, {255, 3}, {256, 4}, {257, 64}, {1000, 65}, {3, 4096}, {5000, 2}};
    uint64_t state = fresh_seed(), seed = state;
    for (size_t n = 0; n < sizeof shapes / sizeof *shapes; n++) {
        myr_target *target = random_target(&state, shapes[n].count, shapes[n].d, -3.0, 5.0);
        myr_plan *plan = make_plan("edm", "heun", 4, "exact", target);
        myr_job job = make_job(plan, target, 120, 16); /* two blocks */
        double worst = share_of_bound(job, target);
        cr_expect(worst <= 1.0, "seed %llu, n = %lld, d = %d: %g of the bound", (unsigned long long)seed,
                  (long long)shapes[n].count, shapes[n].d, worst);
        myr_plan_destroy(plan);
        myr_target_destroy(target);
    }
}

/* The bound shows a fault: points that are off by a thousandth. */
Test(empirical, the_bound_finds_points_that_are_moved) {
    enum { n = 300, d = 6 };
    float points[n * d], moved[n * d];
    uint64_t state = fresh_seed();
    for (int i = 0; i < n * d; i++) {
        points[i] = (float)uniform(&state, -1.0, 1.0);
        moved[i] = i % d == 2 ? points[i] + 1e-3f : points[i];
    }
    myr_target *target = make_target(n, d, points), *other = make_target(n, d, moved);
    myr_plan *plan = make_plan("edm", "ddim", 2, "prior", target);
    myr_job job = make_job(plan, target, 0, 40);
    cr_expect(share_of_bound(job, target) <= 1.0);
    cr_expect(!(share_of_bound(job, other) <= 10.0)); /* 1e-3 of sums with errors of some 300 u */
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_target_destroy(other);
}

/* The cpu with its own normals given, and runs of other lengths: the same bits. */
Test(empirical, given_numbers_and_other_runs_change_no_bit) {
    enum { count = 300, d = 3 };
    uint64_t seed = fresh_seed();
    myr_target *target = random_target(&seed, 500, d, -1.0, 1.0);
    myr_plan *plan = make_plan("edm", "heun", 5, "prior", target);
    myr_job job = make_job(plan, target, 1000, count);
    double whole[count * d], part[count * d], *given[2];
    REQUIRE_OK(context, myr_backend_cpu.states(context, &job, whole));
    for (uint64_t from = 0, to; from < count; from = to) {
        to = from + 1 + from / 2 < count ? from + 1 + from / 2 : count;
        job = make_job(plan, target, 1000 + from, to - from);
        job.threads = 1 + (int)(from % 3);
        REQUIRE_OK(context, myr_backend_cpu.states(context, &job, part));
        cr_expect(memcmp(part, whole + from * d, (to - from) * d * sizeof *part) == 0, "from %d",
                  (int)from);
    }
    const uint64_t wanted[2] = {(uint64_t)(myr_plan_steps(plan) * myr_plan_slots(plan) * d), d};
    for (uint32_t stream = 0; stream < 2; stream++) {
        const uint32_t blocks = (uint32_t)(wanted[stream] + 3) / 4;
        myr_draw draw = {
            .seed = 7, .first = 1000, .count = count, .stream = stream, .blocks = blocks, .threads = 1};
        double *drawn = malloc(count * 4 * blocks * sizeof *drawn);
        REQUIRE_OK(context, myr_backend_cpu.normals(context, &draw, drawn));
        given[stream] = malloc(count * wanted[stream] * sizeof *drawn);
        for (size_t n = 0; n < count; n++)
            memcpy(given[stream] + n * wanted[stream], drawn + n * 4 * blocks,
                   wanted[stream] * sizeof *drawn);
        free(drawn);
    }
    job = make_job(plan, target, 1000, count);
    job.seed = 8;
    job.noise = given[0];
    job.start_normals = given[1];
    REQUIRE_OK(context, myr_backend_cpu.states(context, &job, part));
    cr_expect(memcmp(part, whole, sizeof whole) == 0);
    free(given[0]);
    free(given[1]);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
}

/* ---- samples --------------------------------------------------------------------------------------- */

/* How far a sample is from the nearest point, in its furthest coordinate; which one that is. */
static double distance_to_data(const myr_target *target, const double *x, int64_t *which) {
    const int d = target->dimension;
    double nearest = INFINITY;
    for (int64_t i = 0; i < myr_empirical_of(target)->count; i++) {
        double furthest = 0.0;
        for (int c = 0; c < d; c++)
            furthest = fmax(furthest, fabs(x[c] - (double)myr_empirical_of(target)->points[i * d + c]));
        if (furthest < nearest) {
            nearest = furthest;
            *which = i;
        }
    }
    return nearest;
}

/* Points 0.5 or more apart, and a last level of 0.002: but for one trajectory in 1e4, which ends on an
 * edge, weights are 0 and 1. */
TEST_ON_BACKENDS(empirical, samples_are_data_points) {
    need_backend(context, backend);
    enum { n = 12, d = 5, count = 500 };
    static const char *const samplers[] = {"euler", "heun", "euler-ancestral", "dpmpp-2m"};
    float points[n * d];
    for (int i = 0; i < n; i++)
        for (int c = 0; c < d; c++)
            points[i * d + c] = (float)(3.0 + ((i * (2 * c + 1)) % n) * 0.5);
    myr_target *target = make_target(n, d, points);
    for (int s = 0; s < 4; s++) {
        myr_plan *plan = make_plan("edm", samplers[s], 18, "prior", target);
        myr_run_options run = MYR_RUN_OPTIONS_INIT;
        run.backend = backend;
        run.count = count;
        run.threads = 1;
        double samples[count * d];
        for (int j = 0; j < count * d; j++)
            samples[j] = NAN;
        REQUIRE_OK(context, myr_run_samples(context, plan, target, &run, samples, NULL));
        int off = 0;
        int64_t which;
        for (int j = 0; j < count; j++)
            off += !(distance_to_data(target, samples + j * d, &which) <= 1e-5);
        cr_expect(off <= 2, "%s: %d of %d are no data points", samplers[s], off, count);
        myr_plan_destroy(plan);
    }
    myr_target_destroy(target);
}

/* The worst of mean and variance against the data's, in standard errors, of runs from the exact start. */
static double off_by(const char *process, int64_t steps, const myr_target *target) {
    enum { d = 2 };
    double mean[d], variance[d], worst = 0.0;
    myr_moment moments[d];
    myr_plan *plan = make_plan(process, "heun", steps, "exact", target);
    myr_run_options run = MYR_RUN_OPTIONS_INIT;
    run.backend = "cpu";
    run.count = sample_size(200000);
    run.threads = 1;
    myr_target_moments(target, mean, variance);
    REQUIRE_OK(context, myr_run_moments(context, plan, target, &run, moments, NULL));
    for (int c = 0; c < d; c++) {
        worst = fmax(worst, fabs(moments[c].mean - mean[c]) / myr_moment_mean_error(&moments[c]));
        worst = fmax(worst, fabs(myr_moment_variance(&moments[c]) - variance[c]) /
                                myr_moment_variance_error(&moments[c]));
    }
    myr_plan_destroy(plan);
    return worst;
}

/* The flow carries the true marginal of the first level to the data: shares of the points come to 1/n, mean
 * and variance to the data's, as steps grow. heun's error at 80 steps on edm is some 1e-4; on ve, whose
 * steps are uniform in t, it takes more of them; at 2 it shows. */
Test(empirical, statistics_come_to_the_datas_as_steps_grow) {
    uint64_t state = 11;
    myr_target *target = random_target(&state, 8, 2, -2.0, 2.0);
    const struct {
        const char *process;
        int64_t steps;
    } runs[] = {{"edm", 80}, {"ve", 400}};
    for (int n = 0; n < 2; n++) {
        double few = off_by(runs[n].process, 2, target);
        double many = off_by(runs[n].process, runs[n].steps, target);
        cr_expect(few > 5.0, "%s: two steps are told from the data by %g standard errors", runs[n].process,
                  few);
        cr_expect(many <= 5.0, "%s: %g standard errors", runs[n].process, many);
    }
    myr_target_destroy(target);
}

/* Where the flow is from x on, in that many intervals: on edm from sigma 5 to 1/2, on ve from t = 1 to 1/4,
 * three quarters of its steps. The
 * last step of a whole grid goes to a level of 0 by the denoiser alone, and has an order of its own. */
static void flow(const myr_target *target, const char *process, const char *sampler, int64_t intervals,
                 const double *x, double *end) {
    const bool is_ve = strcmp(process, "ve") == 0;
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = process;
    options.sampler = sampler;
    options.steps = is_ve ? intervals / 3 * 4 : intervals + 1;
    if (!is_ve) {
        options.sigma_min = 0.5;
        options.sigma_max = 5.0;
    }
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
    myr_job job = make_job(plan, target, 0, 1);
    job.row_end = intervals;
    job.states = x;
    REQUIRE_OK(context, myr_backend_reference.states(context, &job, end));
    myr_plan_destroy(plan);
}

/* Twice the intervals: errors go down by 2 and by 4, but for terms of the next order, a tenth here. */
static void expect_orders(const myr_target *target, const char *process, const double x[2]) {
    static const struct {
        const char *sampler;
        double factor;
    } cases[] = {{"euler", 2.0}, {"ddim", 2.0}, {"heun", 4.0}, {"dpmpp-2m", 4.0}};
    double exact[2];
    flow(target, process, "heun", 12288, x, exact);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        double error[2];
        for (int fine = 0; fine < 2; fine++) {
            double got[2];
            flow(target, process, cases[k].sampler, fine ? 384 : 192, x, got);
            error[fine] = hypot(got[0] - exact[0], got[1] - exact[1]);
        }
        double factor = error[0] / error[1];
        cr_expect(fabs(factor - cases[k].factor) <= 0.1 * cases[k].factor, "%s, %s: %g, errors %g and %g",
                  process, cases[k].sampler, factor, error[0], error[1]);
    }
}

Test(empirical, orders_of_convergence_are_one_and_two) {
    enum { n = 5, d = 2 };
    const float points[n * d] = {0.0f, 0.0f, 1.5f, -0.5f, -1.0f, 1.0f, 0.5f, 2.0f, -1.5f, -1.0f};
    const double x[d] = {1.7, -2.3};
    myr_target *target = make_target(n, d, points);
    expect_orders(target, "edm", x);
    expect_orders(target, "ve", x);
    myr_target_destroy(target);
}

/* Mixtures on edm are in test_golden_flow.c. */
Test(empirical, orders_of_convergence_are_those_of_mixtures_on_ve) {
    const double weights[] = {1.0, 2.0, 1.0}, means[] = {-1.0, 0.5, 0.8, 0.8, 0.0, -1.0};
    const double variances[] = {0.1, 0.3, 0.2, 0.2, 0.4, 0.1}, x[2] = {0.4, -0.7};
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_mixture(context, 2, 3, weights, means, variances, &target));
    expect_orders(target, "ve", x);
    myr_target_destroy(target);
}

/* The start "exact": with normals of 0 it is a point times a, number floor(word n / 2^32). */
Test(empirical, exact_starts_are_at_points_that_stream_2_chooses) {
    enum { n = 10, d = 3, count = 5000 };
    uint64_t state = fresh_seed(), seed = state;
    myr_target *target = random_target(&state, n, d, -2.0, 2.0);
    myr_plan *plan = make_plan("vp", "ddim", 10, "exact", target);
    const double a = myr_plan_rows(plan)[0].a;
    double *zeros = calloc(count * d, sizeof *zeros), *starts = malloc(2 * count * d * sizeof *starts);
    int seen[n] = {0};
    myr_job job = make_job(plan, target, UINT64_C(1) << 40, count);
    job.seed = seed;
    job.row_end = 0;
    job.start_normals = zeros;
    REQUIRE_OK(context, myr_backend_reference.states(context, &job, starts));
    REQUIRE_OK(context, myr_backend_cpu.states(context, &job, starts + count * d));
    for (uint64_t j = 0; j < count; j++) {
        uint32_t words[4];
        myr_reference_words(seed, job.first + j, 2, 0, words);
        const int i = (int)((uint64_t)words[0] * n >> 32);
        seen[i]++;
        for (uint64_t c = 0; c < d; c++) {
            double want = a * (double)myr_empirical_of(target)->points[(uint64_t)i * d + c];
            cr_assert(fabs(starts[j * d + c] - want) <= 1e-15);
            cr_assert(fabs(starts[(count + j) * d + c] - want) <= 4.0 * 0x1p-23);
        }
    }
    /* Nine degrees of freedom: beyond 60 once in 1e9. */
    double chi_square = 0.0;
    for (int i = 0; i < n; i++)
        chi_square += (seen[i] - (double)count / n) * (seen[i] - (double)count / n) / ((double)count / n);
    cr_expect(chi_square < 60.0, "seed %llu: chi square %g", (unsigned long long)seed, chi_square);
    free(zeros);
    free(starts);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
}

/* ---- the target ------------------------------------------------------------------------------------ */

Test(empirical, moments_are_the_datas) {
    const float points[] = {1.0f, 5.0f, 2.0f, 5.0f, 6.0f, 5.0f};
    myr_target *target = make_target(3, 2, points);
    double mean[2], variance[2];
    myr_target_moments(target, mean, variance);
    cr_expect(mean[0] == 3.0 && mean[1] == 5.0);
    cr_expect(fabs(variance[0] - 14.0 / 3.0) <= 1e-15 * 5 && variance[1] == 0.0);
    cr_expect_str_eq(myr_target_type(target), "empirical");
    cr_expect(myr_target_dimension(target) == 2 && myr_target_points(target) == 3 &&
              myr_target_points(NULL) == 0);
    myr_target_destroy(target);
}

Test(empirical, bad_arguments_are_refused_by_name) {
    static const float sound[4] = {0.0f, 1.0f, 2.0f, 3.0f}, bad[4] = {0.0f, 1.0f, NAN, 3.0f};
    static const float large[4] = {0.0f, 2e15f, 0.0f, 0.0f}, infinite[4] = {0.0f, 0.0f, 0.0f, -INFINITY};
    const struct {
        int64_t count;
        int dimension;
        const float *points;
        const char *message;
    } cases[] = {{0, 2, sound, "count is 0; expected 1 to 1000000 points"},
                 {-1, 2, sound, "count is -1; expected"},
                 {1000001, 2, sound, "count is 1000001; expected"},
                 {2, 0, sound, "dimension is 0; expected 1 to 4096"},
                 {2, 4097, sound, "dimension is 4097; expected 1 to 4096"},
                 {2, 2, NULL, "points is NULL; expected an array"},
                 {2, 2, bad, "points[1][0] is nan; expected a number from -1e15 to 1e15"},
                 {2, 2, large, "points[0][1] is 2e+15; expected"},
                 {2, 2, infinite, "points[1][1] is -inf; expected"}};
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        char nothing;
        myr_target *target = (myr_target *)(void *)&nothing;
        cr_expect_eq(myr_target_create_empirical(context, cases[n].count, cases[n].dimension,
                                                 cases[n].points, &target),
                     MYR_INVALID_ARGUMENT);
        cr_expect_null(target);
        cr_expect(strstr(myr_context_error(context), cases[n].message), "%s", myr_context_error(context));
    }
    cr_expect_eq(myr_target_create_empirical(context, 2, 2, sound, NULL), MYR_INVALID_ARGUMENT);
}
