/* Runs on the device, batch by batch. A batch is a power of two of chunks; its kernel runs all rows (or,
 * where that would take too long to be interrupted, slices of them with the states kept between), reduces
 * each chunk, and a second kernel merges the chunks' nodes: one node a coordinate comes back and is pushed
 * on the range. Of a batch that is not full, at either end, the chunks' own nodes come back. Neither the batches
 * nor the slices show in the result. */
#include "cuda_run.h"

#include <stdlib.h>
#include <string.h>

#include "cuda_batch.h"
#include "cuda_cells.h"
#include "cuda_mixture.h"
#include "ground/failure.h"
#include "moment_launch.h"
#include "runs/ranges.h"
#include "tables/staged.h"
#include "targets/gaussian.h"

/* Some tenths of a second a launch; a few hundred megabytes. */
const myr_cuda_limits myr_cuda_usual_limits = {
    .launch_steps = 0x1p37,
    .least_chunks = 256,
    .most_chunks = 65536,
    .state_bytes = 0x1p29,
    .copied_bytes = 0x1p26,
    .window_bytes = 0x1p26,
};

typedef struct cuda_run {
    const myr_job *job;
    myr_cuda_session session;
    bool mixed; /* the target is a mixture */
    myr_affine_table table;
    myr_cuda_cells cells;
    myr_cuda_mixture mixture;
    int dimension;
    uint32_t begin, end; /* rows, of the plan's numbering */
    bool memory;         /* rows may have one */
    const double *enter, *leave;
    float *d_axes; /* of a Gaussian with axes of its own */
    myr_cuda_batch batch;
} cuda_run;

static void run_end(cuda_run *run) {
    myr_cuda_batch_destroy(&run->batch);
    myr_cuda_cells_destroy(&run->cells);
    myr_cuda_mixture_destroy(&run->mixture);
    myr_cuda_release(run->d_axes);
    myr_affine_table_destroy(&run->table);
    myr_cuda_close(&run->session);
}

static myr_status place_axes(myr_context *context, cuda_run *run) {
    const size_t bytes = (size_t)run->dimension * (size_t)run->dimension * sizeof(float);
    void *memory = NULL;
    if (!run->table.axes)
        return MYR_OK;
    myr_status status = myr_cuda_allocate_copy(context, &run->session, run->table.axes, bytes, &memory);
    run->d_axes = memory;
    return status;
}

/* What is run of a Gaussian … */
static myr_status begin_affine(myr_context *context, cuda_run *run) {
    myr_status status = myr_affine_table_create(context, run->job, &run->table);
    if (status == MYR_OK)
        status = myr_cuda_cells_create(context, &run->session, run->job, &run->table, &run->cells);
    if (status == MYR_OK)
        status = place_axes(context, run);
    run->begin = run->cells.begin;
    run->end = run->cells.end;
    run->memory = run->table.general;
    run->enter = run->table.enter;
    run->leave = run->table.leave;
    return status;
}

/* … and of a mixture. */
static myr_status begin_mixture(myr_context *context, cuda_run *run, double window_bytes) {
    myr_status status =
        myr_cuda_mixture_create(context, &run->session, run->job, window_bytes, &run->mixture);
    run->begin = (uint32_t)run->job->row_begin;
    run->end = (uint32_t)run->job->row_end;
    run->memory = run->job->plan->memory;
    run->enter = run->mixture.table.enter;
    run->leave = run->mixture.table.leave;
    return status;
}

/* A mixture's step: some 12 operations a component, and 4 a coordinate of it, where a coordinate of a
 * Gaussian takes 23. */
static double step_work(const cuda_run *run) {
    const double d = run->dimension;
    return run->mixed ? d + run->mixture.table.components * (d + 3.0) / 6.0 : d;
}

/* Moments of one coordinate by the small kernel are the one result that never leaves a block. A mixture's
 * vectors are in registers in few dimensions, where normals are made. */
static myr_cuda_work work_of(const cuda_run *run, bool nodes) {
    const myr_job *job = run->job;
    const bool copies = job->states || !nodes, given = job->start_normals || job->noise;
    const uint32_t rows = run->end - run->begin;
    return (myr_cuda_work){
        .dimension = run->dimension,
        .count = job->count,
        .rows = rows,
        .window = run->mixed ? (uint32_t)run->mixture.table.room : rows,
        .step = step_work(run),
        .keeps = copies || !run->cells.small || run->dimension > 1 || run->table.axes,
        .copies = copies,
        .nodes = nodes,
        .memory = run->memory,
        .scratch = run->mixed && (given || run->dimension > MYR_SMALL_DIMENSION),
        .threads = job->threads,
        .turned = run->table.axes != NULL,
        .start_normals = job->start_normals != NULL,
        .numbers = job->noise ? (size_t)(job->plan->slots * run->dimension) : 0,
    };
}

