/* One loss of a log-linear policy on the cpu backend: Delta is read once. A chunk goes block by block:
 * margins, then losses and slopes, then the gradient's sums, while the block is in the cache. Chunks run in
 * parallel and leave a node each, [sums][gradient]; nodes are added in a binary tree. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_reductions.h"
#include "failure.h"
#include "linear_lanes.h"
#include "pair_sums.h"

/* Elements of Delta that are worth a thread of their own. */
static const double thread_elements = 5e4;

enum { BLOCK = 8 * MYR_ROW_CLASSES };

typedef struct cpu_linear {
    const myr_linear_job *job;
    const myr_linear_lanes *linear;
    const myr_margin_lanes *margin;
    myr_loss_constants constants;
    myr_linear_shape shape;
    int parameters, threads;
    int64_t chunks;
    size_t node;   /* doubles of a node */
    double *theta; /* rounded to float */
    double *nodes; /* [chunks][node] */
    double *sums;  /* [threads][classes][parameters] */
} cpu_linear;

const myr_linear_lanes *myr_linear_lanes_of(const myr_lanes_isa *isa) {
#if defined(__x86_64__)
    if (isa == &myr_lanes_avx512)
        return &myr_linear_lanes_avx512;
    if (isa == &myr_lanes_avx2)
        return &myr_linear_lanes_avx2;
#endif
    (void)isa;
    return &myr_linear_lanes_baseline;
}

const myr_margin_lanes *myr_margin_lanes_of(const myr_lanes_isa *isa) {
#if defined(__x86_64__)
    if (isa == &myr_lanes_avx512)
        return &myr_margin_lanes_avx512;
    if (isa == &myr_lanes_avx2)
        return &myr_margin_lanes_avx2;
#endif
    (void)isa;
    return &myr_margin_lanes_baseline;
}

/* What is known of a block's rows besides Delta. */
typedef struct block {
    double margins[BLOCK], reference[BLOCK];
    float x[BLOCK], weight[BLOCK], slope[BLOCK];
} block;

static void load_block(const myr_linear_job *job, size_t row, int count, block *b) {
    const myr_array *weight = &job->features->weight, *reference = &job->features->reference_margin;
    const bool use_reference = !job->loss.reference_free && reference->data;
    for (int j = 0; j < count; j++) {
        size_t i = row + (size_t)j;
        b->weight[j] = weight->data ? (float)myr_load_double(weight->data, weight->type, i) : 1.0f;
        b->reference[j] = use_reference ? myr_load_double(reference->data, reference->type, i) : 0.0;
    }
}

/* Rows of a chunk, `first` counted in it; returns whether some row is bad. */
static int run_block(const cpu_linear *run, size_t row, int first, int count, double *sums,
                     myr_margin_partials partials) {
    block b;
    const float *delta = (const float *)run->job->features->delta.data + row * (size_t)run->parameters;
    load_block(run->job, row, count, &b);
    run->linear->dots(delta, count, run->parameters, run->theta, b.margins);
    run->margin->subtract(b.margins, b.reference, count, b.x);
    myr_margin_rows rows = {.kind = (int)run->job->loss.kind,
                            .constants = &run->constants,
                            .first = first,
                            .count = count,
                            .margin = b.x,
                            .weight = b.weight,
                            .slope = b.slope};
    int bad = run->margin->evaluate(&rows, partials);
    if (sums)
        run->linear->accumulate(delta, count, run->parameters, run->shape.classes, b.slope, sums);
    return bad;
}

/* The classes' sums, halved, to the node. */
static void finish_gradient(const cpu_linear *run, double *sums, double *to) {
    const size_t columns = (size_t)run->parameters;
    for (size_t half = (size_t)run->shape.classes / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half * columns; j++)
            sums[j] += sums[j + half * columns];
    memcpy(to, sums, columns * sizeof *to);
}

static int run_chunk(const cpu_linear *run, int64_t chunk, double *sums) {
    const uint64_t rows = run->job->features->count, first = (uint64_t)chunk * (uint64_t)run->shape.chunk;
    const int count = rows - first < (uint64_t)run->shape.chunk ? (int)(rows - first) : run->shape.chunk;
    const int step = 8 * run->shape.classes;
    double *node = run->nodes + (size_t)chunk * run->node;
    myr_margin_partials partials;
    int bad = 0;
    memset(partials, 0, sizeof partials);
    if (sums)
        memset(sums, 0, (size_t)run->shape.classes * (size_t)run->parameters * sizeof *sums);
    for (int at = 0; at < count; at += step)
        bad |=
            run_block(run, first + (size_t)at, at, count - at < step ? count - at : step, sums, partials);
    run->margin->finish(partials, node);
    if (sums)
        finish_gradient(run, sums, node + MYR_MARGIN_SUMS);
    return bad;
}

