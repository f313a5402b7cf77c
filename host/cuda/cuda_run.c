/* Runs on the device, batch by batch. A batch is a power of two of chunks; its kernel runs all rows (or,
 * where that would take too long to be interrupted, slices of them with the states kept between), reduces
 * each chunk, and a second kernel merges the chunks' nodes: one node a coordinate comes back and is pushed
 * on the range. Of a batch that is not full, at either end, the chunks' own nodes come back. Neither the batches
 * nor the slices show in the result. */
#include "cuda_run.h"

#include <stdlib.h>
#include <string.h>

#include "backends/normals.h"
#include "batch_launch.h"
#include "cuda_denoiser.h"
#include "ground/failure.h"
#include "moment_launch.h"
#include "runs/ranges.h"
#include "tables/staged.h"

/* Some tenths of a second a launch; a few hundred megabytes. */
const myr_cuda_limits myr_cuda_usual_limits = {
    .launch_steps = 0x1p37,
    .least_chunks = 256,
    .most_chunks = 65536,
    .state_bytes = 0x1p29,
    .copied_bytes = 0x1p26,
    .window_bytes = 0x1p26,
    .spread_blocks = 512,
};

static void run_end(myr_fused_run *run) {
    myr_cuda_batch_destroy(&run->session, &run->batch);
    run->denoiser->end(run);
    myr_cuda_close(&run->session);
}

/* Moments that never leave a thread block are the one result that takes no memory. */
static myr_cuda_work work_of(const myr_fused_run *run, bool nodes) {
    const myr_job *job = run->job;
    const bool copies = job->states || !nodes;
    return (myr_cuda_work){
        .dimension = run->dimension,
        .count = job->count,
        .rows = run->end - run->begin,
        .window = run->window,
        .step = run->denoiser->work(job->target),
        .keeps = copies || !run->in_block,
        .copies = copies,
        .nodes = nodes,
        .memory = run->memory,
        .scratch = run->scratch,
        .threads = job->threads,
        .turned = run->d_axes != NULL,
        .start_normals = job->start_normals != NULL,
        .numbers = job->noise ? (size_t)myr_row_numbers(job->plan) : 0,
    };
}

static myr_status run_begin(myr_context *context, myr_fused_run *run, const myr_cuda_limits *limits,
                            const myr_job *job, bool nodes) {
    const myr_cuda_denoiser *denoiser;
    myr_status status = myr_cuda_denoiser_find(context, job->target, &denoiser);
    if (status != MYR_OK)
        return status;
    memset(run, 0, sizeof *run);
    run->job = job;
    run->denoiser = denoiser->fused;
    run->dimension = job->plan->dimension;
    status = myr_cuda_open(context, job->device, &run->session);
    if (status != MYR_OK)
        return status;
    status = run->denoiser->begin(context, run, limits->window_bytes);
    if (status == MYR_OK) {
        const myr_cuda_work work = work_of(run, nodes);
        status = myr_cuda_batch_create(context, &run->session, limits, &work, &run->batch);
    }
    if (status != MYR_OK)
        run_end(run);
    return status;
}

/* What a source gives, of trajectories done … done + count - 1: numbers number … of each, if there are any. */
static myr_status give_normals(myr_context *context, const myr_fused_run *run, myr_normal_source from,
                               uint64_t done, uint32_t count, uint64_t number, uint64_t numbers,
                               float *d_to) {
    if (!from.given || numbers == 0)
        return MYR_OK;
    return myr_cuda_batch_give(context, &run->session, &run->batch,
                               from.given + done * from.stride + number, from.stride, numbers, NULL, count,
                               d_to);
}

/* The chunks' moments, where their thread blocks do not make them. */
static myr_status make_nodes(myr_context *context, const myr_fused_run *run, uint32_t count) {
    const myr_cuda_batch *batch = &run->batch;
    if (batch->spread == 1 || !batch->d_nodes || run->d_axes)
        return MYR_OK;
    return myr_cuda_check(context,
                          myr_launch_batch_moments(batch->d_state, count, run->dimension, batch->d_nodes,
                                                   run->session.stream),
                          "summing moments");
}

/* Runs the batch of trajectories done … done + count - 1 of the job through its rows. */
static myr_status run_batch(myr_context *context, myr_fused_run *run, uint64_t done, uint32_t count) {
    const uint64_t row_numbers = myr_row_numbers(run->job->plan);
    uint32_t row = run->begin, end = 0;
    for (;;) {
        myr_status status = run->denoiser->move(context, run, row, &end);
        const uint32_t rows = end - row < run->batch.rows ? end - row : run->batch.rows;
        if (status == MYR_OK)
            status = give_normals(context, run, myr_step_normals(run->job), done, count, row * row_numbers,
                                  rows * row_numbers, run->batch.d_noise);
        if (status != MYR_OK)
            return status;
        cudaError_t error = run->denoiser->launch(run, done, count, row, rows);
        if (error == cudaSuccess)
            error = cudaStreamSynchronize(run->session.stream);
        status = myr_cuda_check(context, error, "running trajectories");
        row += rows;
        if (status == MYR_OK && row >= run->end)
            return make_nodes(context, run, count);
        if (status != MYR_OK)
            return status;
        double share = (double)(row - run->begin) / (double)(run->end - run->begin);
        status = myr_job_progress(context, run->job, done + (uint64_t)(share * count));
        if (status != MYR_OK)
            return status;
    }
}

