/* The caller's own normals on the cuda backend, run on the host: the bits of the cpu backend for every kind
 * of target that has them there. (Data points: test_empirical_on_host.c.) */
#include "on_host.h"

/* Normals for all of a job. */
typedef struct numbers {
    double *start, *noise;
} numbers;

static double *make_numbers(size_t count, uint64_t *random) {
    double *made = malloc((count + 1) * sizeof *made);
    for (size_t i = 0; i < count; i++)
        made[i] = uniform(random, -2.0, 2.0);
    return made;
}

static numbers numbers_make(const myr_plan *plan, uint64_t count) {
    uint64_t random = count;
    const size_t d = (size_t)plan->dimension, rows = (size_t)(plan->steps * plan->slots);
    numbers made;
    made.start = make_numbers(count * d, &random);
    made.noise = make_numbers(count * rows * d, &random);
    return made;
}

static void numbers_free(numbers *n) {
    free(n->start);
    free(n->noise);
}

static void expect_equal_given(myr_job job, const myr_cuda_limits *limits, const char *what) {
    numbers made = numbers_make(job.plan, job.count);
    job.start_normals = made.start;
    job.noise = job.plan->slots > 0 ? made.noise : NULL;
    expect_equal(&job, limits, what);
    numbers_free(&made);
}

/* One of the two, the other made. */
static void expect_equal_half_given(myr_job job, const char *what) {
    numbers made = numbers_make(job.plan, job.count);
    job.start_normals = made.start;
    expect_equal(&job, &myr_cuda_usual_limits, what);
    job.start_normals = NULL;
    job.noise = job.plan->slots > 0 ? made.noise : NULL;
    expect_equal(&job, &myr_cuda_usual_limits, what);
    numbers_free(&made);
}

static myr_target *make_gaussian(myr_context *context, int d) {
    double mean[MYR_MAX_DIMENSION], variance[MYR_MAX_DIMENSION];
    for (int c = 0; c < d; c++) {
        mean[c] = 0.3 - 0.17 * c;
        variance[c] = 0.01 * (1 + c);
    }
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_gaussian(context, d, mean, variance, &target));
    return target;
}

Test(given_on_host, every_target_and_table_gives_the_bits_of_the_cpu) {
    static const int dimensions[] = {1, 3, 6, 64};
    myr_context *context = new_context();
    for (size_t n = 0; n < sizeof dimensions / sizeof *dimensions; n++) {
        const int d = dimensions[n];
        myr_target *targets[] = {make_gaussian(context, d), make_full(context, d),
                                 make_mixture(context, d, 5)};
        for (int t = 0; t < 3; t++) {
            myr_plan *plans[] = {new_plan(context, "ddpm-small", 3, t == 2 ? "exact" : "prior", targets[t]),
                                 new_plan(context, "ddim", 3, "prior", targets[t]),
                                 make_features(context, d, 3, 15), make_features(context, d, 3, 2)};
            for (int p = 0; p < 4; p++) {
                char what[80];
                snprintf(what, sizeof what, "target %d, plan %d", t, p);
                const myr_job job = make_job(plans[p], targets[t], 7, d == 64 ? 2 : 33);
                expect_equal_given(job, &myr_cuda_usual_limits, what);
                if (p == 2)
                    expect_equal_half_given(job, what);
                myr_plan_destroy(plans[p]);
            }
            myr_target_destroy(targets[t]);
        }
    }
    myr_context_destroy(context);
}

Test(given_on_host, ragged_counts_give_the_bits_of_the_cpu) {
    myr_context *context = new_context();
    myr_target *targets[] = {make_gaussian(context, 1), make_mixture(context, 2, 3)};
    for (int t = 0; t < 2; t++) {
        myr_plan *plan = new_plan(context, "ddpm-large", 2, "prior", targets[t]);
        for (int n = 0; n < RAGGED; n++)
            expect_equal_given(make_job(plan, targets[t], 0, ragged[n]), &myr_cuda_usual_limits, "ragged");
        myr_plan_destroy(plan);
        myr_target_destroy(targets[t]);
    }
    myr_context_destroy(context);
}

