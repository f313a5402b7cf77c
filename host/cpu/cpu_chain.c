/* Chains on the cpu: threads take strips of 16 blocks of lanes, batch by batch of whole chunks, whose
 * moments are then taken in parallel and pushed, in order, on the merge tree. Neither shows in the result.
 */
#include "cpu_backend.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "lanes_chain.h"
#include "runs/ranges.h"

/* A batch's size: at most so many chunks, and about so many steps a thread (under a second), so that
 * progress is shown and cancelling works; and the steps that are worth a thread of their own. */
static const double batch_chunks = 1024, batch_steps = 1e8, thread_steps = 2e4;

typedef struct chain_run {
    const myr_job *job;
    const myr_lanes_isa *isa;
    const myr_chain_lanes *lanes;
    int threads;
    myr_chain_table table;
    uint64_t batch;         /* trajectories of a batch, a multiple of MYR_CHUNK */
    float *values;          /* [batch]: the states' numbers */
    myr_lane_states *state; /* [threads][MYR_CHAIN_BLOCKS] */
    char *work;             /* [threads][lanes->work_bytes] */
} chain_run;

static void run_end(chain_run *run) {
    free(run->values);
    free(run->state);
    free(run->work);
    myr_chain_table_destroy(&run->table);
}

static myr_status run_begin(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                            chain_run *run) {
    const double steps = (double)(job->row_end - job->row_begin + 1);
    const double useful = 1.0 + (double)job->count * steps / thread_steps;
    *run = (chain_run){.job = job, .isa = isa, .lanes = MYR_LANES_OF(myr_chain_lanes, isa)};
    run->threads = useful < job->threads ? (int)useful : job->threads;
    double chunks = batch_steps * run->threads / (steps * MYR_CHUNK);
    chunks = chunks > batch_chunks ? batch_chunks : chunks;
    const uint64_t needed = job->count / MYR_CHUNK + 1;
    chunks = chunks > (double)needed ? (double)needed : chunks;
    run->batch = MYR_CHUNK * (uint64_t)(chunks < 1.0 ? 1.0 : chunks);
    myr_status status = myr_chain_table_create(context, job, &run->table);
    if (status != MYR_OK)
        return status;
    const size_t threads = (size_t)run->threads, values = run->batch * sizeof(float);
    const size_t state = threads * MYR_CHAIN_BLOCKS * sizeof(myr_lane_states);
    const size_t work = threads * run->lanes->work_bytes;
    run->values = malloc(values);
    run->state = aligned_alloc(64, state);
    run->work = aligned_alloc(64, work);
    if (!run->values || !run->state || !run->work) {
        run_end(run);
        return myr_fail_memory(context, values + state + work);
    }
    return MYR_OK;
}

/* A strip of blocks: those of its lanes that belong to the batch's trajectories, number done … done + count
 * - 1 of the job, are kept. Lanes that belong to none go along, in state 1. */
static void run_strip(const chain_run *run, uint64_t first_block, uint64_t blocks, uint64_t done,
                      uint64_t count) {
    const myr_job *job = run->job;
    const uint64_t thread = (uint64_t)omp_get_thread_num(), lanes = blocks * MYR_LANES;
    myr_lane_states *state = run->state + thread * MYR_CHAIN_BLOCKS;
    int32_t *flat = state[0];
    /* Of the lanes begin … end - 1, the first is the batch's trajectory number place. Unsigned differences
     * wrap as wanted. */
    const uint64_t lane0 = first_block * MYR_LANES, from = job->first + done;
    const uint64_t begin = lane0 < from ? from - lane0 : 0, place = lane0 + begin - from;
    const uint64_t end = count - place < lanes - begin ? begin + (count - place) : lanes;
    if (job->states) {
        memset(state, 0, blocks * sizeof *state);
        for (uint64_t lane = begin; lane < end; lane++)
            flat[lane] = (int32_t)job->states[done + place + (lane - begin)] - 1;
    }
    run->lanes->run(&run->table, job->seed, job->row_begin, lane0, (int)blocks, job->states != NULL, state,
                    run->work + thread * run->lanes->work_bytes);
    for (uint64_t lane = begin; lane < end; lane++)
        run->values[place + (lane - begin)] = (float)(flat[lane] + 1);
}

/* Runs the job's trajectories number done … done + count - 1 to values; says how far the run is. */
static myr_status run_batch(myr_context *context, const chain_run *run, uint64_t done, uint64_t count) {
    const myr_job *job = run->job;
    const uint64_t first = job->first + done, begin = first / MYR_LANES;
    const uint64_t blocks = (first + (count - 1)) / MYR_LANES - begin + 1;
    const int64_t strips = (int64_t)((blocks - 1) / MYR_CHAIN_BLOCKS + 1);
#pragma omp parallel num_threads(run->threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(dynamic) nowait
        for (int64_t strip = 0; strip < strips; strip++) {
            const uint64_t at = (uint64_t)strip * MYR_CHAIN_BLOCKS, left = blocks - at;
            run_strip(run, begin + at, left < MYR_CHAIN_BLOCKS ? left : MYR_CHAIN_BLOCKS, done, count);
        }
    }
    return myr_job_progress(context, job, done + count);
}

static void push_moments(const chain_run *run, uint64_t count, myr_moment_node *nodes, myr_range *range) {
    const int64_t chunks = (int64_t)((count - 1) / MYR_CHUNK + 1);
#pragma omp parallel num_threads(run->threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (int64_t chunk = 0; chunk < chunks; chunk++) {
            const uint64_t offset = (uint64_t)chunk * MYR_CHUNK, left = count - offset;
            nodes[chunk] =
                run->isa->moments(run->values + offset, left < MYR_CHUNK ? (int)left : MYR_CHUNK);
        }
    }
    for (int64_t chunk = 0; chunk < chunks; chunk++)
        myr_range_push(range, 0, &nodes[chunk], 1);
}

myr_status myr_cpu_chain_range(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                               myr_range *range) {
    chain_run run;
    myr_status status = run_begin(context, isa, job, &run);
    if (status != MYR_OK)
        return status;
    const size_t bytes = run.batch / MYR_CHUNK * sizeof(myr_moment_node);
    myr_moment_node *nodes = malloc(bytes);
    if (!nodes)
        status = myr_fail_memory(context, bytes);
    for (uint64_t done = 0; status == MYR_OK && done < job->count;) {
        uint64_t count = job->count - done < run.batch ? job->count - done : run.batch;
        status = run_batch(context, &run, done, count);
        if (status == MYR_OK)
            push_moments(&run, count, nodes, range);
        done += count;
    }
    free(nodes);
    run_end(&run);
    return status;
}

myr_status myr_cpu_chain_states(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                                double *states) {
    chain_run run;
    myr_status status = run_begin(context, isa, job, &run);
    if (status != MYR_OK)
        return status;
    for (uint64_t done = 0; status == MYR_OK && done < job->count;) {
        uint64_t count = job->count - done < run.batch ? job->count - done : run.batch;
        status = run_batch(context, &run, done, count);
        for (uint64_t i = 0; status == MYR_OK && i < count; i++)
            states[done + i] = (double)run.values[i];
        done += count;
    }
    run_end(&run);
    return status;
}
