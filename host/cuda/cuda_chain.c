/* Chains on the device, batch by batch of whole chunks; where all steps would take too long to be
 * interrupted, in slices of steps, the states kept between. Neither shows in the result. */
#include "cuda_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chain_launch.h"
#include "ground/failure.h"
#include "runs/ranges.h"
#include "tables/chain_table.h"

/* A step's work in the unit of the limits, steps of a scalar Gaussian: a handful of dependent loads. */
static const double step_work = 16.0;

typedef struct chain_run {
    const myr_job *job;
    myr_cuda_session session;
    myr_chain_table table;
    uint32_t slice_rows;
    uint32_t chunks;                  /* of a full batch */
    int32_t *d_table;                 /* the start's row, then the steps' */
    float *d_state;                   /* [chunks][MYR_CHUNK] */
    myr_moment_node *d_nodes, *nodes; /* [chunks]; NULL: no moments */
    float *staging;                   /* a batch of states on the host; NULL: not needed */
} chain_run;

static void run_end(chain_run *run) {
    myr_cuda_release(&run->session, run->d_table);
    myr_cuda_release(&run->session, run->d_state);
    myr_cuda_release(&run->session, run->d_nodes);
    free(run->nodes);
    free(run->staging);
    myr_chain_table_destroy(&run->table);
    myr_cuda_close(&run->session);
}

static void plan_batches(chain_run *run, const myr_cuda_limits *limits, bool copies) {
    const double steps = limits->launch_steps / (step_work * MYR_CHUNK);
    double chunks = steps / ((double)run->table.rows + 1.0);
    run->slice_rows = (uint32_t)run->table.rows;
    if (chunks < limits->least_chunks) {
        chunks = limits->least_chunks;
        if (steps / chunks < (double)run->slice_rows)
            run->slice_rows = (uint32_t)fmax(steps / chunks, 1.0);
    }
    chunks = fmin(chunks, limits->most_chunks);
    chunks =
        fmin(chunks, (copies ? limits->copied_bytes : limits->state_bytes) / (MYR_CHUNK * sizeof(float)));
    chunks = fmin(chunks, (double)((run->job->count - 1) / MYR_CHUNK) + 1.0);
    run->chunks = chunks < 1.0 ? 1 : (uint32_t)chunks;
}

static myr_status upload_table(myr_context *context, chain_run *run) {
    const size_t w = (size_t)run->table.width;
    const size_t bytes = (w + (size_t)run->table.rows * (size_t)run->table.states * w) * sizeof(int32_t);
    void *memory = NULL;
    myr_status status = myr_cuda_allocate_copy(context, &run->session, run->table.start, bytes, &memory);
    run->d_table = memory;
    return status;
}

static myr_status allocate(myr_context *context, chain_run *run, bool copies, bool moments) {
    const size_t values = (size_t)run->chunks * MYR_CHUNK * sizeof(float);
    const size_t nodes = run->chunks * sizeof(myr_moment_node);
    void *memory = NULL;
    myr_status status = myr_cuda_allocate(context, &run->session, values, &memory);
    run->d_state = memory;
    if (status == MYR_OK && moments) {
        status = myr_cuda_allocate(context, &run->session, nodes, &memory);
        run->d_nodes = memory;
        run->nodes = malloc(nodes);
        if (status == MYR_OK && !run->nodes)
            status = myr_fail_memory(context, nodes);
    }
    if (status == MYR_OK && copies) {
        run->staging = malloc(values);
        if (!run->staging)
            status = myr_fail_memory(context, values);
    }
    return status;
}

static myr_status run_begin(myr_context *context, const myr_cuda_limits *limits, const myr_job *job,
                            bool moments, chain_run *run) {
    const bool copies = !moments || job->states;
    *run = (chain_run){.job = job};
    myr_status status = myr_cuda_open(context, job->device, &run->session);
    if (status != MYR_OK)
        return status;
    status = myr_chain_table_create(context, job, &run->table);
    if (status == MYR_OK)
        status = upload_table(context, run);
    if (status == MYR_OK) {
        plan_batches(run, limits, copies);
        status = allocate(context, run, copies, moments);
    }
    if (status != MYR_OK)
        run_end(run);
    return status;
}

