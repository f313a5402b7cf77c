/* Runs with the caller's own noise in place of the generator's. */
#include <criterion/criterion.h>

#include "plan_suite.h"
#include "verify/rounding.h"

TestSuite(given, .init = begin, .fini = end);

enum {
    COORDINATES = 3,
    STEPS = 11,
    FIRST = 117,
    COUNT = 300
}; /* from inside a block of lanes to inside one */

/* The generator's own normals of a stream, numbers 0 … count - 1 of every trajectory. */
static double *draw(const char *backend, uint64_t seed, uint32_t stream, uint64_t count) {
    const uint32_t blocks = (uint32_t)((count + 3) / 4);
    double *padded = malloc(COUNT * blocks * 4 * sizeof *padded),
           *drawn = malloc(COUNT * count * sizeof *drawn);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = backend;
    options.seed = seed;
    options.first = FIRST;
    options.count = COUNT;
    REQUIRE_OK(context, myr_random_normals(context, &options, stream, 0, blocks, padded));
    for (uint64_t n = 0; n < COUNT; n++)
        memcpy(drawn + n * count, padded + n * blocks * 4, count * sizeof *drawn);
    free(padded);
    return drawn;
}

/* Given what the generator would draw, a run gives the bits that it gives without. */
static void compare_given(const char *backend, const char *sampler, double churn) {
    const uint64_t seed = fresh_seed() >> 1;
    const double mean[COORDINATES] = {1.0, -2.0, 0.5}, variance[COORDINATES] = {0.25, 1.0, 0.01};
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_gaussian(context, COORDINATES, mean, variance, &target));
    myr_plan_options asked = ask("edm", sampler, STEPS);
    asked.churn = churn;
    myr_plan *plan = make(&asked, target);
    double *start = draw(backend, seed, MYR_STREAM_START, COORDINATES);
    double *noise = draw(backend, seed, MYR_STREAM_STEP,
                         (uint64_t)(STEPS * myr_plan_slots(plan) * COORDINATES + 1)); /* never empty */
    double drawn[COUNT * COORDINATES], given_samples[COUNT * COORDINATES];
    double *packed = malloc(sizeof drawn * STEPS * 2);
    const size_t numbers = (size_t)(STEPS * myr_plan_slots(plan) * COORDINATES);
    for (size_t n = 0; n < COUNT; n++)
        memcpy(packed + n * numbers, noise + n * (numbers + 1), numbers * sizeof *noise);
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = backend;
    options.seed = seed;
    options.first = FIRST;
    options.count = COUNT;
    myr_given given = MYR_GIVEN_INIT;
    given.start_normals = start;
    given.noise = packed;
    REQUIRE_OK(context, myr_run_samples(context, plan, target, &options, drawn, NULL));
    options.seed = seed + 1; /* nothing is drawn any more */
    for (size_t i = 0; i < COUNT * COORDINATES; i++)
        given_samples[i] = NAN;
    REQUIRE_OK(context,
               myr_run_samples_given(context, plan, target, &options, &given, given_samples, NULL));
    cr_assert_eq(memcmp(drawn, given_samples, sizeof drawn), 0, "%s, %s, seed %llu", backend, sampler,
                 (unsigned long long)seed);
    free(start);
    free(noise);
    free(packed);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
}

static const char *const backends[] = {"reference", "cpu"};

Test(given, noise_that_the_generator_would_draw_gives_the_same_bits) {
    for (int i = 0; i < 2; i++) {
        compare_given(backends[i], "ddpm-large", 0.0);
        compare_given(backends[i], "ddim", 0.0);
        compare_given(backends[i], "heun", 6.0);
        compare_given(backends[i], "dpmpp-3m-sde", 0.0);
    }
}

/* A fast backend fed with the same doubles is as near the reference as rounding allows, from x_T too. */
static void compare_with_reference(const char *backend, const char *sampler, double churn, bool states) {
    uint64_t seed = fresh_seed();
    myr_target *target = new_target(context, COORDINATES, 0.25);
    myr_plan_options asked = ask("edm", sampler, STEPS);
    asked.churn = churn;
    myr_plan *plan = make(&asked, target);
    const size_t numbers = (size_t)(STEPS * myr_plan_slots(plan) * COORDINATES);
    double start[COUNT * COORDINATES], want[COUNT * COORDINATES], got[COUNT * COORDINATES];
    double *noise = malloc(COUNT * (numbers + 1) * sizeof *noise);
    for (size_t i = 0; i < COUNT * COORDINATES; i++) {
        start[i] = (double)(int64_t)next_random(&seed) * 0x1p-62;
        got[i] = NAN;
    }
    for (size_t i = 0; i < COUNT * numbers; i++)
        noise[i] = (double)(int64_t)next_random(&seed) * 0x1p-62;
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.first = FIRST;
    options.count = COUNT;
    myr_given given = MYR_GIVEN_INIT;
    given.noise = noise;
    if (states)
        given.states = start;
    else
        given.start_normals = start;
    options.backend = "reference";
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &options, &given, want, NULL));
    options.backend = backend;
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &options, &given, got, NULL));
    const myr_job job = {.plan = plan,
                         .target = target,
                         .first = FIRST,
                         .count = COUNT,
                         .row_end = STEPS,
                         .states = given.states,
                         .start_normals = given.start_normals,
                         .noise = numbers > 0 ? noise : NULL};
    double bounds[COUNT * COORDINATES];
    myr_bound_trajectories(&job, bounds);
    for (uint64_t i = 0; i < COUNT * COORDINATES; i++)
        if (!(fabs(got[i] - want[i]) <= bounds[i]))
            cr_assert(false, "%s %s: %.9g, not %.9g (bound %g)", backend, sampler, got[i], want[i],
                      bounds[i]);
    free(noise);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
}

