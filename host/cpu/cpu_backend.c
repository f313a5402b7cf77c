/* The cpu backend: float, exact arithmetic, SIMD over trajectories, OpenMP over blocks of them.
 *
 * A run goes batch by batch. A batch holds whole chunks of 4,096 trajectories; its blocks of 128 lanes run
 * in parallel and leave their results in one buffer, then the chunks' moments are taken in parallel and
 * pushed, in order, on the merge tree. Neither the batch's size nor the threads show in the result. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_isa.h"
#include "failure.h"
#include "moments.h"

/* A batch's size: at most this much memory, and about this many trajectory-steps a thread (under a second),
 * so that progress is shown and cancelling works. */
static const double batch_bytes = 16e6;
static const double batch_steps = 5e8;

/* Coordinate-steps that are worth a thread of their own: a few times what starting one takes.
 * Threads that wait for less only spin. */
static const double thread_steps = 5e4;

typedef struct cpu_run {
    const myr_job *job;
    const myr_lanes_isa *isa;
    int threads;
    myr_affine_table table;
    uint64_t batch;        /* trajectories of a batch, a multiple of MYR_CHUNK */
    float *values;         /* [dimension][batch] */
    myr_lane_row *scratch; /* [threads][3][dimension]: state, d1, d2 */
} cpu_run;

static double steps_of(const myr_job *job) {
    return (double)(job->row_end - job->row_begin + 1);
}

static int useful_threads(const myr_job *job) {
    double useful = 1.0 + (double)job->count * job->plan->dimension * steps_of(job) / thread_steps;
    return useful < job->threads ? (int)useful : job->threads;
}

static uint64_t batch_size(const myr_job *job) {
    double d = job->plan->dimension;
    double steps = steps_of(job);
    double by_memory = batch_bytes / (d * sizeof(float) * MYR_CHUNK);
    double by_time = batch_steps * job->threads / (steps * d * MYR_CHUNK);
    uint64_t full = job->count / MYR_CHUNK;
    double needed = (double)full + 1.0;
    double chunks = by_memory < by_time ? by_memory : by_time;
    if (chunks > needed)
        chunks = needed;
    return MYR_CHUNK * (uint64_t)(chunks < 1.0 ? 1.0 : chunks);
}

static void run_end(cpu_run *run) {
    free(run->values);
    free(run->scratch);
    myr_affine_table_destroy(&run->table);
}

static myr_status run_begin(myr_context *context, cpu_run *run, const myr_lanes_isa *isa,
                            const myr_job *job) {
    memset(run, 0, sizeof *run);
    run->job = job;
    run->isa = isa;
    run->threads = useful_threads(job);
    run->batch = batch_size(job);
    myr_status status = myr_affine_table_create(context, job, &run->table);
    if (status != MYR_OK)
        return status;
    size_t dimension = (size_t)job->plan->dimension;
    size_t value_bytes = dimension * run->batch * sizeof(float);
    size_t scratch_bytes = (size_t)run->threads * 3 * dimension * sizeof(myr_lane_row);
    run->values = aligned_alloc(64, value_bytes);
    run->scratch = aligned_alloc(64, scratch_bytes);
    if (!run->values || !run->scratch) {
        run_end(run);
        return myr_fail_memory(context, value_bytes + scratch_bytes);
    }
    return MYR_OK;
}

/* Runs one block of lanes and keeps the results of those that belong to the batch. */
static void run_block(const cpu_run *run, uint64_t block, uint64_t batch_first, uint64_t batch_count) {
    const myr_job *job = run->job;
    int dimension = job->plan->dimension;
    myr_lane_row *state = run->scratch + (size_t)omp_get_thread_num() * 3 * (size_t)dimension;
    /* Offsets into the batch; the first block may begin before it. Unsigned differences wrap as wanted. */
    uint64_t first = block * MYR_LANES;
    int skip = first < batch_first ? (int)(batch_first - first) : 0;
    uint64_t offset = first + (uint64_t)skip - batch_first;
    uint64_t left = batch_count - offset;
    int lanes = left < (uint64_t)(MYR_LANES - skip) ? (int)left : MYR_LANES - skip;

    if (job->states) {
        memset(state, 0, (size_t)dimension * sizeof *state);
        for (int lane = 0; lane < lanes; lane++) {
            uint64_t i = batch_first - job->first + offset + (uint64_t)lane;
            for (int c = 0; c < dimension; c++)
                state[c][skip + lane] =
                    (float)(job->states[i * (uint64_t)dimension + (uint64_t)c] - run->table.enter[c]);
        }
    }
    myr_lanes_run lanes_run = {job->seed, job->row_begin, &run->table};
    run->isa->run(&lanes_run, first, job->states != NULL, state, state + dimension);
    for (int c = 0; c < dimension; c++)
        memcpy(&run->values[(uint64_t)c * run->batch + offset], &state[c][skip],
               (size_t)lanes * sizeof(float));
}

static void run_batch(const cpu_run *run, uint64_t first, uint64_t count) {
    int64_t begin = (int64_t)(first / MYR_LANES);
    int64_t end = (int64_t)((first + count - 1) / MYR_LANES) + 1;
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
    for (int64_t block = begin; block < end; block++)
        run_block(run, (uint64_t)block, first, count);
}

/* Tells the caller how far the run is; MYR_CANCELLED if it wants no more. */
static myr_status report_progress(myr_context *context, const myr_job *job, uint64_t done) {
    if (job->progress && job->progress(job->user, done, job->count))
        return myr_fail(context, MYR_CANCELLED, "cancelled after %llu of %llu trajectories",
                        (unsigned long long)done, (unsigned long long)job->count);
    return MYR_OK;
}

