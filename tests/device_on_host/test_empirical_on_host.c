/* Data points on the cuda backend, run on the host, with CBLAS for cuBLAS: every sampler within the bound,
 * the same bits from any run, numbers of the caller's own, and one clear line for each failure. */
#include "support.h"

#include "backends/backend.h"
#include "cuda/cuda_batched.h"
#include "each_failure.h"
#include "fake_runtime.h"
#include "moments_by.h"
#include "verify/rounding.h"

/* Groups, tiles and batches that runs of some hundred trajectories go through. */
static const myr_batched_limits small = {.lanes = 256, .tile = 16, .state_bytes = 0.0};

MOMENTS_BY(points_moments, myr_batched_limits, myr_cuda_batched_range)

static myr_target *make_points(myr_context *context, int64_t count, int d) {
    float points[64 * 8];
    for (int64_t i = 0; i < count; i++)
        for (int c = 0; c < d; c++)
            points[i * d + c] = (float)(3.0 - c + sin(2.0 * (double)i + 0.7 * c) + 0.1 * (double)(i % 3));
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_empirical(context, count, d, points, &target));
    return target;
}

static myr_plan *make_plan(myr_context *context, const char *process, const char *sampler,
                           const char *start, const myr_target *target) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = process;
    options.sampler = sampler;
    options.start = start;
    options.steps = 3;
    if (strcmp(sampler, "heun") == 0)
        options.churn = 1.0;
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
    return plan;
}

static myr_job make_job(const myr_plan *plan, const myr_target *target, uint64_t first, uint64_t count) {
    return (myr_job){.plan = plan,
                     .target = target,
                     .seed = 0xfedcba9876543210,
                     .first = first,
                     .count = count,
                     .row_end = myr_plan_steps(plan),
                     .threads = 1};
}

static double *run_states(myr_context *context, const myr_batched_limits *limits, const myr_job *job) {
    const size_t size = job->count * (size_t)myr_plan_dimension(job->plan);
    double *states = malloc(size * sizeof *states);
    memset(states, 0xff, size * sizeof *states); /* NaNs */
    REQUIRE_OK(context, myr_cuda_batched_states(context, limits, job, states));
    cr_assert_eq(fake_live(), 0);
    return states;
}

/* Against the reference, element by element. */
static void expect_bounded(const myr_job *job, const char *what) {
    myr_context *context = new_context();
    const size_t d = (size_t)myr_plan_dimension(job->plan);
    double *expected = malloc(job->count * d * sizeof *expected), *bound = malloc(d * sizeof *bound);
    double *states = run_states(context, &small, job);
    REQUIRE_OK(context, myr_backend_reference.states(context, job, expected));
    for (size_t n = 0; n < job->count; n++) {
        REQUIRE_OK(context, myr_bound_vector(context, job, n, bound));
        for (size_t c = 0; c < d; c++)
            cr_assert(fabs(states[n * d + c] - expected[n * d + c]) <= bound[c],
                      "%s: trajectory %zu, coordinate %zu is %.9g, not %.9g; bound %.2g", what, n, c,
                      states[n * d + c], expected[n * d + c], bound[c]);
    }
    free(expected);
    free(bound);
    free(states);
    myr_context_destroy(context);
}