static myr_status run_begin(myr_context *context, cuda_run *run, const myr_cuda_limits *limits,
                            const myr_job *job, bool nodes) {
    memset(run, 0, sizeof *run);
    run->job = job;
    run->mixed = job->target->operations == &myr_target_mixture;
    run->dimension = job->plan->dimension;
    if (!run->mixed && job->target->operations != &myr_target_gaussian)
        return myr_target_lacks(context, job->target, "denoiser on the backend cuda");
    myr_status status = myr_cuda_open(context, job->device, &run->session);
    if (status != MYR_OK)
        return status;
    status = run->mixed ? begin_mixture(context, run, limits->window_bytes) : begin_affine(context, run);
    if (status == MYR_OK) {
        const myr_cuda_work work = work_of(run, nodes);
        status = myr_cuda_batch_create(context, &run->session, limits, &work, &run->batch);
    }
    if (status != MYR_OK)
        run_end(run);
    return status;
}

static myr_status report_progress(myr_context *context, const myr_job *job, uint64_t done) {
    if (job->progress && job->progress(job->user, done, job->count))
        return myr_fail(context, MYR_CANCELLED, "cancelled after %llu of %llu trajectories",
                        (unsigned long long)done, (unsigned long long)job->count);
    return MYR_OK;
}

static uint32_t rows_of_slice(const cuda_run *run, uint32_t row) {
    uint32_t left = run->end - row;
    if (run->mixed) {
        const myr_mixture_table *table = &run->mixture.table;
        left = (uint32_t)(table->row + table->rows - (int64_t)row);
    }
    return left < run->batch.rows ? left : run->batch.rows;
}

static cudaError_t launch_affine(const cuda_run *run, uint64_t done, uint32_t count, uint32_t row,
                                 uint32_t rows) {
    const myr_affine_table *table = &run->table;
    const bool begins = row == run->begin, ends = row + rows >= run->end;
    myr_device_slice slice = {
        .keys = myr_device_keys_make(run->job->seed),
        .first = run->job->first + done,
        .count = count,
        .row = row,
        .rows = rows,
        .dimension = table->dimension,
        .columns = run->cells.columns,
        .slots = table->slots,
        .pre_noise = table->pre_noise,
        .noise = table->noise,
        .general = table->general,
        .fast = run->job->fast,
        .draw_start = begins && !run->job->states,
        .d_cells = run->cells.d_cells + (size_t)(row - run->cells.begin) * run->cells.row_bytes,
        .d_start_scale = run->cells.d_start_scale,
        .d_start_normals = run->batch.d_start_normals,
        .d_noise = run->batch.d_noise,
        .d_state = run->batch.d_state,
        .d_memory = run->batch.d_memory,
        .memory_stride = run->batch.states,
        .fresh_memory = begins,
        .d_nodes = ends && !run->d_axes ? run->batch.d_nodes : NULL,
    };
    cudaError_t error = run->cells.small ? myr_launch_small(&slice, run->session.stream)
                                         : myr_launch_any(&slice, run->session.stream);
    if (error != cudaSuccess || !ends || !run->d_axes)
        return error;
    const myr_device_turned turned = {.count = count,
                                      .dimension = run->dimension,
                                      .d_axes = run->d_axes,
                                      .d_state = run->batch.d_state,
                                      .d_turned = run->batch.d_turned,
                                      .d_nodes = run->batch.d_nodes};
    return myr_launch_turn(&turned, run->session.stream);
}

static cudaError_t launch_mixture(const cuda_run *run, uint64_t done, uint32_t count, uint32_t row,
                                  uint32_t rows) {
    const myr_plan *plan = run->job->plan;
    const bool begins = row == run->begin;
    myr_device_mixture slice = {
        .keys = myr_device_keys_make(run->job->seed),
        .first = run->job->first + done,
        .count = count,
        .row = row,
        .rows = rows,
        .dimension = run->dimension,
        .slots = plan->slots,
        .pre_noise = plan->pre_noise,
        .noise = plan->noise,
        .memory = plan->memory,
        .fast = run->job->fast,
        .draw_start = begins && !run->job->states,
        .d_start_normals = run->batch.d_start_normals,
        .d_noise = run->batch.d_noise,
        .d_scratch = run->batch.d_scratch,
        .d_state = run->batch.d_state,
        .d_memory = run->batch.d_memory,
        .memory_stride = run->batch.states,
        .fresh_memory = begins,
        .d_nodes = row + rows >= run->end ? run->batch.d_nodes : NULL,
    };
    myr_cuda_mixture_fill(&run->mixture, row, &slice);
    return myr_launch_mixture(&slice, run->session.stream);
}

