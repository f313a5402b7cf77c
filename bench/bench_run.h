/* Measurements that run a plan: what those of samplers, chains and data points have in common. */
#ifndef MYRIAD_BENCH_RUN_H
#define MYRIAD_BENCH_RUN_H

#include "bench.h"

typedef struct bench_run {
    myr_context *context;
    myr_target *target; /* the measurement makes it; all else is made from it */
    myr_plan *plan;
    myr_run_options options;
    myr_moment *moments; /* [dimension], of the last run */
    myr_report report;   /* of the last run */
} bench_run;

/* Trajectory-steps a second, roughly: of a thread of the cpu, of cuda, of the reference. */
typedef struct bench_speed {
    double cpu, cuda, reference;
} bench_speed;

/* Makes the plan and runs a few trajectories: which backend is it? */
myr_status bench_run_begin(bench_run *run, const bench_options *options, const myr_plan_options *plan);

/* Times about half a second of trajectories, in whole chunks: seconds, rate, backend and device of the
 * result, and run->options.count. */
myr_status bench_run_time(bench_run *run, const bench_options *options, const bench_speed *speed,
                          bench_result *result);

/* The first trajectories, [count][dimension], of the backend and of the reference. */
myr_status bench_run_both(const bench_run *run, uint64_t count, double *got, double *expected);

/* Counts as wrong a variance, of the last run's one coordinate, that is more than six standard errors from
 * the exact one. */
myr_status bench_run_variance(const bench_run *run, uint64_t *wrong);

/* Frees what it holds. */
void bench_run_end(bench_run *run);

#endif
