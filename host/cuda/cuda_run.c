/* Runs on the device, batch by batch. A batch is a power of two of chunks; its kernel runs all rows (or,
 * where that would take too long to be interrupted, slices of them with the states kept between), reduces
 * each chunk, and a second kernel merges the chunks' nodes: one node a coordinate comes back and is pushed
 * on the tree. Neither the batches nor the slices show in the result. */
#include "cuda_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cuda_cells.h"
#include "failure.h"
#include "moments.h"

/* Some tenths of a second a launch; a few hundred megabytes. */
const myr_cuda_limits myr_cuda_usual_limits = {
    .launch_steps = 0x1p37,
    .least_chunks = 256,
    .most_chunks = 65536,
    .state_bytes = 0x1p28,
    .copied_bytes = 0x1p26,
};

typedef struct cuda_run {
    const myr_job *job;
    myr_cuda_session session;
    myr_affine_table table;
    myr_cuda_cells cells;
    uint32_t slice_rows;
    uint32_t chunks; /* of a full batch: 2^height */
    int height;
    size_t states; /* floats of a full batch */
    bool split;    /* rows are run in more than one slice */
    float *d_state, *d_memory;
    myr_moment_node *d_nodes, *d_merged;
    float *staging; /* a batch of states on the host; NULL for moments of drawn starts */
} cuda_run;

/* Rows of a slice and chunks of a batch: whole runs in batches of at least least_chunks if that fits a
 * launch, else slices of rows. */
static void plan_batches(cuda_run *run, const myr_cuda_limits *limits, bool copies, bool keeps) {
    const double d = run->table.dimension;
    const double rows = (double)(run->cells.end - run->cells.begin) + 1.0;
    double chunks = limits->launch_steps / (rows * d * MYR_CHUNK);
    run->slice_rows = run->cells.end - run->cells.begin;
    if (chunks < limits->least_chunks) {
        double slice = fmax(limits->launch_steps / (d * MYR_CHUNK * limits->least_chunks), 4.0);
        chunks = limits->least_chunks;
        if (slice < (double)run->slice_rows) {
            run->slice_rows = (uint32_t)slice / 4 * 4;
            run->split = true;
        }
    }
    double chunk_bytes = d * MYR_CHUNK * sizeof(float) * (run->split && run->table.general ? 3 : 1);
    if (keeps || run->split)
        chunks = fmin(chunks, limits->state_bytes / chunk_bytes);
    if (copies)
        chunks = fmin(chunks, limits->copied_bytes / chunk_bytes);
    uint64_t needed = (run->job->count - 1) / MYR_CHUNK + 1;
    run->chunks = 1;
    while (2.0 * run->chunks <= chunks && run->chunks < needed && run->chunks < limits->most_chunks) {
        run->chunks *= 2;
        run->height++;
    }
    run->states = (size_t)run->chunks * (size_t)run->table.dimension * MYR_CHUNK;
}

static void run_end(cuda_run *run) {
    myr_cuda_cells_destroy(&run->cells);
    myr_cuda_release(run->d_state);
    myr_cuda_release(run->d_memory);
    myr_cuda_release(run->d_nodes);
    myr_cuda_release(run->d_merged);
    free(run->staging);
    myr_affine_table_destroy(&run->table);
    myr_cuda_close(&run->session);
}

/* keeps: whether results stay in device memory, for the caller to have or because registers cannot hold
 * them; nodes: whether moments are wanted. */