/* The caller's own normals of trajectories done … done + count - 1: of the start … */
static myr_status give_start(myr_context *context, const cuda_run *run, uint64_t done, uint32_t count) {
    const size_t d = (size_t)run->dimension;
    if (!run->job->start_normals)
        return MYR_OK;
    return myr_cuda_batch_give(context, &run->session, &run->batch, run->job->start_normals + done * d, d,
                               d, NULL, count, run->batch.d_start_normals);
}

/* … and of a slice's rows. */
static myr_status give_noise(myr_context *context, const cuda_run *run, uint64_t done, uint32_t count,
                             uint32_t row, uint32_t rows) {
    const myr_plan *plan = run->job->plan;
    const size_t numbers = (size_t)(plan->slots * run->dimension);
    const size_t stride = (size_t)plan->steps * numbers;
    if (!run->batch.d_noise)
        return MYR_OK;
    return myr_cuda_batch_give(context, &run->session, &run->batch,
                               run->job->noise + done * stride + row * numbers, stride, rows * numbers,
                               NULL, count, run->batch.d_noise);
}

/* Runs the batch of trajectories done … done + count - 1 of the job through its rows. */
static myr_status run_batch(myr_context *context, cuda_run *run, uint64_t done, uint32_t count) {
    uint32_t row = run->begin;
    for (;;) {
        myr_status status = MYR_OK;
        if (run->mixed)
            status = myr_cuda_mixture_move(context, &run->session, &run->mixture, row);
        if (status != MYR_OK)
            return status;
        const uint32_t rows = rows_of_slice(run, row);
        status = give_noise(context, run, done, count, row, rows);
        if (status != MYR_OK)
            return status;
        cudaError_t error = run->mixed ? launch_mixture(run, done, count, row, rows)
                                       : launch_affine(run, done, count, row, rows);
        if (error == cudaSuccess)
            error = cudaStreamSynchronize(run->session.stream);
        status = myr_cuda_check(context, error, "running trajectories");
        row += rows;
        if (status != MYR_OK || row >= run->end)
            return status;
        double share = (double)(row - run->begin) / (double)(run->end - run->begin);
        status = report_progress(context, run->job, done + (uint64_t)(share * count));
        if (status != MYR_OK)
            return status;
    }
}

/* The chunks of a batch that is not full: they are more than one node of the range's. */
static myr_status push_chunks(myr_context *context, const cuda_run *run, uint32_t chunks,
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
static myr_status push_nodes(myr_context *context, cuda_run *run, uint32_t count, myr_range *range) {
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
static void turn_states(const cuda_run *run, const double *states, uint32_t count, double *turned) {
    const size_t d = (size_t)run->dimension;
    const double *axes = myr_target_affine(run->job->target)->axes;
    for (size_t j = 0; j < count; j++)
        for (size_t c = 0; c < d; c++) {
            double sum = 0.0;
            for (size_t r = 0; r < d; r++)
                sum += axes[r * d + c] * (states[j * d + r] - run->enter[r]);
            turned[j * d + c] = sum;
        }
}

static myr_status enter_states(myr_context *context, const cuda_run *run, uint64_t done, uint32_t count) {
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

static myr_status leave_states(myr_context *context, const cuda_run *run, uint64_t done, uint32_t count,
                               double *states) {
    const size_t d = (size_t)run->dimension;
    myr_status status = myr_cuda_download(context, &run->session, run->batch.staging,
                                          run->d_axes ? run->batch.d_turned : run->batch.d_state,
                                          myr_staged_floats(d, count) * sizeof(float));
    if (status == MYR_OK)
        myr_unstage(run->batch.staging, d, run->leave, count, run->job->threads, states + done * d);
    return status;
}

/* All batches: moments on the range, or states to the caller; the other is NULL. */
static myr_status run_batches(myr_context *context, cuda_run *run, myr_range *range, double *states) {
    const myr_job *job = run->job;
    myr_status status = MYR_OK;
    for (uint64_t done = 0; status == MYR_OK && done < job->count;) {
        uint32_t count = (uint32_t)myr_range_batch(job, done, run->batch.chunks);
        status = enter_states(context, run, done, count);
        if (status == MYR_OK)
            status = give_start(context, run, done, count);
        if (status == MYR_OK)
            status = run_batch(context, run, done, count);
        if (status == MYR_OK)
            status = range ? push_nodes(context, run, count, range)
                           : leave_states(context, run, done, count, states);
        done += count;
        if (status == MYR_OK)
            status = report_progress(context, job, done);
    }
    return status;
}

myr_status myr_cuda_range(myr_context *context, const myr_cuda_limits *limits, const myr_job *job,
                          myr_range *range) {
    cuda_run run;
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
    cuda_run run;
    myr_status status = run_begin(context, &run, limits, job, false);
    if (status != MYR_OK)
        return status;
    status = run_batches(context, &run, NULL, states);
    run_end(&run);
    return status;
}