/* The chunks of a batch that is not full: they are more than one node of the range's. */
static myr_status push_chunks(myr_context *context, const myr_fused_run *run, uint32_t chunks,
                              myr_range *range) {
    const size_t bytes = (size_t)chunks * (size_t)run->dimension * sizeof(myr_moment_node);
    myr_moment_node *nodes = malloc(bytes);
    if (!nodes)
        return myr_fail_memory(context, bytes);
    myr_status status = myr_cuda_download(context, &run->session, nodes, run->batch.d_nodes, bytes);
    for (uint32_t n = 0; status == MYR_OK && n < chunks; n++)
        myr_range_push(range, 0, &nodes[n], chunks);
    free(nodes);
    return status;
}

/* Merges a full batch's nodes to one a coordinate, and pushes those. */
static myr_status push_nodes(myr_context *context, myr_fused_run *run, uint32_t count, myr_range *range) {
    const int d = run->dimension;
    uint32_t nodes = (count - 1) / MYR_CHUNK + 1;
    myr_cuda_batch *batch = &run->batch;
    if (nodes < batch->chunks)
        return push_chunks(context, run, nodes, range);
    uint32_t left = batch->chunks; /* a node stands for chunks / left chunks */
    while (left > 1) {
        uint32_t group = left < MYR_MERGE_GROUP ? left : MYR_MERGE_GROUP;
        myr_status status = myr_cuda_check(
            context,
            myr_launch_merge(batch->d_nodes, nodes, d, group, batch->d_merged, run->session.stream),
            "merging moments");
        if (status != MYR_OK)
            return status;
        myr_moment_node *merged = batch->d_merged;
        batch->d_merged = batch->d_nodes;
        batch->d_nodes = merged;
        nodes = (nodes - 1) / group + 1;
        left /= group;
    }
    myr_moment_node root[MYR_MAX_DIMENSION];
    myr_status status = myr_cuda_download(context, &run->session, root, batch->d_nodes,
                                          (size_t)d * sizeof(myr_moment_node));
    if (status == MYR_OK)
        myr_range_push(range, batch->height, root, 1);
    return status;
}

/* Given states in the target's axes, [count][dimension]. */
static void turn_states(const myr_fused_run *run, const double *states, uint32_t count, double *turned) {
    const size_t d = (size_t)run->dimension;
    const double *axes = run->axes;
    for (size_t j = 0; j < count; j++)
        for (size_t c = 0; c < d; c++) {
            double sum = 0.0;
            for (size_t r = 0; r < d; r++)
                sum += axes[r * d + c] * (states[j * d + r] - run->enter[r]);
            turned[j * d + c] = sum;
        }
}

static myr_status enter_states(myr_context *context, const myr_fused_run *run, uint64_t done,
                               uint32_t count) {
    const size_t d = (size_t)run->dimension, bytes = count * d * sizeof(double);
    if (!run->job->states)
        return MYR_OK;
    const double *states = run->job->states + done * d;
    if (!run->d_axes)
        return myr_cuda_batch_give(context, &run->session, &run->batch, states, d, d, run->enter, count,
                                   run->batch.d_state);
    double *turned = malloc(bytes);
    if (!turned)
        return myr_fail_memory(context, bytes);
    turn_states(run, states, count, turned);
    myr_status status = myr_cuda_batch_give(context, &run->session, &run->batch, turned, d, d, NULL, count,
                                            run->batch.d_state);
    free(turned);
    return status;
}

static myr_status leave_states(myr_context *context, const myr_fused_run *run, uint64_t done,
                               uint32_t count, double *states) {
    const size_t d = (size_t)run->dimension;
    myr_status status = myr_cuda_download(context, &run->session, run->batch.staging,
                                          run->d_axes ? run->batch.d_turned : run->batch.d_state,
                                          myr_staged_floats(d, count) * sizeof(float));
    if (status == MYR_OK)
        myr_unstage(run->batch.staging, d, run->leave, count, run->job->threads, states + done * d);
    return status;
}

/* All batches: moments on the range, or states to the caller; the other is NULL. */
static myr_status run_batches(myr_context *context, myr_fused_run *run, myr_range *range, double *states) {
    const myr_job *job = run->job;
    myr_status status = MYR_OK;
    for (uint64_t done = 0; status == MYR_OK && done < job->count;) {
        uint32_t count = (uint32_t)myr_range_batch(job, done, run->batch.chunks);
        status = enter_states(context, run, done, count);
        if (status == MYR_OK)
            status = give_normals(context, run, myr_start_normals(job), done, count, 0,
                                  (uint64_t)run->dimension, run->batch.d_start_normals);
        if (status == MYR_OK)
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

myr_status myr_cuda_range(myr_context *context, const myr_cuda_limits *limits, const myr_job *job,
                          myr_range *range) {
    myr_fused_run run;
    myr_status status = run_begin(context, &run, limits, job, true);
    if (status != MYR_OK)
        return status;
    myr_range_relative_to(range, run.leave);
    status = run_batches(context, &run, range, NULL);
    run_end(&run);
    return status;
}

myr_status myr_cuda_states(myr_context *context, const myr_cuda_limits *limits, const myr_job *job,
                           double *states) {
    myr_fused_run run;
    myr_status status = run_begin(context, &run, limits, job, false);
    if (status != MYR_OK)
        return status;
    status = run_batches(context, &run, NULL, states);
    run_end(&run);
    return status;
}