static myr_status allocate(myr_context *context, cuda_run *run, bool copies, bool keeps, bool nodes) {
    void *memory = NULL;
    myr_status status = MYR_OK;
    if (keeps || run->split) {
        status = myr_cuda_allocate(context, run->states * sizeof(float), &memory);
        run->d_state = memory;
    }
    if (status == MYR_OK && run->split && run->table.general) {
        status = myr_cuda_allocate(context, 2 * run->states * sizeof(float), &memory);
        run->d_memory = memory;
    }
    size_t node_bytes = (size_t)run->chunks * (size_t)run->table.dimension * sizeof(myr_moment_node);
    if (status == MYR_OK && nodes) {
        status = myr_cuda_allocate(context, node_bytes, &memory);
        run->d_nodes = memory;
    }
    if (status == MYR_OK && nodes) {
        status = myr_cuda_allocate(context, node_bytes, &memory);
        run->d_merged = memory;
    }
    if (status == MYR_OK && copies) {
        /* The last chunk is copied whole, and may not be full. */
        status = myr_cuda_check(
            context, cudaMemsetAsync(run->d_state, 0, run->states * sizeof(float), run->session.stream),
            "clearing memory");
    }
    if (status == MYR_OK && copies) {
        run->staging = malloc(run->states * sizeof(float));
        if (!run->staging)
            status = myr_fail_memory(context, run->states * sizeof(float));
    }
    return status;
}

