/* Chains of the cuda backend, run on the host: the bits of the cpu backend, for every number of states,
 * however the work is split, in 20 orders; and a failure of each call is one line. */
#include "support.h"

#include "backends/backend.h"
#include "cuda/cuda_run.h"
#include "each_failure.h"
#include "fake_runtime.h"
#include "moments_by.h"

MOMENTS_BY(chain_moments, myr_cuda_limits, myr_cuda_chain_range)

/* Random matrices, one a step, with zeros, and a prior that is reached. */
static myr_target *make_target(myr_context *context, int s, int steps, uint64_t random) {
    double weights[MYR_MAX_STATES], *transitions = malloc((size_t)(steps * s * s) * sizeof(double));
    for (int i = 0; i < s; i++)
        weights[i] = i % 3 == 1 ? 0.0 : (double)(1 + next_random(&random) % 9);
    for (int row = 0; row < steps * s; row++) {
        double sum = 0.0, *q = transitions + row * s;
        for (int j = 0; j < s; j++)
            sum += q[j] = j != row % s && next_random(&random) % 3 == 0
                              ? 0.0
                              : 1.0 + (double)(next_random(&random) % 5);
        for (int j = 0; j < s; j++)
            q[j] /= sum;
    }
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_discrete(context, s, weights, steps, transitions, NULL, &target));
    free(transitions);
    return target;
}

static myr_plan *make_plan(myr_context *context, int steps, const myr_target *target) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = "discrete";
    options.sampler = "ancestral";
    options.start = "exact";
    options.steps = steps;
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
    return plan;
}

static myr_job make_job(const myr_plan *plan, const myr_target *target, uint64_t first, uint64_t count) {
    myr_job job = {.plan = plan,
                   .target = target,
                   .seed = 0x123456789abcdef0,
                   .first = first,
                   .count = count,
                   .row_end = plan->steps,
                   .threads = 1};
    return job;
}

/* Both backends, moments and states: the same bits. */
static void expect_equal(const myr_job *job, const myr_cuda_limits *limits, const char *what) {
    myr_context *context = new_context();
    myr_moment cpu, cuda;
    double *expected = malloc(job->count * sizeof(double)), *states = malloc(job->count * sizeof(double));
    memset(&cuda, 0xff, sizeof cuda);
    memset(states, 0xff, job->count * sizeof(double));
    REQUIRE_OK(context, myr_job_moments(context, &myr_backend_cpu, job, &cpu));
    REQUIRE_OK(context, chain_moments(context, limits, job, &cuda));
    cr_expect(memcmp(&cpu, &cuda, sizeof cpu) == 0, "%s, count %llu: mean %a and %a", what,
              (unsigned long long)job->count, cpu.mean, cuda.mean);
    REQUIRE_OK(context, myr_backend_cpu.states(context, job, expected));
    REQUIRE_OK(context, myr_cuda_chain_states(context, limits, job, states));
    for (uint64_t i = 0; i < job->count; i++)
        if (memcmp(&expected[i], &states[i], sizeof(double)) != 0) {
            cr_expect(false, "%s, count %llu: state %llu is %g on the cpu, %g on cuda", what,
                      (unsigned long long)job->count, (unsigned long long)i, expected[i], states[i]);
            break;
        }
    free(expected);
    free(states);
    cr_expect_eq(fake_live(), 0);
    myr_context_destroy(context);
}

Test(chain_on_host, every_number_of_states_gives_the_bits_of_the_cpu) {
    const int sizes[] = {1, 2, 3, 4, 5, 8, 9, 33, 256};
    const uint64_t counts[] = {1, 33, 255, 4097};
    myr_context *context = new_context();
    for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
        myr_target *target = make_target(context, sizes[n], 6, n);
        myr_plan *plan = make_plan(context, 6, target);
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
            char what[40];
            snprintf(what, sizeof what, "%d states", sizes[n]);
            myr_job job = make_job(plan, target, (UINT64_C(7) << 32) - 100, counts[k]);
            expect_equal(&job, &myr_cuda_usual_limits, what);
        }
        myr_plan_destroy(plan);
        myr_target_destroy(target);
    }
    myr_context_destroy(context);
}

/* Batches of one chunk and of two, slices of one step and of a few, that end inside a block of words. */
Test(chain_on_host, batches_slices_and_parts_do_not_show) {
    const myr_cuda_limits limits[] = {
        {.launch_steps = 1, .least_chunks = 1, .most_chunks = 1, .state_bytes = 1, .copied_bytes = 1},
        {.launch_steps = 3 * 16 * 4096,
         .least_chunks = 1,
         .most_chunks = 8,
         .state_bytes = 1e9,
         .copied_bytes = 1e9},
        {.launch_steps = 1e12,
         .least_chunks = 1,
         .most_chunks = 2,
         .state_bytes = 1e9,
         .copied_bytes = 1e9},
    };
    myr_context *context = new_context();
    myr_target *target = make_target(context, 5, 10, 3);
    myr_plan *plan = make_plan(context, 10, target);
    double *states = malloc(9000 * sizeof *states);
    for (size_t n = 0; n < sizeof limits / sizeof *limits; n++) {
        myr_job job = make_job(plan, target, 11, 2 * 4096 + 7);
        expect_equal(&job, &limits[n], "in pieces");
        for (int begin = 1; begin < 9; begin += 3) {
            myr_job early = job, late = job;
            early.row_end = begin;
            REQUIRE_OK(context, myr_backend_cpu.states(context, &early, states));
            late.row_begin = begin;
            late.row_end = begin + 2;
            late.states = states;
            expect_equal(&late, &limits[n], "part of the steps");
        }
    }
    free(states);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

Test(chain_on_host, twenty_orders_give_the_same_bits) {
    myr_context *context = new_context();
    myr_target *target = make_target(context, 6, 3, 9);
    myr_plan *plan = make_plan(context, 3, target);
    myr_job job = make_job(plan, target, 0, 4097);
    myr_moment first;
    for (uint64_t seed = 0; seed < 20; seed++) {
        myr_moment moment;
        device_on_host_seed(seed);
        memset(&moment, 0xff, sizeof moment);
        REQUIRE_OK(context, myr_job_moments(context, &myr_backend_cuda, &job, &moment));
        if (seed == 0)
            first = moment;
        cr_expect(memcmp(&first, &moment, sizeof first) == 0, "order %llu", (unsigned long long)seed);
    }
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}

static myr_status run_moments(myr_context *context, void *user) {
    myr_moment moment;
    return myr_job_moments(context, &myr_backend_cuda, user, &moment);
}

/* Each call of the runtime may fail: one line, and all memory and streams given back. */
Test(chain_on_host, failures_are_told_and_nothing_is_kept) {
    static const char *const functions[] = {"cudaMalloc", "cudaMemcpyAsync", "cudaStreamSynchronize",
                                            "launch"};
    myr_context *context = new_context();
    myr_target *target = make_target(context, 4, 3, 5);
    myr_plan *plan = make_plan(context, 3, target);
    myr_job job = make_job(plan, target, 0, 4097);
    expect_failures_of(functions, 4, run_moments, &job);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
    myr_context_destroy(context);
}