Test(given, given_noise_is_taken_as_it_is) {
    compare_with_reference("cpu", "ddpm-small", 0.0, false);
    compare_with_reference("cpu", "euler", 20.0, true);
    compare_with_reference("cpu", "dpmpp-2m", 0.0, true);
    compare_with_reference("cpu", "dpmpp-2m-sde", 0.0, false);
}

/* On the GPU: the bits of the cpu. */
Test(given, cuda_takes_the_numbers_as_the_cpu_does) {
    need_backend(context, "cuda");
    uint64_t seed = fresh_seed();
    myr_target *target = new_target(context, COORDINATES, 0.25);
    myr_plan_options asked = ask("edm", "heun", STEPS);
    asked.churn = 6.0;
    myr_plan *plan = make(&asked, target);
    const size_t numbers = (size_t)(STEPS * myr_plan_slots(plan) * COORDINATES);
    double start[COUNT * COORDINATES], cpu[COUNT * COORDINATES], cuda[COUNT * COORDINATES];
    double *noise = malloc(COUNT * numbers * sizeof *noise);
    for (size_t i = 0; i < COUNT * COORDINATES; i++) {
        start[i] = (double)(int64_t)next_random(&seed) * 0x1p-62;
        cuda[i] = NAN;
    }
    for (size_t i = 0; i < COUNT * numbers; i++)
        noise[i] = (double)(int64_t)next_random(&seed) * 0x1p-62;
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.count = COUNT;
    myr_given given = MYR_GIVEN_INIT;
    given.start_normals = start;
    given.noise = noise;
    options.backend = "cpu";
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &options, &given, cpu, NULL));
    options.backend = "cuda";
    REQUIRE_OK(context, myr_run_samples_given(context, plan, target, &options, &given, cuda, NULL));
    cr_assert(memcmp(cpu, cuda, sizeof cpu) == 0);
    free(noise);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
}

Test(given, given_noise_that_cannot_be_is_refused) {
    myr_target *target = new_target(context, 1, 0.25);
    myr_plan_options asked = ask("ve", "ddpm-large", 2);
    myr_plan *plan = make(&asked, target);
    double start[2] = {0.5, -0.5}, noise[4] = {0.0, 1.0, NAN, 0.0}, samples[2];
    myr_run_options options = MYR_RUN_OPTIONS_INIT;
    options.backend = "cpu";
    options.count = 2;
    myr_given given = MYR_GIVEN_INIT;
    given.noise = noise;
    cr_assert_eq(myr_run_samples_given(context, plan, target, &options, &given, samples, NULL),
                 MYR_INVALID_DATA);
    cr_assert(strstr(myr_context_error(context), "noise[2] is"), "%s", myr_context_error(context));
    noise[2] = 0.0;
    given.states = given.start_normals = start;
    cr_assert_eq(myr_run_samples_given(context, plan, target, &options, &given, samples, NULL),
                 MYR_INVALID_ARGUMENT);
    given.states = NULL;
    start[1] = INFINITY;
    cr_assert_eq(myr_run_samples_given(context, plan, target, &options, &given, samples, NULL),
                 MYR_INVALID_DATA);
    cr_assert(strstr(myr_context_error(context), "start_normals[1] is"), "%s", myr_context_error(context));
    given.struct_size = 0;
    cr_assert_eq(myr_run_samples_given(context, plan, target, &options, &given, samples, NULL),
                 MYR_INVALID_ARGUMENT);
    cr_assert_eq(myr_run_samples_given(context, plan, target, &options, NULL, samples, NULL),
                 MYR_INVALID_ARGUMENT);
    options.count = UINT64_MAX / 2;
    given = (myr_given)MYR_GIVEN_INIT;
    cr_assert_eq(myr_run_samples_given(context, plan, target, &options, &given, samples, NULL),
                 MYR_INVALID_ARGUMENT);
    myr_plan_destroy(plan);
    myr_target_destroy(target);
}
