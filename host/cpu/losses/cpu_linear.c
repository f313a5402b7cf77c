/* One loss of a log-linear policy on the cpu backend: Delta is read once. A chunk goes block by block:
 * margins, then losses and slopes, then the gradient's sums, while the block is in the cache. Chunks run in
 * parallel and leave a node each, [sums][gradient]; nodes are added in a binary tree. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_reductions.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "linear_lanes.h"
#include "losses/pairs/pair_sums.h"

/* Elements of Delta that are worth a thread of their own. */
static const double thread_elements = 5e4;

/* Rows of a block, at most. */
enum { BLOCK = 256 };

typedef struct cpu_linear {
    const myr_linear_job *job;
    const myr_linear_lanes *linear;
    const myr_margin_lanes *margin;
    myr_loss_constants constants;
    myr_linear_shape shape;
    int parameters, threads, block;
    int64_t chunks;
    size_t node; /* doubles of a node */
    float *theta;
    double *nodes; /* [chunks][node] */
    size_t stride; /* parameters, padded */
    double *sums;  /* [threads][classes][stride] */
} cpu_linear;

/* Rows first … first + count - 1 of a chunk, and what is known of them besides Delta. */
typedef struct block {
    const float *delta;
    int first, count;
    double reference[BLOCK];
    float x[BLOCK + MYR_MARGIN_WIDTH], weight[BLOCK + MYR_MARGIN_WIDTH], slope[BLOCK + MYR_MARGIN_WIDTH];
} block;

static void load_column(const myr_array *column, size_t row, int count, float *to) {
    for (int j = 0; j < count; j++)
        to[j] = column->data ? (float)myr_load_double(column->data, column->type, row + (size_t)j) : 1.0f;
}

/* The block's margins and weights; `chunk` is the chunk's first row. */
static void enter_block(const cpu_linear *run, size_t chunk, int first, int count, block *b) {
    const myr_linear_job *job = run->job;
    const myr_array *reference = &job->features->reference_margin;
    const size_t row = chunk + (size_t)first;
    b->delta = (const float *)job->features->delta.data + row * (size_t)run->parameters;
    b->first = first;
    b->count = count;
    run->linear->dots(b->delta, count, run->parameters, run->theta, b->x);
    load_column(&job->features->weight, row, count, b->weight);
    if (job->loss.reference_free || !reference->data)
        return;
    for (int j = 0; j < count; j++)
        b->reference[j] = myr_load_double(reference->data, reference->type, row + (size_t)j);
    run->margin->subtract(b->reference, count, b->x);
}

/* Its losses and slopes; returns whether some row is bad. */
static int evaluate_block(const cpu_linear *run, block *b, myr_margin_partials partials) {
    const myr_margin_rows rows = {.kind = (int)run->job->loss.kind,
                                  .constants = &run->constants,
                                  .first = b->first,
                                  .count = b->count,
                                  .margin = b->x,
                                  .weight = b->weight,
                                  .slope = b->slope};
    return run->margin->evaluate(&rows, partials);
}

static void accumulate_block(const cpu_linear *run, const block *b, double *sums) {
    run->linear->accumulate(b->delta, b->count, run->parameters, &run->shape, b->slope, sums, run->stride);
}

/* The classes' sums, halved, to the node. */
static void finish_gradient(const cpu_linear *run, double *sums, double *to) {
    const size_t stride = run->stride;
    for (size_t half = (size_t)run->shape.classes / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half * stride; j++)
            sums[j] += sums[j + half * stride];
    memcpy(to, sums, (size_t)run->parameters * sizeof *to);
}

/* `count` rows of a chunk, whose first row is `first`: sums and, unless NULL, the gradient's sums. Returns
 * whether some row is bad. */
static int run_rows(const cpu_linear *run, size_t first, int count, myr_margin_partials partials,
                    double *sums) {
    block b;
    int bad = 0;
    for (int at = 0; at < count; at += run->block) {
        enter_block(run, first, at, count - at < run->block ? count - at : run->block, &b);
        bad |= evaluate_block(run, &b, partials);
        if (sums)
            accumulate_block(run, &b, sums);
    }
    return bad;
}

