/* The reduction over pairs on the cpu backend: chunks in parallel, their sums added in a fixed tree. */
#include <stdlib.h>

#include "cpu/cpu_isa.h"
#include "cpu_reductions.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "losses/pairs/pair_passes.h"
#include "losses/pairs/pair_sums.h"
#include "pair_lanes.h"

/* Chunks that are worth a thread of their own. */
static const double thread_chunks = 8.0;

/* Pairs whose gradients are more than a cache is likely to keep. */
static const uint64_t stream_count = 1 << 20;

typedef struct cpu_pairs {
    const myr_pair_lanes *lanes;
    uint64_t count;
    int64_t chunks;
    int threads;
    double *sums; /* [chunks][MYR_SUMS] */
} cpu_pairs;

/* The first bad row of a chunk that has one: its rows, one by one. */
static uint64_t find_bad(const cpu_pairs *run, const myr_pair_view *view, int64_t chunk) {
    double sums[MYR_SUMS];
    uint64_t row = (uint64_t)chunk * MYR_CHUNK;
    while (row < run->count && !run->lanes->chunk(view, row, 1, sums))
        row++;
    return row;
}

static myr_status run_view(void *user, const myr_pair_view *view, double *sums, uint64_t *bad) {
    const cpu_pairs *run = user;
    int64_t first_bad = INT64_MAX;
#pragma omp parallel num_threads(run->threads) reduction(min : first_bad)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (int64_t chunk = 0; chunk < run->chunks; chunk++) {
            uint64_t first = (uint64_t)chunk * MYR_CHUNK;
            int count = run->count - first < MYR_CHUNK ? (int)(run->count - first) : MYR_CHUNK;
            int is_bad = run->lanes->chunk(view, first, count, run->sums + chunk * MYR_SUMS);
            if (is_bad && chunk < first_bad)
                first_bad = chunk;
        }
    }
    *bad = first_bad == INT64_MAX ? UINT64_MAX : find_bad(run, view, first_bad);
    for (int sum = 0; sum < MYR_SUMS; sum++)
        sums[sum] = myr_tree_sum(run->sums + sum, (size_t)run->chunks, MYR_SUMS);
    return MYR_OK;
}

myr_status myr_cpu_pairs_on(myr_context *context, const myr_lanes_isa *isa, const myr_pair_job *job,
                            myr_pair_sums *sums, uint64_t *bad) {
    cpu_pairs run = {.lanes = MYR_LANES_OF(myr_pair_lanes, isa), .count = job->pairs->count};
    run.chunks = (int64_t)((run.count + MYR_CHUNK - 1) / MYR_CHUNK);
    double useful = 1.0 + (double)run.chunks / thread_chunks;
    run.threads = useful < job->compute.threads ? (int)useful : job->compute.threads;
    size_t bytes = (size_t)run.chunks * MYR_SUMS * sizeof(double);
    run.sums = malloc(bytes);
    if (!run.sums)
        return myr_fail_memory(context, bytes);
    myr_pair_runner runner = {run_view, &run};
    myr_pair_view view = myr_pair_view_make(job);
    view.stream = run.count > stream_count;
    myr_status status = myr_pair_passes(job, view, &runner, sums, bad);
    free(run.sums);
    return status;
}

myr_status myr_cpu_pairs(myr_context *context, const myr_pair_job *job, myr_pair_sums *sums,
                         uint64_t *bad) {
    const myr_lanes_isa *isa;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    return status == MYR_OK ? myr_cpu_pairs_on(context, isa, job, sums, bad) : status;
}
