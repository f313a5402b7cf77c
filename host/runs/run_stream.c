/* Runs whose results are more than moments or an array: streams, and whole trajectories. Both are made of
 * several jobs of a backend, one after the other, whose progress they add up. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "chunk_moments.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"

/* A job's share of the whole: parts before … before + size of total, in trajectories. */
typedef struct share {
    const myr_run_options *options;
    double before, size, total;
} share;

static int report_share(void *user, uint64_t done, uint64_t total) {
    const share *s = user;
    const double part = (s->before + s->size * ((double)done / (double)total)) / s->total;
    const double whole = part * (double)s->options->count;
    return s->options->progress(s->options->user, part < 1.0 ? (uint64_t)whole : s->options->count,
                                s->options->count);
}

/* Lets the job report its share, if anybody listens. */
static void listen(myr_job *job, share *s) {
    job->progress = s->options->progress ? report_share : NULL;
    job->user = s;
}

/* ---- streams --------------------------------------------------------------------------------------- */

/* Trajectories of a block: whole chunks, of which a job of any backend makes the same bits. */
static uint64_t block_size(int dimension, uint64_t count) {
    uint64_t size = MYR_SINK_NUMBERS / (uint64_t)dimension / MYR_CHUNK * MYR_CHUNK;
    size = size < MYR_CHUNK ? MYR_CHUNK : size;
    return size < count ? size : count;
}

/* Of a job: whole blocks. */
static uint64_t job_size(const myr_backend *backend, uint64_t block, int dimension, uint64_t count) {
    const uint64_t blocks = backend->stream_numbers / (block * (uint64_t)dimension);
    const uint64_t size = (blocks > 1 ? blocks : 1) * block;
    return size < count ? size : count;
}

/* A job, whose trajectories the sink gets block by block. */
static myr_status run_blocks(myr_context *context, const myr_backend *backend, const myr_job *job,
                             uint64_t block, double *samples, myr_sink sink, void *user,
                             myr_report *report) {
    const double start = omp_get_wtime();
    myr_status status = backend->states(context, job, samples);
    report->seconds += omp_get_wtime() - start;
    for (uint64_t at = 0; status == MYR_OK && at < job->count; at += block)
        status = sink(user, job->first + at, job->count - at < block ? job->count - at : block,
                      samples + at * (uint64_t)job->plan->dimension);
    return status;
}

static myr_status stream(myr_context *context, const myr_plan *plan, const myr_target *target,
                         const myr_run_options *options, myr_sink sink, void *user, myr_report *report) {
    const myr_backend *backend = NULL;
    myr_job job;
    if (!sink)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "sink: NULL (expected a function)");
    myr_status status = myr_run_prepare(context, plan, target, options, options, &backend, &job, report);
    if (status != MYR_OK)
        return status;
    const uint64_t block = block_size(plan->dimension, options->count);
    const uint64_t size = job_size(backend, block, plan->dimension, options->count);
    const size_t bytes = (size_t)size * (size_t)plan->dimension * sizeof(double);
    double *samples = malloc(bytes);
    if (!samples)
        return myr_fail_memory(context, bytes);
    for (uint64_t done = 0; status == MYR_OK && done < options->count; done += job.count) {
        job.first = options->first + done;
        job.count = options->count - done < size ? options->count - done : size;
        share s = {options, (double)done, (double)job.count, (double)options->count};
        listen(&job, &s);
        status = run_blocks(context, backend, &job, block, samples, sink, user, report);
    }
    free(samples);
    return status;
}

myr_status myr_run_stream(myr_context *context, const myr_plan *plan, const myr_target *target,
                          const myr_run_options *options, myr_sink sink, void *user, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_run_options known;
    myr_report made = {0};
    myr_status status = myr_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_run_options_read(context, &options, &known);
    if (status == MYR_OK)
        status = stream(context, plan, target, options, sink, user, &made);
    myr_report_fill(report, &made);
    return status;
}

/* ---- whole trajectories ---------------------------------------------------------------------------- */

/* The job that leads to level k. A chain remembers nothing but its state, which goes from level to level
 * exactly, as `before`; of other plans the first k rows are run. */
static myr_job job_to_level(const myr_job *whole, int64_t k, const double *before) {
    myr_job job = *whole;
    job.row_end = k;
    if (whole->plan->chain && k > 0) {
        job.row_begin = k - 1;
        job.states = before;
    }
    return job;
}

static double rows_of(const myr_job *job) {
    return (double)(job->row_end - job->row_begin) + 1.0;
}

/* One level of the job's trajectories to its place among all. */
static void put_level(const myr_job *job, int64_t k, const double *level, double *states) {
    const size_t d = (size_t)job->plan->dimension, levels = (size_t)job->plan->steps + 1;
    for (size_t i = 0; i < job->count; i++)
        memcpy(states + (i * levels + (size_t)k) * d, level + i * d, d * sizeof *level);
}

/* By a backend that can look at the levels of a run. */
static myr_status trace_at_once(myr_context *context, const myr_backend *backend, const myr_job *job,
                                double *level, double *states) {
    myr_job start = *job;
    start.row_end = 0;
    start.progress = NULL;
    myr_status status = backend->states(context, &start, level);
    if (status != MYR_OK)
        return status;
    put_level(job, 0, level, states);
    return backend->trace(context, job, states);
}

static myr_status trace_levels(myr_context *context, const myr_backend *backend, const myr_job *whole,
                               const myr_run_options *options, double *level, double *states) {
    share s = {.options = options};
    for (int64_t k = 0; k <= whole->plan->steps; k++) {
        myr_job job = job_to_level(whole, k, level);
        s.total += rows_of(&job);
    }
    myr_status status = MYR_OK;
    for (int64_t k = 0; status == MYR_OK && k <= whole->plan->steps; k++) {
        myr_job job = job_to_level(whole, k, level);
        s.size = rows_of(&job);
        listen(&job, &s);
        status = backend->states(context, &job, level);
        s.before += s.size;
        if (status == MYR_OK)
            put_level(whole, k, level, states);
    }
    return status;
}

static myr_status trace(myr_context *context, const myr_plan *plan, const myr_target *target,
                        const myr_run_options *options, double *states, myr_report *report) {
    const myr_backend *backend = NULL;
    myr_job job;
    myr_status status = myr_run_prepare(context, plan, target, options, states, &backend, &job, report);
    if (status != MYR_OK)
        return status;
    if (options->count > SIZE_MAX / sizeof(double) / (size_t)plan->dimension)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "trajectories: %llu are more than memory can hold",
                        (unsigned long long)options->count);
    const size_t bytes = (size_t)options->count * (size_t)plan->dimension * sizeof(double);
    double *level = malloc(bytes);
    if (!level)
        return myr_fail_memory(context, bytes);
    const double start = omp_get_wtime();
    if (backend->trace && !plan->chain)
        status = trace_at_once(context, backend, &job, level, states);
    else
        status = trace_levels(context, backend, &job, options, level, states);
    report->seconds = omp_get_wtime() - start;
    free(level);
    return status;
}

myr_status myr_run_trace(myr_context *context, const myr_plan *plan, const myr_target *target,
                         const myr_run_options *options, double *states, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_run_options known;
    myr_report made = {0};
    myr_status status = myr_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_options_given(context, options);
    if (status == MYR_OK)
        status = myr_run_options_read(context, &options, &known);
    if (status == MYR_OK)
        status = trace(context, plan, target, options, states, &made);
    myr_report_fill(report, &made);
    return status;
}