static myr_status run_begin(myr_context *context, cuda_run *run, const myr_cuda_limits *limits,
                            const myr_job *job, bool nodes) {
    memset(run, 0, sizeof *run);
    run->job = job;
    myr_status status = myr_cuda_open(context, job->device, &run->session);
    if (status != MYR_OK)
        return status;
    status = myr_affine_table_create(context, job, &run->table);
    if (status == MYR_OK)
        status = myr_cuda_cells_create(context, &run->session, job, &run->table, &run->cells);
    if (status == MYR_OK) {
        bool copies = job->states || !nodes;
        bool keeps = copies || !run->cells.small || run->table.dimension > 1;
        plan_batches(run, limits, copies, keeps);
        status = allocate(context, run, copies, keeps, nodes);
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

static myr_device_slice make_slice(const cuda_run *run, uint64_t done, uint32_t count, uint32_t row) {
    const myr_affine_table *table = &run->table;
    const uint32_t left = run->cells.end - row;
    const bool begins = row == run->cells.begin;
    myr_device_slice slice = {
        .keys = myr_device_keys_make(run->job->seed),
        .first = run->job->first + done,
        .count = count,
        .row = row,
        .rows = left < run->slice_rows ? left : run->slice_rows,
        .dimension = table->dimension,
        .columns = run->cells.columns,
        .slots = table->slots,
        .pre_noise = table->pre_noise,
        .noise = table->noise,
        .general = table->general,
        .fast = run->job->fast,
        .draw_start = begins && !run->job->states,
        .d_cells = run->cells.d_cells + (size_t)(row - run->cells.begin) * run->cells.row_bytes,
        .d_start = run->cells.d_start,
        .d_state = run->d_state,
        .d_memory = run->d_memory,
        .memory_stride = run->states,
        .fresh_memory = begins,
        .d_nodes = row + run->slice_rows >= run->cells.end ? run->d_nodes : NULL,
    };
    return slice;
}

/* Runs the batch of trajectories done … done + count - 1 of the job through its rows. */
static myr_status run_batch(myr_context *context, const cuda_run *run, uint64_t done, uint32_t count) {
    uint32_t row = run->cells.begin;
    for (;;) {
        myr_device_slice slice = make_slice(run, done, count, row);
        cudaError_t error = run->cells.small ? myr_launch_small(&slice, run->session.stream)
                                             : myr_launch_any(&slice, run->session.stream);
        if (error == cudaSuccess)
            error = cudaStreamSynchronize(run->session.stream);
        myr_status status = myr_cuda_check(context, error, "running trajectories");
        row += slice.rows;
        if (status != MYR_OK || row >= run->cells.end)
            return status;
        double share = (double)(row - run->cells.begin) / (double)(run->cells.end - run->cells.begin);
        status = report_progress(context, run->job, done + (uint64_t)(share * count));
        if (status != MYR_OK)
            return status;
    }
}

/* Merges the batch's nodes to one a coordinate, and pushes those. */
static myr_status push_nodes(myr_context *context, cuda_run *run, uint32_t count, myr_moment_tree *trees) {
    const int d = run->table.dimension;
    uint32_t nodes = (count - 1) / MYR_CHUNK + 1;
    uint32_t left = run->chunks; /* a node stands for chunks / left chunks */
    while (left > 1) {
        uint32_t group = left < MYR_MERGE_GROUP ? left : MYR_MERGE_GROUP;
        myr_status status = myr_cuda_check(
            context, myr_launch_merge(run->d_nodes, nodes, d, group, run->d_merged, run->session.stream),
            "merging moments");
        if (status != MYR_OK)
            return status;
        myr_moment_node *merged = run->d_merged;
        run->d_merged = run->d_nodes;
        run->d_nodes = merged;
        nodes = (nodes - 1) / group + 1;
        left /= group;
    }
    myr_moment_node root[MYR_MAX_DIMENSION];
    myr_status status =
        myr_cuda_download(context, &run->session, root, run->d_nodes, (size_t)d * sizeof(myr_moment_node));
    for (int c = 0; status == MYR_OK && c < d; c++)
        myr_moment_tree_push(&trees[c], run->height, &root[c]);
    return status;
}

/* Staged states are [chunk][dimension][MYR_CHUNK], the caller's [count][dimension]. */
static size_t staged(size_t dimension, size_t j, size_t c) {
    return (j / MYR_CHUNK * dimension + c) * MYR_CHUNK + j % MYR_CHUNK;
}

static myr_status enter_states(myr_context *context, const cuda_run *run, uint64_t done, uint32_t count) {
    const size_t d = (size_t)run->table.dimension;
    if (!run->job->states)
        return MYR_OK;
    memset(run->staging, 0, run->states * sizeof(float));
    for (size_t j = 0; j < count; j++)
        for (size_t c = 0; c < d; c++)
            run->staging[staged(d, j, c)] =
                (float)(run->job->states[(done + j) * d + c] - run->table.enter[c]);
    return myr_cuda_upload(context, &run->session, run->d_state, run->staging, run->states * sizeof(float));
}

static myr_status leave_states(myr_context *context, const cuda_run *run, uint64_t done, uint32_t count,
                               double *states) {
    const size_t d = (size_t)run->table.dimension;
    myr_status status =
        myr_cuda_download(context, &run->session, run->staging, run->d_state, run->states * sizeof(float));
    for (size_t j = 0; status == MYR_OK && j < count; j++)
        for (size_t c = 0; c < d; c++)
            states[(done + j) * d + c] = (double)run->staging[staged(d, j, c)] + run->table.leave[c];
    return status;
}

/* All batches: moments on the trees, or states to the caller; the other is NULL. */
static myr_status run_batches(myr_context *context, cuda_run *run, myr_moment_tree *trees, double *states) {
    const myr_job *job = run->job;
    const uint64_t batch = (uint64_t)run->chunks * MYR_CHUNK;
    myr_status status = MYR_OK;
    for (uint64_t done = 0; status == MYR_OK && done < job->count;) {
        uint32_t count = (uint32_t)(job->count - done < batch ? job->count - done : batch);
        status = enter_states(context, run, done, count);
        if (status == MYR_OK)
            status = run_batch(context, run, done, count);
        if (status == MYR_OK)
            status = trees ? push_nodes(context, run, count, trees)
                           : leave_states(context, run, done, count, states);
        done += count;
        if (status == MYR_OK)
            status = report_progress(context, job, done);
    }
    return status;
}

myr_status myr_cuda_moments(myr_context *context, const myr_cuda_limits *limits, const myr_job *job,
                            myr_moment *moments) {
    const int d = job->plan->dimension;
    myr_moment_tree *trees = calloc((size_t)d, sizeof *trees);
    if (!trees)
        return myr_fail_memory(context, (size_t)d * sizeof *trees);
    cuda_run run;
    myr_status status = run_begin(context, &run, limits, job, true);
    if (status == MYR_OK) {
        status = run_batches(context, &run, trees, NULL);
        for (int c = 0; status == MYR_OK && c < d; c++) {
            myr_moment_node root = myr_moment_tree_root(&trees[c]);
            moments[c] =
                (myr_moment){job->count, root.mean + run.table.leave[c], root.m2, root.m3, root.m4};
        }
        run_end(&run);
    }
    free(trees);
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
