/* The interface between the public calls and the backends. */
#ifndef MYRIAD_BACKEND_H
#define MYRIAD_BACKEND_H

#include "ground/threads.h"
#include "myriad/random.h"
#include "myriad/range.h"
#include "plans/plan_table.h"
#include "targets/target_data.h"

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

typedef struct myr_backend {
    const char *name;
    const char *help;
    /* Numbers of a stream that one job makes, more where a job is long to set up: as many blocks as that
     * is, or one. */
    uint64_t stream_numbers;
    /* MYR_OK if it can run on that device; else the reason. describe gets one line about what runs. */
    myr_status (*available)(myr_context *context, int device);
    void (*describe)(int device, int threads, char *text, size_t size);
    /* The job's moments, pushed on a range that myr_range_begin made of it. */
    myr_status (*range)(myr_context *context, const myr_job *job, myr_range *range);
    myr_status (*states)(myr_context *context, const myr_job *job, double *states);
    /* The levels 1 … steps of the job's trajectories, [count][steps + 1][dimension], level 0 being left as
     * it is; not of chains. NULL: each is a run of its own. */
    myr_status (*trace)(myr_context *context, const myr_job *job, double *levels);
    myr_status (*words)(myr_context *context, const myr_draw *draw, uint32_t *words);
    myr_status (*normals)(myr_context *context, const myr_draw *draw, double *normals);
    myr_status (*rankings)(myr_context *context, const myr_ranking_draw *draw, uint32_t *rankings);
} myr_backend;

extern const myr_backend myr_backend_reference;
extern const myr_backend myr_backend_cpu;
extern const myr_backend myr_backend_cuda; /* only with MYRIAD_HAVE_CUDA */

/* The backend that options ask for ("auto" resolved; note, of 256 bytes, says why not the GPU), after
 * checking that it is available, and the job or draw that they describe. */
myr_status myr_backend_resolve(myr_context *context, const char *name, int device,
                               const myr_backend **backend, char *note);
myr_status myr_options_check(myr_context *context, const myr_run_options *options);
const myr_run_options *myr_options_or_defaults(const myr_run_options *options); /* NULL: these */
/* Of calls that write to an array as long as the options' count: whoever leaves them out does not see how long. */
myr_status myr_options_given(myr_context *context, const myr_run_options *options);
myr_job myr_job_make(const myr_plan *plan, const myr_target *target, const myr_run_options *options);

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
 * the backend, makes the job, and fills in the report but for its seconds. */
myr_status myr_run_prepare(myr_context *context, const myr_plan *plan, const myr_target *target,
                           const myr_run_options *options, const void *output, const myr_backend **backend,
                           myr_job *job, myr_run_report *report);

#endif