Test(empirical_on_host, every_sampler_is_within_the_bound) {
    myr_context *context = new_context();
    myr_target *target = make_points(context, 37, 5);
    int tried = 0;
    for (int p = 0; myr_process_name(p); p++)
        for (int s = 0; myr_sampler_name(s); s++)
            for (int way = 0; way < 3; way++) { /* starts prior and exact; fast arithmetic */
                const char *process = myr_process_name(p), *sampler = myr_sampler_name(s);
                if (!myr_sampler_supports(sampler, process) ||
                    !myr_sampler_supports_target(sampler, target) || strcmp(process, "discrete") == 0)
                    continue;
                myr_plan *plan = make_plan(context, process, sampler, way == 1 ? "exact" : "prior", target);
                myr_job job = make_job(plan, target, 250, 20); /* two groups */
                job.fast = way == 2;
                char what[64];
                snprintf(what, sizeof what, "%s on %s, way %d", sampler, process, way);
                expect_bounded(&job, what);
                myr_plan_destroy(plan);
                tried++;
            }
    cr_assert(tried > 30);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(empirical_on_host, one_point_and_a_level_of_zero) {
    myr_context *context = new_context();
    myr_target *target = make_points(context, 1, 1);
    myr_plan *plan = make_plan(context, "edm", "euler", "prior", target);
    myr_job job = make_job(plan, target, 0, 5);
    expect_bounded(&job, "one point");
    myr_plan_destroy(plan);
    myr_target_destroy(target);

    /* The denoiser at s = 0: the nearest of the points 0, 1, 3, whatever the distance. */
    const float line[] = {0.0f, 1.0f, 3.0f};
    const double from[] = {-5.0, 0.49, 0.51, 1.9, 2.1, 1e6}, nearest[] = {0.0, 0.0, 1.0, 1.0, 3.0, 3.0};
    const double zero = 0.0, one = 1.0;
    const myr_row row = {.a = 1.0, .s = 0.0, .a_next = 1.0, .B = 1.0};
    REQUIRE_OK(context, myr_target_create_empirical(context, 3, 1, line, &target));
    REQUIRE_OK(context, myr_plan_create_from_rows(context, 1, 1, &row, &zero, &one, &plan));
    job = make_job(plan, target, 0, 6);
    job.states = from;
    double *states = run_states(context, &small, &job);
    for (int n = 0; n < 6; n++)
        cr_expect(fabs(states[n] - nearest[n]) <= 3.0 * 0x1p-23, "from %g to %.9g", from[n], states[n]);
    free(states);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(empirical_on_host, any_run_gives_the_same_bits) {
    myr_context *context = new_context();
    myr_target *target = make_points(context, 20, 3);
    myr_plan *plan = make_plan(context, "edm", "euler-ancestral", "exact", target);
    const uint64_t first = 4090, count = 4200, cuts[] = {0, 1, 6, 255, 4097, 4200};
    myr_job job = make_job(plan, target, first, count);
    double *whole = run_states(context, &small, &job);
    const myr_batched_limits large = {
        .lanes = 256, .tile = 16, .state_bytes = 1e6}; /* batches of many chunks */
    double *again = run_states(context, &large, &job);
    cr_expect(memcmp(whole, again, count * 3 * sizeof *whole) == 0);
    free(again);
    for (size_t n = 0; n + 1 < sizeof cuts / sizeof *cuts; n++) {
        job = make_job(plan, target, first + cuts[n], cuts[n + 1] - cuts[n]);
        double *part = run_states(context, &small, &job);
        cr_expect(memcmp(whole + 3 * cuts[n], part, job.count * 3 * sizeof *part) == 0, "cut %zu", n);
        free(part);
    }
    myr_moment moments[3];
    memset(moments, 0xff, sizeof moments);
    job = make_job(plan, target, first, count);
    REQUIRE_OK(context, points_moments(context, &small, &job, moments));
    for (int c = 0; c < 3; c++) {
        long double sum = 0.0L, squares = 0.0L;
        for (uint64_t n = 0; n < count; n++)
            sum += whole[3 * n + (uint64_t)c];
        for (uint64_t n = 0; n < count; n++) {
            long double away = whole[3 * n + (uint64_t)c] - sum / count;
            squares += away * away;
        }
        /* Some 40 additions and a tree of two levels, 2^-53 each, of numbers near 1. */
        cr_expect_eq(moments[c].count, count);
        cr_expect(fabsl(moments[c].mean - sum / count) <= 1e-13L);
        cr_expect(fabsl(moments[c].m2 - squares) <= 1e-13L * squares);
    }
    free(whole);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(empirical_on_host, ragged_counts_and_twenty_orders_give_the_same_bits) {
    static const uint64_t counts[] = {1, 31, 32, 33, 4095};
    enum { COUNT = 4097, D = 2 };
    myr_context *context = new_context();
    myr_target *target = make_points(context, 20, D);
    myr_plan *plan = make_plan(context, "edm", "heun", "prior", target);
    myr_job job = make_job(plan, target, 5, COUNT);
    double *whole = run_states(context, &small, &job);
    for (size_t n = 0; n < sizeof counts / sizeof *counts; n++) {
        job.count = counts[n];
        double *part = run_states(context, &small, &job);
        cr_expect(memcmp(whole, part, counts[n] * D * sizeof *part) == 0, "count %llu",
                  (unsigned long long)counts[n]);
        free(part);
    }
    job.count = 33;
    myr_moment first[D], moments[D];
    for (uint64_t order = 0; order < 20; order++) {
        device_on_host_seed(order);
        double *again = run_states(context, &small, &job);
        cr_expect(memcmp(whole, again, job.count * D * sizeof *again) == 0, "order %llu",
                  (unsigned long long)order);
        free(again);
        memset(moments, 0xff, sizeof moments);
        REQUIRE_OK(context, points_moments(context, &small, &job, moments));
        if (order == 0)
            memcpy(first, moments, sizeof first);
        cr_expect(memcmp(first, moments, sizeof first) == 0, "moments, order %llu",
                  (unsigned long long)order);
    }
    free(whole);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* What the generator gives a job, for callers to give. */
typedef struct numbers {
    double *noise, *start;
} numbers;

static double *draw_numbers(myr_context *context, const myr_job *job, uint32_t stream, uint64_t wanted) {
    const myr_draw draw = {.seed = job->seed,
                           .first = job->first,
                           .count = job->count,
                           .stream = stream,
                           .blocks = (uint32_t)(wanted + 3) / 4,
                           .threads = 1};
    double *drawn = malloc(job->count * 4 * draw.blocks * sizeof *drawn);
    double *numbers = malloc(job->count * wanted * sizeof *numbers);
    REQUIRE_OK(context, myr_backend_cuda.normals(context, &draw, drawn));
    for (uint64_t n = 0; n < job->count; n++)
        memcpy(numbers + n * wanted, drawn + n * 4 * draw.blocks, wanted * sizeof *numbers);
    free(drawn);
    return numbers;
}

static numbers give_numbers(myr_context *context, myr_job *job) {
    const uint64_t d = (uint64_t)myr_plan_dimension(job->plan);
    const uint64_t wanted = (uint64_t)(myr_plan_steps(job->plan) * myr_plan_slots(job->plan)) * d;
    const numbers given = {draw_numbers(context, job, 0, wanted), draw_numbers(context, job, 1, d)};
    job->noise = given.noise;
    job->start_normals = given.start;
    return given;
}

static void free_numbers(const numbers *given) {
    free(given->noise);
    free(given->start);
}

/* The generator's own numbers, given, change nothing, whenever the device takes them from where they lie: in pinned memory, or
 * in any where there is no more. */
Test(empirical_on_host, given_numbers_take_the_place_of_the_generators) {
    enum { count = 300, d = 3 };
    myr_context *context = new_context();
    myr_target *target = make_points(context, 20, d);
    myr_plan *plan = make_plan(context, "edm", "heun", "prior", target);
    myr_job job = make_job(plan, target, 100, count);
    double *expected = run_states(context, &small, &job);
    const numbers given = give_numbers(context, &job);
    job.seed = 1;
    for (uint64_t order = 0; order < 20; order++) {
        device_on_host_seed(order);
        if (order == 10)
            fake_failure("cudaMallocHost", 1, cudaErrorMemoryAllocation);
        double *states = run_states(context, &small, &job);
        cr_expect(memcmp(expected, states, count * d * sizeof *states) == 0, "order %llu",
                  (unsigned long long)order);
        free(states);
    }
    fake_machine(1, CUDART_VERSION);
    free(expected);
    free_numbers(&given);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

/* States given to the last row of three, of several groups. */
Test(empirical_on_host, given_states_are_taken_whenever_the_device_comes_to_them) {
    enum { count = 600, d = 2 };
    myr_context *context = new_context();
    myr_target *target = make_points(context, 20, d);
    myr_plan *plan = make_plan(context, "edm", "euler", "prior", target);
    myr_job job = make_job(plan, target, 100, count);
    job.row_end = 2;
    double *half = run_states(context, &small, &job);
    job.states = half;
    job.row_begin = 2;
    job.row_end = 3;
    double *first = run_states(context, &small, &job);
    for (uint64_t order = 0; order < 20; order++) {
        device_on_host_seed(order);
        double *states = run_states(context, &small, &job);
        cr_expect(memcmp(first, states, count * d * sizeof *states) == 0, "order %llu",
                  (unsigned long long)order);
        free(states);
    }
    for (int n = 0; n < count; n += 77) { /* one by one: no other's state was taken */
        job.first = 100 + (uint64_t)n;
        job.count = 1;
        job.states = half + n * d;
        double *one = run_states(context, &small, &job);
        cr_expect(memcmp(first + n * d, one, d * sizeof *one) == 0, "trajectory %d", n);
        free(one);
    }
    free(half);
    free(first);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

enum { ROWS = 40 };

static myr_plan *make_long_plan(myr_context *context, const myr_target *target) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = "edm";
    options.sampler = "euler";
    options.start = "prior";
    options.steps = ROWS;
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
    return plan;
}

typedef struct told {
    uint64_t last, stop_at;
    int times;
} told;

static int follow(void *user, uint64_t done, uint64_t total) {
    told *t = user;
    cr_assert(done >= t->last && done <= total);
    t->last = done;
    t->times++;
    return done >= t->stop_at;
}

/* Rows are not waited for one by one, and yet all of them are told; whoever wants no more is heard within MYR_TURNS of them:
 * before the launch of a later one. */
Test(empirical_on_host, rows_run_ahead_but_not_far) {
    enum { count = 256, launches = 4 /* of a row: two tiles, a factor, the step */, heard = 8 };
    myr_context *context = new_context();
    myr_target *target = make_points(context, 20, 3);
    myr_plan *plan = make_long_plan(context, target);
    told t = {.stop_at = UINT64_MAX};
    myr_job job = make_job(plan, target, 0, count);
    myr_moment moments[3];
    job.progress = follow;
    job.user = &t;
    fake_failure("cudaStreamSynchronize", ROWS / 2, cudaErrorLaunchFailure);
    REQUIRE_OK(context, points_moments(context, &small, &job, moments));
    cr_expect_eq(t.last, count);
    cr_expect_eq(t.times, ROWS + 1);
    fake_machine(1, CUDART_VERSION);
    t = (told){.stop_at = heard * count / ROWS};
    fake_failure("launch", 1 + launches * (heard + MYR_TURNS - 1) + 1, cudaErrorLaunchFailure);
    cr_expect_eq(points_moments(context, &small, &job, moments), MYR_CANCELLED, "%s",
                 myr_context_error(context));
    cr_expect_eq(t.times, heard + 1);
    fake_machine(1, CUDART_VERSION);
    cr_expect_eq(fake_live(), 0);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

static int stop_at_once(void *user, uint64_t done, uint64_t total) {
    (void)user;
    (void)done;
    (void)total;
    return 1;
}

static myr_status run_moments(myr_context *context, void *user) {
    myr_moment moments[3];
    return points_moments(context, &small, user, moments);
}

Test(empirical_on_host, every_failure_is_one_line_and_leaves_nothing) {
    static const char *const calls[] = {"cudaMalloc",
                                        "launch",
                                        "cudaMemcpyAsync",
                                        "cudaMemsetAsync",
                                        "cudaStreamSynchronize",
                                        "cudaStreamCreateWithFlags",
                                        "cudaEventCreateWithFlags",
                                        "cudaEventRecord",
                                        "cudaEventSynchronize",
                                        "products"};
    myr_context *context = new_context();
    myr_target *target = make_points(context, 20, 3);
    myr_plan *plan = make_plan(context, "edm", "heun", "prior", target);
    myr_job job = make_job(plan, target, 0, 10);
    myr_moment moments[3];
    for (size_t n = 0; n < sizeof calls / sizeof *calls; n++)
        expect_each_failure(calls[n], cudaErrorLaunchFailure, run_moments, &job);
    const numbers given = give_numbers(context, &job); /* copies are on their way then */
    for (size_t n = 0; n < sizeof calls / sizeof *calls; n++)
        expect_each_failure(calls[n], cudaErrorLaunchFailure, run_moments, &job);
    free_numbers(&given);
    job.noise = job.start_normals = NULL;
    job.progress = stop_at_once;
    cr_assert_eq(points_moments(context, &small, &job, moments), MYR_CANCELLED);
    cr_assert_eq(fake_live(), 0);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}
