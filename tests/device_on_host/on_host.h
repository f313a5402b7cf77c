/* What the suites of the cuda backend on the host share: jobs of both backends, and targets and tables for
 * them. */
#ifndef MYRIAD_ON_HOST_H
#define MYRIAD_ON_HOST_H

#include "backends/backend.h"
#include "cuda/cuda_run.h"
#include "diffuse_launch.h"
#include "fake_runtime.h"
#include "moment_launch.h"
#include "moments_by.h"
#include "support.h"

/* Sizes at the edges of warps, blocks and chunks. */
static const uint64_t ragged[] = {1, 31, 32, 33, 255, 4095, 4096, 4097};
enum { RAGGED = sizeof ragged / sizeof *ragged };

static inline myr_job make_job(const myr_plan *plan, const myr_target *target, uint64_t first,
                               uint64_t count) {
    myr_job job = {.plan = plan,
                   .target = target,
                   .seed = 0x123456789abcdef0,
                   .first = first,
                   .count = count,
                   .row_end = plan->steps,
                   .threads = 1};
    return job;
}

MOMENTS_BY(cuda_moments, myr_cuda_limits, myr_cuda_range)

/* Both backends, moments and states: the same bits. */
static inline void expect_equal(const myr_job *job, const myr_cuda_limits *limits, const char *what) {
    myr_context *context = new_context();
    const size_t d = (size_t)job->plan->dimension, numbers = d * job->count;
    myr_moment cpu[MYR_MAX_DIMENSION], cuda[MYR_MAX_DIMENSION];
    memset(cuda, 0xff, sizeof cuda);
    REQUIRE_OK(context, myr_job_moments(context, &myr_backend_cpu, job, cpu));
    REQUIRE_OK(context, cuda_moments(context, limits, job, cuda));
    for (size_t c = 0; c < d; c++)
        cr_expect(memcmp(&cpu[c], &cuda[c], sizeof cpu[c]) == 0,
                  "%s, d %zu, count %llu, coordinate %zu: mean %a and %a, m2 %a and %a", what, d,
                  (unsigned long long)job->count, c, cpu[c].mean, cuda[c].mean, cpu[c].m2, cuda[c].m2);
    double *cpu_states = malloc(numbers * sizeof(double)), *cuda_states = malloc(numbers * sizeof(double));
    memset(cuda_states, 0xff, numbers * sizeof(double));
    REQUIRE_OK(context, myr_backend_cpu.states(context, job, cpu_states));
    REQUIRE_OK(context, myr_cuda_states(context, limits, job, cuda_states));
    for (size_t i = 0; i < numbers; i++)
        if (memcmp(&cpu_states[i], &cuda_states[i], sizeof(double)) != 0 || !isfinite(cuda_states[i])) {
            cr_expect(false, "%s, d %zu, count %llu: state %zu is %a on the cpu, %a on cuda", what, d,
                      (unsigned long long)job->count, i, cpu_states[i], cuda_states[i]);
            break;
        }
    free(cpu_states);
    free(cuda_states);
    cr_expect_eq(fake_live(), 0);
    myr_context_destroy(context);
}

static inline double uniform(uint64_t *random, double low, double high) {
    return low + (high - low) * ((double)(next_random(random) >> 11) * 0x1p-53);
}

static inline myr_target *make_mixture(myr_context *context, int d, int components) {
    static double weights[MYR_MAX_COMPONENTS];
    static double means[MYR_MAX_COMPONENTS * MYR_MAX_DIMENSION];
    static double variances[MYR_MAX_COMPONENTS * MYR_MAX_DIMENSION];
    uint64_t random = (uint64_t)(64 * components + d);
    for (int j = 0; j < components; j++)
        weights[j] = uniform(&random, 0.2, 1.0);
    for (int i = 0; i < components * d; i++) {
        means[i] = uniform(&random, -3.0, 5.0);
        variances[i] = uniform(&random, 0.01, 0.5);
    }
    myr_target *target = NULL;
    REQUIRE_OK(context,
               myr_target_create_mixture(context, d, components, weights, means, variances, &target));
    return target;
}

/* covariance = L L^T + 0.01 of a random triangle L. */
static inline myr_target *make_full(myr_context *context, int d) {
    double mean[MYR_MAX_DIMENSION];
    static double root[MYR_MAX_DIMENSION][MYR_MAX_DIMENSION];
    static double covariance[MYR_MAX_DIMENSION * MYR_MAX_DIMENSION];
    uint64_t random = (uint64_t)d;
    for (int r = 0; r < d; r++) {
        mean[r] = uniform(&random, -2.0, 2.0);
        for (int c = 0; c < d; c++)
            root[r][c] = c <= r ? uniform(&random, -1.0, 1.0) : 0.0;
    }
    for (int r = 0; r < d; r++)
        for (int c = 0; c < d; c++) {
            covariance[r * d + c] = r == c ? 0.01 : 0.0;
            for (int k = 0; k < d; k++)
                covariance[r * d + c] += root[r][k] * root[c][k];
        }
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_gaussian_full(context, d, mean, covariance, &target));
    return target;
}

/* A table without meaning that uses every field asked for. */
static inline myr_plan *make_features(myr_context *context, int d, int rows, int features) {
    myr_row table[16];
    double start_mean[MYR_MAX_DIMENSION], start_scale[MYR_MAX_DIMENSION];
    for (int k = 0; k < rows; k++) {
        double t = 1.0 - (double)k / rows, next = 1.0 - (double)(k + 1) / rows;
        table[k] =
            (myr_row){.a = 1.0 - 0.1 * t, .s = sqrt(t), .a_next = 1.0 - 0.1 * next, .s_next = sqrt(next)};
        table[k].n = features & 1 ? 0.1 * t : 0.0;
        table[k].A = 0.6 + 0.01 * k;
        table[k].B = 0.3;
        table[k].P = features & 4 ? 0.07 : 0.0;
        table[k].Q = features & 4 ? -0.03 : 0.0;
        table[k].C = features & 2 ? 0.2 * t : 0.0;
        table[k].two_stage = features & 8 && k % 2 == 0;
        table[k].a_second = 1.0 - 0.07 * t - 0.03 * next;
        table[k].s_second = sqrt(0.7 * t + 0.3 * next);
        table[k].A2 = 0.5;
        table[k].B2 = 0.1;
        table[k].Y = 0.2;
        table[k].H = 0.15;
    }
    for (int c = 0; c < d; c++) {
        start_mean[c] = 0.1 * c;
        start_scale[c] = 1.0 + 0.05 * c;
    }
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create_from_rows(context, d, rows, table, start_mean, start_scale, &plan));
    return plan;
}

#endif
