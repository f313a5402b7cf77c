/* The reduction over rankings on the cpu backend: chunks in parallel, their sums added in a fixed tree. */
#include <omp.h>
#include <stdlib.h>

#include "cpu_reductions.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "losses/pairs/pair_sums.h"
#include "losses/ranking_view.h"
#include "ranking_lanes.h"

/* Answers that are worth a thread of their own. */
static const double thread_answers = 2e4;

typedef struct cpu_rankings {
    const myr_ranking_lanes *lanes;
    myr_ranking_view view;
    int64_t chunks;
    int threads;
    double *sums;            /* [chunks][MYR_RANKED_SUMS] */
    myr_ranking_work *works; /* [threads] */
} cpu_rankings;

/* Rankings of a chunk. */
static int size_of(const cpu_rankings *run, int64_t chunk) {
    const uint64_t size = (uint64_t)run->view.shape.chunk, left = run->view.count - (uint64_t)chunk * size;
    return left < size ? (int)left : (int)size;
}

/* A chunk's sum of weights. *bad becomes the first that is refused, if it is before. */
static double weigh_chunk(const cpu_rankings *run, int64_t chunk, uint64_t *bad) {
    const int slots = run->view.shape.slots, size = size_of(run, chunk);
    const uint64_t first = (uint64_t)chunk * (uint64_t)run->view.shape.chunk;
    double partial[64] = {0.0};
    for (int i = 0; i < size; i++) {
        const double weight = myr_rank_weight(&run->view, first + (uint64_t)i);
        if (!(weight >= 0.0 && weight <= MYR_RANK_LIMIT) && first + (uint64_t)i < *bad)
            *bad = first + (uint64_t)i;
        partial[i & (slots - 1)] += weight;
    }
    for (int half = slots / 2; half > 0; half /= 2)
        for (int slot = 0; slot < half; slot++)
            partial[slot] += partial[slot + half];
    return partial[0];
}

/* The sum of weights, in the order of the others. *bad: the first that is refused. */
static double weigh(cpu_rankings *run, uint64_t *bad) {
    uint64_t first_bad = UINT64_MAX;
#pragma omp parallel num_threads(run->threads) reduction(min : first_bad)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for nowait
        for (int64_t chunk = 0; chunk < run->chunks; chunk++)
            run->sums[chunk] = weigh_chunk(run, chunk, &first_bad);
    }
    *bad = first_bad;
    return myr_tree_sum(run->sums, (size_t)run->chunks, 1);
}

/* The first bad ranking of a chunk that has one. */
static uint64_t find_bad(const cpu_rankings *run, int64_t chunk) {
    uint64_t ranking = (uint64_t)chunk * (uint64_t)run->view.shape.chunk;
    double sums[MYR_RANKED_SUMS];
    while (!run->lanes->chunk(&run->view, ranking, 1, run->works, sums))
        ranking++;
    return ranking;
}

static void reduce(cpu_rankings *run, uint64_t *bad) {
    int64_t first_bad = INT64_MAX;
#pragma omp parallel num_threads(run->threads) reduction(min : first_bad)
    {
        MYR_STANDARD_ENVIRONMENT;
        myr_ranking_work *own = &run->works[omp_get_thread_num()];
#pragma omp for schedule(dynamic)
        for (int64_t chunk = 0; chunk < run->chunks; chunk++) {
            const uint64_t first = (uint64_t)chunk * (uint64_t)run->view.shape.chunk;
            int is_bad = run->lanes->chunk(&run->view, first, size_of(run, chunk), own,
                                           run->sums + chunk * MYR_RANKED_SUMS);
            if (is_bad && chunk < first_bad)
                first_bad = chunk;
        }
    }
    *bad = first_bad == INT64_MAX ? UINT64_MAX : find_bad(run, first_bad);
}

static myr_status begin(myr_context *context, cpu_rankings *run, const myr_ranking_job *job) {
    const uint64_t size = (uint64_t)run->view.shape.chunk;
    run->chunks = (int64_t)((run->view.count + size - 1) / size);
    double useful = 1.0 + (double)job->rankings->answers / thread_answers;
    run->threads = useful < job->compute.threads ? (int)useful : job->compute.threads;
    if (run->threads > run->chunks)
        run->threads = (int)run->chunks;
    const size_t bytes = (size_t)run->chunks * MYR_RANKED_SUMS * sizeof(double);
    const size_t work_bytes = (size_t)run->threads * sizeof *run->works;
    run->sums = malloc(bytes);
    run->works = aligned_alloc(64, work_bytes);
    return run->sums && run->works ? MYR_OK : myr_fail_memory(context, bytes + work_bytes);
}

myr_status myr_cpu_rankings_on(myr_context *context, const myr_lanes_isa *isa, const myr_ranking_job *job,
                               myr_ranking_sums *sums, uint64_t *bad) {
    cpu_rankings run = {.lanes = MYR_LANES_OF(myr_ranking_lanes, isa), .view = myr_ranking_view_make(job)};
    myr_status status = begin(context, &run, job);
    *bad = UINT64_MAX;
    if (status == MYR_OK) {
        sums->weight = run.view.weight ? weigh(&run, bad) : (double)run.view.count;
        run.view.scale = run.view.beta / sums->weight;
    }
    if (status == MYR_OK && *bad == UINT64_MAX) {
        reduce(&run, bad);
        myr_ranking_take_sums(run.sums, (size_t)run.chunks, sums);
    }
    free(run.sums);
    free(run.works);
    return status;
}

myr_status myr_cpu_rankings(myr_context *context, const myr_ranking_job *job, myr_ranking_sums *sums,
                            uint64_t *bad) {
    const myr_lanes_isa *isa;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    return status == MYR_OK ? myr_cpu_rankings_on(context, isa, job, sums, bad) : status;
}