static myr_device_chain make_slice(const chain_run *run, uint64_t done, uint32_t count, uint32_t from) {
    const myr_chain_table *table = &run->table;
    const size_t step = (size_t)table->states * (size_t)table->width;
    const uint32_t left = (uint32_t)table->rows - from;
    myr_device_chain slice = {
        .keys = myr_device_keys_make(run->job->seed),
        .first = run->job->first + done,
        .count = count,
        .row = (uint32_t)run->job->row_begin + from,
        .rows = left < run->slice_rows ? left : run->slice_rows,
        .states = table->states,
        .width = table->width,
        .draw_start = from == 0 && !run->job->states,
        .d_start = run->d_table,
        .d_steps = run->d_table + table->width + (size_t)from * step,
        .d_state = run->d_state,
        .d_nodes = left <= run->slice_rows ? run->d_nodes : NULL,
    };
    return slice;
}

static myr_status enter_states(myr_context *context, const chain_run *run, uint64_t done, uint32_t count) {
    if (!run->job->states)
        return MYR_OK;
    for (uint32_t j = 0; j < count; j++)
        run->staging[j] = (float)run->job->states[done + j];
    return myr_cuda_upload(context, &run->session, run->d_state, run->staging, count * sizeof(float));
}

/* The batch of trajectories number done … done + count - 1 of the job; with no rows at all, its start. */
static myr_status run_batch(myr_context *context, const chain_run *run, uint64_t done, uint32_t count) {
    uint32_t from = 0;
    myr_status status = enter_states(context, run, done, count);
    while (status == MYR_OK) {
        myr_device_chain slice = make_slice(run, done, count, from);
        cudaError_t error = myr_launch_chain(&slice, run->session.stream);
        if (error == cudaSuccess)
            error = cudaStreamSynchronize(run->session.stream);
        status = myr_cuda_check(context, error, "running chains");
        from += slice.rows;
        if (status != MYR_OK || from >= (uint32_t)run->table.rows)
            break;
        double share = (double)from / (double)run->table.rows;
        status = myr_job_progress(context, run->job, done + (uint64_t)(share * count));
    }
    return status;
}

static myr_status push_nodes(myr_context *context, const chain_run *run, uint32_t count, myr_range *range) {
    const uint32_t chunks = (count - 1) / MYR_CHUNK + 1;
    myr_status status = myr_cuda_download(context, &run->session, run->nodes, run->d_nodes,
                                          chunks * sizeof(myr_moment_node));
    for (uint32_t chunk = 0; status == MYR_OK && chunk < chunks; chunk++)
        myr_range_push(range, 0, &run->nodes[chunk], 1);
    return status;
}

static myr_status leave_states(myr_context *context, const chain_run *run, uint64_t done, uint32_t count,
                               double *states) {
    myr_status status =
        myr_cuda_download(context, &run->session, run->staging, run->d_state, count * sizeof(float));
    for (uint32_t j = 0; status == MYR_OK && j < count; j++)
        states[done + j] = (double)run->staging[j];
    return status;
}

/* All batches: moments on the range, or states to the caller; the other is NULL. */
static myr_status run_batches(myr_context *context, const chain_run *run, myr_range *range,
                              double *states) {
    const myr_job *job = run->job;
    const uint64_t batch = (uint64_t)run->chunks * MYR_CHUNK;
    myr_status status = MYR_OK;
    for (uint64_t done = 0; status == MYR_OK && done < job->count;) {
        uint32_t count = (uint32_t)(job->count - done < batch ? job->count - done : batch);
        status = run_batch(context, run, done, count);
        if (status == MYR_OK)
            status = range ? push_nodes(context, run, count, range)
                           : leave_states(context, run, done, count, states);
        done += count;
        if (status == MYR_OK)
            status = myr_job_progress(context, job, done);
    }
    return status;
}

myr_status myr_cuda_chain_range(myr_context *context, const myr_cuda_limits *limits, const myr_job *job,
                                myr_range *range) {
    chain_run run;
    myr_status status = run_begin(context, limits, job, true, &run);
    if (status != MYR_OK)
        return status;
    status = run_batches(context, &run, range, NULL);
    run_end(&run);
    return status;
}

myr_status myr_cuda_chain_states(myr_context *context, const myr_cuda_limits *limits, const myr_job *job,
                                 double *states) {
    chain_run run;
    myr_status status = run_begin(context, limits, job, false, &run);
    if (status != MYR_OK)
        return status;
    status = run_batches(context, &run, NULL, states);
    run_end(&run);
    return status;
}
