/* The cpu backend: float, exact arithmetic, SIMD over trajectories, OpenMP over blocks of them.
 *
 * A run goes batch by batch. A batch holds whole chunks of 4,096 trajectories; its blocks of 128 lanes run
 * in parallel and leave their results in one buffer, then the chunks' moments are taken in parallel and
 * pushed, in order, on the range. Neither the batch's size nor the threads show in the result. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_backend.h"
#include "cpu_isa.h"
#include "cpu_rows.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "losses/cpu_reductions.h"
#include "losses/cpu_tokens.h"
#include "runs/ranges.h"

static void push_moments(const myr_cpu_rows *run, uint64_t count, myr_moment_node *nodes,
                         myr_range *range) {
    int64_t chunks = (int64_t)((count + MYR_CHUNK - 1) / MYR_CHUNK);
    int dimension = run->job->plan->dimension;
#pragma omp parallel num_threads(run->threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for collapse(2) schedule(static) nowait
        for (int c = 0; c < dimension; c++) {
            for (int64_t chunk = 0; chunk < chunks; chunk++) {
                uint64_t offset = (uint64_t)chunk * MYR_CHUNK;
                int n = count - offset < MYR_CHUNK ? (int)(count - offset) : MYR_CHUNK;
                nodes[c * chunks + chunk] =
                    run->isa->moments(&run->values[(uint64_t)c * run->batch + offset], n);
            }
        }
    }
    for (int64_t chunk = 0; chunk < chunks; chunk++)
        myr_range_push(range, 0, &nodes[chunk], (size_t)chunks);
}

myr_status myr_cpu_range(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                         myr_range *range) {
    if (job->plan->chain)
        return myr_cpu_chain_range(context, isa, job, range);
    myr_cpu_rows run;
    myr_status status = myr_cpu_rows_begin(context, &run, isa, job, false);
    if (status != MYR_OK)
        return status;
    size_t dimension = (size_t)job->plan->dimension;
    size_t node_bytes = dimension * (run.batch / MYR_CHUNK) * sizeof(myr_moment_node);
    myr_moment_node *nodes = malloc(node_bytes);
    myr_range_relative_to(range, run.leave);
    if (!nodes)
        status = myr_fail_memory(context, node_bytes);
    for (uint64_t done = 0; status == MYR_OK && done < job->count;) {
        uint64_t count = job->count - done < run.batch ? job->count - done : run.batch;
        status = myr_cpu_rows_run(context, &run, done, count);
        if (status == MYR_OK)
            push_moments(&run, count, nodes, range);
        done += count;
    }
    free(nodes);
    myr_cpu_rows_end(&run);
    return status;
}

/* A batch's results, [count][dimension], from the rows' values; in pieces that stay in the caches. */
static void leave_rows(const myr_cpu_rows *run, uint64_t count, double *states) {
    enum { PIECE = 512 };
    const int64_t d = run->job->plan->dimension, batch = (int64_t)run->batch;
    const int64_t pieces = ((int64_t)count + PIECE - 1) / PIECE;
#pragma omp parallel num_threads(run->threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (int64_t piece = 0; piece < pieces; piece++) {
            const int64_t begin = piece * PIECE;
            const int64_t end = begin + PIECE < (int64_t)count ? begin + PIECE : (int64_t)count;
            for (int64_t c = 0; c < d; c++) {
                const float *values = run->values + c * batch;
                const double leave = run->leave[c];
                if (d == 1) /* a loop that vectors can do */
                    for (int64_t i = begin; i < end; i++)
                        states[i] = (double)values[i] + leave;
                for (int64_t i = begin; d > 1 && i < end; i++)
                    states[i * d + c] = (double)values[i] + leave;
            }
        }
    }
}

myr_status myr_cpu_states(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                          double *states) {
    if (job->plan->chain)
        return myr_cpu_chain_states(context, isa, job, states);
    myr_cpu_rows run;
    myr_status status = myr_cpu_rows_begin(context, &run, isa, job, false);
    if (status != MYR_OK)
        return status;
    uint64_t dimension = (uint64_t)job->plan->dimension;
    for (uint64_t done = 0; status == MYR_OK && done < job->count;) {
        uint64_t count = job->count - done < run.batch ? job->count - done : run.batch;
        status = myr_cpu_rows_run(context, &run, done, count);
        if (status == MYR_OK)
            leave_rows(&run, count, states + done * dimension);
        done += count;
    }
    myr_cpu_rows_end(&run);
    return status;
}

myr_status myr_cpu_moments(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                           myr_moment *moments) {
    myr_range *range = NULL;
    myr_status status = myr_range_begin(context, job, &range);
    if (status == MYR_OK)
        status = myr_cpu_range(context, isa, job, range);
    if (status == MYR_OK)
        myr_range_moments(range, moments);
    myr_range_destroy(range);
    return status;
}

static myr_status cpu_range(myr_context *context, const myr_job *job, myr_range *range) {
    const myr_lanes_isa *isa;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    return status == MYR_OK ? myr_cpu_range(context, isa, job, range) : status;
}

static myr_status cpu_states(myr_context *context, const myr_job *job, double *states) {
    const myr_lanes_isa *isa;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    return status == MYR_OK ? myr_cpu_states(context, isa, job, states) : status;
}

/* Row by row. */
static myr_status trace_rows(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                             double *levels) {
    const size_t d = (size_t)job->plan->dimension, stride = ((size_t)job->plan->steps + 1) * d;
    myr_cpu_rows run;
    myr_status status = myr_cpu_rows_begin(context, &run, isa, job, true);
    if (status != MYR_OK)
        return status;
    for (uint64_t done = 0; status == MYR_OK && done < job->count;) {
        uint64_t count = job->count - done < run.batch ? job->count - done : run.batch;
        for (int64_t k = 0; status == MYR_OK && k < job->plan->steps; k++)
            status = myr_cpu_rows_step(context, &run, done, count, k,
                                       levels + done * stride + (size_t)(k + 1) * d, stride);
        done += count;
    }
    myr_cpu_rows_end(&run);
    return status;
}

static myr_status cpu_trace(myr_context *context, const myr_job *job, double *levels) {
    const myr_lanes_isa *isa;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    return status == MYR_OK ? trace_rows(context, isa, job, levels) : status;
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
    .name = "cpu",
    .help = "float, exact arithmetic, all cores, SIMD over trajectories",
    .automatic = true,
    .stream_numbers = MYR_SINK_NUMBERS,
    .available = cpu_available,
    .describe = cpu_describe,
    .range = cpu_range,
    .states = cpu_states,
    .trace = cpu_trace,
    .words = cpu_words,
    .normals = cpu_normals,
    .simulate = myr_cpu_simulate,
    .pairs = myr_cpu_pairs,
    .linear = myr_cpu_linear,
    .many = myr_cpu_many,
    .rankings = myr_cpu_rankings,
    .tokens = &myr_cpu_tokens,
};