static void push_moments(const cpu_run *run, uint64_t count, myr_moment_node *nodes,
                         myr_moment_tree *trees) {
    int64_t chunks = (int64_t)((count + MYR_CHUNK - 1) / MYR_CHUNK);
    int dimension = run->job->plan->dimension;
#pragma omp parallel for collapse(2) schedule(static) num_threads(run->threads)
    for (int c = 0; c < dimension; c++) {
        for (int64_t chunk = 0; chunk < chunks; chunk++) {
            uint64_t offset = (uint64_t)chunk * MYR_CHUNK;
            int n = count - offset < MYR_CHUNK ? (int)(count - offset) : MYR_CHUNK;
            nodes[c * chunks + chunk] =
                run->isa->moments(&run->values[(uint64_t)c * run->batch + offset], n);
        }
    }
    for (int c = 0; c < dimension; c++)
        for (int64_t chunk = 0; chunk < chunks; chunk++)
            myr_moment_tree_push(&trees[c], 0, &nodes[c * chunks + chunk]);
}

myr_status myr_cpu_moments(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                           myr_moment *moments) {
    cpu_run run;
    myr_status status = run_begin(context, &run, isa, job);
    if (status != MYR_OK)
        return status;
    size_t dimension = (size_t)job->plan->dimension;
    size_t node_bytes = dimension * (run.batch / MYR_CHUNK) * sizeof(myr_moment_node);
    myr_moment_node *nodes = malloc(node_bytes);
    myr_moment_tree *trees = calloc(dimension, sizeof *trees);
    if (!nodes || !trees)
        status = myr_fail_memory(context, node_bytes + dimension * sizeof *trees);
    for (uint64_t done = 0; status == MYR_OK && done < job->count;) {
        uint64_t count = job->count - done < run.batch ? job->count - done : run.batch;
        run_batch(&run, job->first + done, count);
        push_moments(&run, count, nodes, trees);
        done += count;
        status = report_progress(context, job, done);
    }
    for (size_t c = 0; status == MYR_OK && c < dimension; c++) {
        myr_moment_node root = myr_moment_tree_root(&trees[c]);
        moments[c] = (myr_moment){job->count, root.mean + run.table.leave[c], root.m2, root.m3, root.m4};
    }
    free(nodes);
    free(trees);
    run_end(&run);
    return status;
}

myr_status myr_cpu_states(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                          double *states) {
    cpu_run run;
    myr_status status = run_begin(context, &run, isa, job);
    if (status != MYR_OK)
        return status;
    uint64_t dimension = (uint64_t)job->plan->dimension;
    for (uint64_t done = 0; status == MYR_OK && done < job->count;) {
        uint64_t count = job->count - done < run.batch ? job->count - done : run.batch;
        run_batch(&run, job->first + done, count);
        for (uint64_t i = 0; i < count; i++)
            for (uint64_t c = 0; c < dimension; c++)
                states[(done + i) * dimension + c] =
                    (double)run.values[c * run.batch + i] + run.table.leave[c];
        done += count;
        status = report_progress(context, job, done);
    }
    run_end(&run);
    return status;
}

static myr_status cpu_moments(myr_context *context, const myr_job *job, myr_moment *moments) {
    const myr_lanes_isa *isa;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    return status == MYR_OK ? myr_cpu_moments(context, isa, job, moments) : status;
}

static myr_status cpu_states(myr_context *context, const myr_job *job, double *states) {
    const myr_lanes_isa *isa;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    return status == MYR_OK ? myr_cpu_states(context, isa, job, states) : status;
}

/* Words, or normals, of a range of trajectories: the pointer that is not NULL is filled. */
static myr_status draw_numbers(myr_context *context, const myr_draw *draw, uint32_t *words,
                               double *normals) {
    const myr_lanes_isa *isa;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    if (status != MYR_OK)
        return status;
    uint32_t word[4][MYR_LANES];
    float normal[4][MYR_LANES];
    uint64_t lanes = 0;
    for (uint64_t n = 0; n < draw->count; n += lanes) {
        uint64_t skip = (draw->first + n) % MYR_LANES, first = draw->first + n - skip;
        lanes = draw->count - n < MYR_LANES - skip ? draw->count - n : MYR_LANES - skip;
        for (uint32_t b = 0; b < draw->blocks; b++) {
            if (words)
                isa->words(draw->seed, first, draw->stream, draw->block + b, word);
            else
                isa->normals(draw->seed, first, draw->stream, draw->block + b, normal);
            for (uint64_t lane = 0; lane < lanes; lane++) {
                uint64_t at = ((n + lane) * draw->blocks + b) * 4;
                for (uint64_t w = 0; w < 4; w++) {
                    if (words)
                        words[at + w] = word[w][skip + lane];
                    else
                        normals[at + w] = (double)normal[w][skip + lane];
                }
            }
        }
    }
    return MYR_OK;
}

static myr_status cpu_words(myr_context *context, const myr_draw *draw, uint32_t *words) {
    return draw_numbers(context, draw, words, NULL);
}

static myr_status cpu_normals(myr_context *context, const myr_draw *draw, double *normals) {
    return draw_numbers(context, draw, NULL, normals);
}

static myr_status cpu_available(myr_context *context, int device) {
    (void)device; /* there is one CPU */
    const myr_lanes_isa *isa;
    return myr_cpu_isa_choose(context, &isa);
}

static void cpu_describe(int device, int threads, char *text, size_t size) {
    (void)device;
    snprintf(text, size, "%s, %d thread%s", myr_cpu_isa(), threads, threads == 1 ? "" : "s");
}

const myr_backend myr_backend_cpu = {
    "cpu",         "float, exact arithmetic, all cores, SIMD over trajectories",
    cpu_available, cpu_describe,
    cpu_moments,   cpu_states,
    cpu_words,     cpu_normals,
};