/* One row of numbers at a time, some rows of several chunks, and parts of the rows. */
Test(given_on_host, batches_and_slices_do_not_show) {
    const double chunk_bytes = MYR_CHUNK * sizeof(float);
    const myr_cuda_limits limits[] = {
        {1e9, 1, 4, 1e9, 1.0, 1e9, 0},
        {1e9, 1, 4, 1e9, 2 * 2 * 3 * 2 * chunk_bytes, 1e9, 4}, /* three rows of two chunks */
        {1e5, 1, 2, 1e9, 1e9, 3000, 16},
    };
    myr_context *context = new_context();
    myr_target *targets[] = {make_gaussian(context, 2), make_full(context, 2), make_mixture(context, 2, 3)};
    myr_plan *plan = make_features(context, 2, 7, 15);
    for (int t = 0; t < 3; t++) {
        for (size_t n = 0; n < sizeof limits / sizeof *limits; n++) {
            myr_job job = make_job(plan, targets[t], 0, 2 * MYR_CHUNK + 7);
            expect_equal_given(job, &limits[n], "in pieces");
            numbers made = numbers_make(plan, job.count);
            job.states = made.start;
            job.noise = made.noise;
            job.row_begin = 3;
            job.row_end = 6;
            expect_equal(&job, &limits[n], "part of the rows, from given states");
            numbers_free(&made);
        }
        myr_target_destroy(targets[t]);
    }
    myr_plan_destroy(plan);
    myr_context_destroy(context);
}

Test(given_on_host, twenty_orders_give_the_same_bits) {
    myr_context *context = new_context();
    myr_target *targets[] = {make_gaussian(context, 3), make_mixture(context, 2, 3)};
    for (int t = 0; t < 2; t++) {
        myr_plan *plan = make_features(context, targets[t]->dimension, 2, 15);
        myr_job job = make_job(plan, targets[t], 0, MYR_CHUNK + 1);
        numbers made = numbers_make(plan, job.count);
        job.start_normals = made.start;
        job.noise = made.noise;
        myr_moment first[3], moments[3];
        for (uint64_t seed = 0; seed < 20; seed++) {
            device_on_host_seed(seed);
            memset(moments, 0xff, sizeof moments);
            REQUIRE_OK(context, myr_job_moments(context, &myr_backend_cuda, &job, moments));
            if (seed == 0)
                memcpy(first, moments, sizeof first);
            cr_expect(memcmp(first, moments, (size_t)plan->dimension * sizeof *first) == 0,
                      "target %d, order %llu", t, (unsigned long long)seed);
        }
        numbers_free(&made);
        myr_plan_destroy(plan);
        myr_target_destroy(targets[t]);
    }
    myr_context_destroy(context);
}

/* The public call: exact arithmetic whatever is asked for, on cuda the bits of the cpu. */
static void expect_equal_calls(myr_context *context, const myr_plan *plan, const myr_target *target,
                               const myr_given *given, uint64_t count) {
    const size_t size = count * (size_t)plan->dimension * sizeof(double);
    double *cpu = malloc(size), *cuda = malloc(size);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    myr_report report = MYR_REPORT_INIT;
    options.count = count;
    options.math = "fast";
    options.backend = "cpu";
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &options, given, cpu, NULL));
    options.backend = "cuda";
    memset(cuda, 0xff, size);
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &options, given, cuda, &report));
    cr_expect(memcmp(cpu, cuda, size) == 0, "%s", myr_target_type(target));
    cr_expect_str_eq(report.math, "exact");
    cr_expect_str_eq(report.backend, "cuda");
    free(cpu);
    free(cuda);
}

Test(given_on_host, the_public_call_takes_numbers_on_cuda) {
    enum { COUNT = 33 };
    myr_context *context = new_context();
    myr_target *targets[] = {make_gaussian(context, 2), make_full(context, 2), make_mixture(context, 2, 3)};
    myr_plan *plan = make_features(context, 2, 4, 7);
    numbers made = numbers_make(plan, COUNT);
    myr_given given = MYR_GIVEN_INIT;
    given.start_normals = made.start;
    given.noise = made.noise;
    for (int t = 0; t < 3; t++) {
        expect_equal_calls(context, plan, targets[t], &given, COUNT);
        myr_target_destroy(targets[t]);
    }
    myr_plan_destroy(plan);
    numbers_free(&made);
    myr_context_destroy(context);
}

Test(given_on_host, a_chain_takes_states_on_cuda) {
    enum { COUNT = 9 };
    const double weights[] = {1.0, 2.0, 3.0}, matrix[] = {0.8, 0.1, 0.1, 0.2, 0.7, 0.1, 0.0, 0.5, 0.5};
    const double states[COUNT] = {1, 2, 3, 3, 2, 1, 1, 1, 2};
    myr_context *context = new_context();
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_discrete(context, 3, weights, 1, matrix, NULL, &target));
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = "discrete";
    options.sampler = "ancestral";
    options.start = "exact";
    options.steps = 5;
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
    myr_run_options run = MYR_RUN_OPTIONS_INIT;
    myr_given given = MYR_GIVEN_INIT;
    double cpu[COUNT], cuda[COUNT];
    given.states = states;
    run.count = COUNT;
    run.backend = "cpu";
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &run, &given, cpu, NULL));
    run.backend = "cuda";
    memset(cuda, 0xff, sizeof cuda);
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &run, &given, cuda, NULL));
    cr_expect(memcmp(cpu, cuda, sizeof cpu) == 0);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}