/* The first bad row of a bad chunk: its rows, one by one. */
static uint64_t find_bad(const cpu_linear *run, int64_t chunk) {
    uint64_t row = (uint64_t)chunk * (uint64_t)run->shape.chunk;
    myr_margin_partials partials;
    memset(partials, 0, sizeof partials);
    while (!run_block(run, row, 0, 1, NULL, partials))
        row++;
    return row;
}

/* Level by level: node 2i + 1 of a level is added to node 2i, which is node i of the next. */
static void add_nodes(const cpu_linear *run) {
    for (int64_t step = 1; step < run->chunks; step *= 2) {
        const int64_t pairs = (run->chunks - step + 2 * step - 1) / (2 * step);
#pragma omp parallel for schedule(static) num_threads(run->threads)
        for (int64_t pair = 0; pair < pairs; pair++) {
            double *to = run->nodes + (size_t)(2 * pair * step) * run->node;
            const double *from = to + (size_t)step * run->node;
            for (size_t j = 0; j < run->node; j++)
                to[j] += from[j];
        }
    }
}

static void run_chunks(cpu_linear *run, uint64_t *bad) {
    const size_t sums = (size_t)run->shape.classes * (size_t)run->parameters;
    int64_t first_bad = INT64_MAX;
#pragma omp parallel num_threads(run->threads) reduction(min : first_bad)
    {
        double *own = run->sums ? run->sums + (size_t)omp_get_thread_num() * sums : NULL;
#pragma omp for schedule(static)
        for (int64_t chunk = 0; chunk < run->chunks; chunk++)
            if (run_chunk(run, chunk, own) && chunk < first_bad)
                first_bad = chunk;
    }
    *bad = first_bad == INT64_MAX ? UINT64_MAX : find_bad(run, first_bad);
    add_nodes(run);
}

static void take_results(const cpu_linear *run, myr_margin_sums *sums) {
    const double *root = run->nodes;
    *sums = (myr_margin_sums){.weight = root[MYR_MARGIN_WEIGHT],
                              .loss = root[MYR_MARGIN_LOSS],
                              .margin = root[MYR_MARGIN_MARGIN],
                              .accurate = root[MYR_MARGIN_ACCURATE]};
    const myr_array_out *to = &run->job->gradient;
    for (int p = 0; to->data && p < run->parameters; p++) {
        double mean = root[MYR_MARGIN_SUMS + p] / sums->weight;
        if (to->type == MYR_F64)
            ((double *)to->data)[p] = mean;
        else
            ((float *)to->data)[p] = (float)mean;
    }
}

static myr_status begin(myr_context *context, cpu_linear *run, const myr_linear_job *job) {
    const uint64_t count = job->features->count;
    run->job = job;
    run->constants = myr_loss_constants_make(&job->loss);
    run->parameters = (int)job->features->parameters;
    run->shape = myr_linear_shape_make(run->parameters);
    run->chunks = (int64_t)((count + (uint64_t)run->shape.chunk - 1) / (uint64_t)run->shape.chunk);
    double useful = 1.0 + (double)count * run->parameters / thread_elements;
    run->threads = useful < job->compute.threads ? (int)useful : job->compute.threads;
    const size_t columns = (size_t)run->parameters, classes = (size_t)run->shape.classes;
    run->node = MYR_MARGIN_SUMS + (job->gradient.data ? columns : 0);
    size_t node_bytes = (size_t)run->chunks * run->node * sizeof(double);
    size_t sum_bytes = job->gradient.data ? (size_t)run->threads * classes * columns * sizeof(double) : 0;
    run->theta = malloc(columns * sizeof(double));
    run->nodes = malloc(node_bytes);
    run->sums = sum_bytes ? malloc(sum_bytes) : NULL;
    if (!run->theta || !run->nodes || (sum_bytes && !run->sums))
        return myr_fail_memory(context, columns * sizeof(double) + node_bytes + sum_bytes);
    for (size_t p = 0; p < columns; p++)
        run->theta[p] = (double)(float)myr_load_double(job->theta.data, job->theta.type, p);
    return MYR_OK;
}

myr_status myr_cpu_linear_on(myr_context *context, const myr_lanes_isa *isa, const myr_linear_job *job,
                             myr_margin_sums *sums, uint64_t *bad) {
    cpu_linear run = {.linear = myr_linear_lanes_of(isa), .margin = myr_margin_lanes_of(isa)};
    myr_status status = begin(context, &run, job);
    if (status == MYR_OK) {
        run_chunks(&run, bad);
        take_results(&run, sums);
    }
    free(run.theta);
    free(run.nodes);
    free(run.sums);
    return status;
}

myr_status myr_cpu_linear(myr_context *context, const myr_linear_job *job, myr_margin_sums *sums,
                          uint64_t *bad) {
    const myr_lanes_isa *isa;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    return status == MYR_OK ? myr_cpu_linear_on(context, isa, job, sums, bad) : status;
}
