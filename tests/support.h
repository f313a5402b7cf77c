/* What the suites share. Include after criterion.h. */
#ifndef MYRIAD_TEST_SUPPORT_H
#define MYRIAD_TEST_SUPPORT_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "myriad/myriad.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

/* A sample size: under a sanitizer, which is some ten times slower and not there for the statistics, less.
 */
static inline uint64_t sample_size(uint64_t count) {
#ifdef SANITIZED
    return count / 50;
#else
    return count;
#endif
}

/* Fails with the context's error unless the call succeeded. */
#define REQUIRE_OK(context, call)                                                          \
    do {                                                                                   \
        myr_status required_status = (call);                                               \
        cr_assert_eq(required_status, MYR_OK, #call ": %s", myr_context_error((context))); \
    } while (0)

static inline myr_context *new_context(void) {
    myr_context *context = NULL;
    cr_assert_eq(myr_context_create(&context), MYR_OK);
    return context;
}

/* A Gaussian target of d coordinates: mean 0 and the same variance in all. */
static inline myr_target *new_target(myr_context *context, int d, double variance) {
    double means[MYR_MAX_DIMENSION] = {0}, variances[MYR_MAX_DIMENSION];
    for (int c = 0; c < MYR_MAX_DIMENSION; c++)
        variances[c] = variance;
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_gaussian(context, d, means, variances, &target));
    return target;
}

/* A plan on ve with the sampler's own eta. */
static inline myr_plan *new_plan(myr_context *context, const char *sampler, int64_t steps,
                                 const char *start, const myr_target *target) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.sampler = sampler;
    options.steps = steps;
    options.start = start;
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create(context, &options, target, &plan));
    return plan;
}

/* A seed that no earlier run had; tests put it in their messages. */
static inline uint64_t fresh_seed(void) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    uint64_t seed = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
    return seed * UINT64_C(0x9e3779b97f4a7c15);
}

/* Steele, Lea & Flood (2014), splitmix64: inputs for tests, from a generator of another kind. */
static inline uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Skips the test where the backend cannot run; under MYRIAD_REQUIRE_CUDA=1 that fails. */
static inline void need_backend(myr_context *context, const char *backend) {
    if (myr_backend_available(context, backend) == MYR_OK)
        return;
    const char *required = getenv("MYRIAD_REQUIRE_CUDA");
    if (required && strcmp(required, "1") == 0)
        cr_assert(false, "%s is required: %s", backend, myr_context_error(context));
    cr_skip_test("%s: %s", backend, myr_context_error(context));
}

/* One test, a thin driver for each backend: defines the body of a function of the backend's name. */
#define TEST_ON_BACKENDS(suite, name)                \
    static void suite##_##name(const char *backend); \
    Test(suite, name##_on_reference) {               \
        suite##_##name("reference");                 \
    }                                                \
    Test(suite, name##_on_cpu) {                     \
        suite##_##name("cpu");                       \
    }                                                \
    Test(suite, name##_on_cuda) {                    \
        suite##_##name("cuda");                      \
    }                                                \
    static void suite##_##name(const char *backend)

/* The path of a file of known answers: in tests/golden, or where MYRIAD_GOLDEN says (a bundle's is elsewhere). */
static inline const char *golden_path(const char *name) {
    static char path[4096];
    const char *folder = getenv("MYRIAD_GOLDEN");
    snprintf(path, sizeof path, "%s/%s", folder ? folder : MYRIAD_TESTS_DIR "/golden", name);
    return path;
}

static inline FILE *open_golden(const char *name) {
    FILE *file = fopen(golden_path(name), "r");
    cr_assert_not_null(file, "%s cannot be opened", golden_path(name));
    return file;
}

#endif
