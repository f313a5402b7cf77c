/* Runs, as the public calls hand them to the backends (record.h). */
#ifndef MYRIAD_BACKEND_H
#define MYRIAD_BACKEND_H

#include "ground/cancel.h"
#include "ground/threads.h"
#include "myriad/random.h"
#include "myriad/range.h"
#include "plans/plan_table.h"
#include "targets/target_data.h"
#include "where.h"

/* Work for a backend, already validated. */
typedef struct myr_job {
    const myr_plan *plan;
    const myr_target *target;
    uint64_t seed, first, count;
    int64_t row_begin, row_end;  /* rows to execute: 0 … plan->steps for a whole run */
    const double *states;        /* [count][dimension] at row_begin; NULL: draw the start (row_begin 0) */
    const double *start_normals; /* [count][dimension], of the target's axes; NULL: the generator's */
    const double *noise;         /* [count][steps][slots][dimension], likewise */
    bool fast;
    int threads; /* 1 …: already resolved */
    int device;
    myr_progress progress; /* NULL: none */
    void *user;
} myr_job;

/* Random numbers wanted of a backend; see myriad/random.h. */
typedef struct myr_draw {
    uint64_t seed, first, count;
    uint32_t stream, block, blocks;
    bool fast;
    int threads;
    int device;
} myr_draw;

/* Rankings wanted of a backend; see myr_policy_simulate in myriad/policy.h. */
typedef struct myr_ranking_draw {
    uint64_t seed, first, count;
    uint32_t prompts, answers, length;
    const double *rewards; /* [prompts][answers] */
    int threads;
    int device;
} myr_ranking_draw;

/* Of calls that write to an array as long as the options' count: whoever leaves them out does not see how long. */
myr_status myr_options_given(myr_context *context, const myr_run_options *options);
/* Checks the options, and finds where (where.h). */
myr_status myr_run_where(myr_context *context, const myr_run_options *options, myr_compute *where,
                         myr_report *report);
myr_job myr_job_make(const myr_plan *plan, const myr_target *target, const myr_run_options *options,
                     const myr_compute *where);

/* MYR_CANCELLED if the caller wants no more, when so many of the job's trajectories are done. */
static inline myr_status myr_job_progress(myr_context *context, const myr_job *job, uint64_t done) {
    return myr_report_progress(context, job->progress, job->user, done, job->count, "trajectories");
}

/* An empty range for the job's trajectories. The backend pushes, from the first one on, the moments of each
 * chunk of MYR_RANGE_CHUNK trajectories, chunk[dimension] (or nodes of several: ranges.h), and says which mean
 * they are relative to, mean[dimension]; 0 if it does not. */
myr_status myr_range_begin(myr_context *context, const myr_job *job, myr_range **range);
void myr_range_push_chunk(myr_range *range, const myr_moment *chunk);
void myr_range_relative_to(myr_range *range, const double *mean);

/* The job's moments on a backend, moments[dimension]. */
myr_status myr_job_moments(myr_context *context, const myr_backend *backend, const myr_job *job,
                           myr_moment *moments);

/* What every public run begins with: checks its arguments (output: where results go, not NULL), resolves
 * the backend, makes the job, and fills in the report, all 0 so far, but for its seconds. */
myr_status myr_run_prepare(myr_context *context, const myr_plan *plan, const myr_target *target,
                           const myr_run_options *options, const void *output, const myr_backend **backend,
                           myr_job *job, myr_report *report);

#endif