static int run_chunk(const cpu_linear *run, int64_t chunk, double *sums) {
    const uint64_t rows = run->job->features->count, first = (uint64_t)chunk * (uint64_t)run->shape.chunk;
    const int count = rows - first < (uint64_t)run->shape.chunk ? (int)(rows - first) : run->shape.chunk;
    double *node = run->nodes + (size_t)chunk * run->node;
    myr_margin_partials partials;
    memset(partials, 0, sizeof partials);
    if (sums)
        memset(sums, 0, (size_t)run->shape.classes * run->stride * sizeof *sums);
    int bad = run_rows(run, (size_t)first, count, partials, sums);
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
    while (!run_rows(run, (size_t)row, 1, partials, NULL))
        row++;
    return row;
}

/* Level by level: node 2i + 1 of a level is added to node 2i, which is node i of the next. */
static void add_nodes(const cpu_linear *run) {
    for (int64_t step = 1; step < run->chunks; step *= 2) {
        const int64_t pairs = (run->chunks - step + 2 * step - 1) / (2 * step);
#pragma omp parallel num_threads(run->threads)
        {
            MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
            for (int64_t pair = 0; pair < pairs; pair++) {
                double *to = run->nodes + (size_t)(2 * pair * step) * run->node;
                const double *from = to + (size_t)step * run->node;
                for (size_t j = 0; j < run->node; j++)
                    to[j] += from[j];
            }
        }
    }
}

static void run_chunks(cpu_linear *run, uint64_t *bad) {
    const size_t sums = (size_t)run->shape.classes * run->stride;
    int64_t first_bad = INT64_MAX;
#pragma omp parallel num_threads(run->threads) reduction(min : first_bad)
    {
        MYR_STANDARD_ENVIRONMENT;
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
    *sums = myr_margin_sums_make(root);
    const myr_array_out *to = &run->job->gradient;
    for (int p = 0; to->data && p < run->parameters; p++) {
        double mean = root[MYR_MARGIN_SUMS + p] / sums->weight;
        if (to->type == MYR_F64)
            ((double *)to->data)[p] = mean;
        else
            ((float *)to->data)[p] = (float)mean;
    }
}

/* Rows of a block, whole groups of all classes: as many as the first-level cache holds well beside the
 * sums, 4,096 elements; but 16 if that is fewer, which the second level holds, up to 16,384. */
static int block_rows(int parameters, const myr_linear_shape *shape) {
    int rows = BLOCK;
    while (rows > shape->group * shape->classes &&
           rows * parameters > (rows > MYR_MARGIN_WIDTH ? 4096 : 16384))
        rows /= 2;
    return rows;
}

static myr_status begin(myr_context *context, cpu_linear *run, const myr_linear_job *job) {
    const uint64_t count = job->features->count;
    run->job = job;
    run->constants = myr_loss_constants_make(&job->loss);
    run->parameters = (int)job->features->parameters;
    run->shape = myr_linear_shape_make(run->parameters);
    run->block = block_rows(run->parameters, &run->shape);
    run->chunks = (int64_t)((count + (uint64_t)run->shape.chunk - 1) / (uint64_t)run->shape.chunk);
    double useful = 1.0 + (double)count * run->parameters / thread_elements;
    run->threads = useful < job->compute.threads ? (int)useful : job->compute.threads;
    const size_t columns = (size_t)run->parameters, classes = (size_t)run->shape.classes;
    run->stride = (columns + MYR_LINEAR_PAD - 1) / MYR_LINEAR_PAD * MYR_LINEAR_PAD;
    run->node = MYR_MARGIN_SUMS + (job->gradient.data ? columns : 0);
    size_t node_bytes = (size_t)run->chunks * run->node * sizeof(double);
    size_t sum_bytes =
        job->gradient.data ? (size_t)run->threads * classes * run->stride * sizeof(double) : 0;
    run->theta = calloc(run->stride, sizeof(float));
    run->nodes = malloc(node_bytes);
    run->sums = sum_bytes ? malloc(sum_bytes) : NULL;
    if (!run->theta || !run->nodes || (sum_bytes && !run->sums))
        return myr_fail_memory(context, columns * sizeof(float) + node_bytes + sum_bytes);
    for (size_t p = 0; p < columns; p++)
        run->theta[p] = (float)myr_load_double(job->theta.data, job->theta.type, p);
    return MYR_OK;
}

myr_status myr_cpu_linear_on(myr_context *context, const myr_lanes_isa *isa, const myr_linear_job *job,
                             myr_margin_sums *sums, uint64_t *bad) {
    cpu_linear run = {.linear = MYR_LANES_OF(myr_linear_lanes, isa),
                      .margin = MYR_LANES_OF(myr_margin_lanes, isa)};
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
