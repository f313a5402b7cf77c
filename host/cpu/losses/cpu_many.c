/* Many losses of a log-linear policy on the cpu backend: margins = theta Delta', losses and slopes
 * pointwise, gradient = slopes Delta; chunk by chunk of pairs, tile by tile of replicates. Chunks run in
 * parallel, a product being one thread's work, and are added in their order. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/cpu_isa.h"
#include "cpu_reductions.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/product.h"
#include "linear_lanes.h"
#include "losses/pairs/pair_sums.h"
#include "myriad/random.h"

enum {
    CHUNK = 1024,                      /* pairs of a chunk: 8 blocks of MYR_LANES */
    STRIDE = CHUNK + MYR_MARGIN_WIDTH, /* floats from one replicate's pairs to the next one's */
    TILE_REPLICATES = 256,             /* at most */
    TILE_ELEMENTS = 1 << 18 /* floats of a tile's gradient at most, but for a tile of one replicate */
};

/* Pairs that are worth a thread of their own. */
static const double thread_elements = 5e4;

/* What a thread makes of a chunk. */
typedef struct work {
    float *margins, *slopes; /* [tile][STRIDE] */
    float *gradient;         /* [tile][parameters] */
    double *sums;            /* [tile][MYR_MARGIN_SUMS] */
    float weight[STRIDE], resampled[4][STRIDE];
    double reference[CHUNK];
    uint64_t bad;
} work;

typedef struct cpu_many {
    const myr_linear_job *job;
    const myr_lanes_isa *isa;
    const myr_margin_lanes *lanes;
    uint32_t tile; /* replicates */
    int threads;
    float *theta;     /* [1 or replicates][parameters] */
    double *gradient; /* [tile][parameters] */
    double *sums;     /* [tile][MYR_MARGIN_SUMS] */
    work *works;      /* [threads] */
} cpu_many;

static myr_loss_constants constants_of(const myr_linear_job *job, uint32_t replicate) {
    myr_loss loss = job->loss;
    if (job->many->betas)
        loss.beta = job->many->betas[replicate];
    return myr_loss_constants_make(&loss);
}

static void load_chunk(const myr_linear_job *job, uint64_t first, int count, work *w) {
    const myr_features *f = job->features;
    const myr_array *reference = &f->reference_margin;
    for (int j = 0; j < count; j++) {
        size_t i = (size_t)first + (size_t)j;
        w->weight[j] = f->weight.data ? (float)myr_load_double(f->weight.data, f->weight.type, i) : 1.0f;
        w->reference[j] = !job->loss.reference_free && reference->data
                              ? myr_load_double(reference->data, reference->type, i)
                              : 0.0;
    }
}

/* Margins of the tile's replicates, or of the one theta. */
static void make_margins(const cpu_many *run, uint64_t first, int count, uint32_t replicate, int rows,
                         work *w) {
    const int64_t parameters = (int64_t)run->job->features->parameters;
    const size_t begin = run->job->many->each_theta ? replicate * (size_t)parameters : 0;
    const float *delta = (const float *)run->job->features->delta.data + first * (uint64_t)parameters;
    myr_product(rows, count, parameters, (myr_matrix){run->theta + begin, parameters, false},
                (myr_matrix){delta, parameters, true}, false, w->margins, STRIDE);
    for (int b = 0; b < rows; b++)
        run->lanes->subtract(w->reference, count, w->margins + (size_t)b * STRIDE);
}

/* The weights of four replicates, those of Philox block `block`. */
static void resample(const cpu_many *run, uint64_t first, int count, uint32_t block, work *w) {
    uint32_t words[4][MYR_LANES];
    for (int j = 0; j < count; j += MYR_LANES) {
        run->isa->words(run->job->many->seed, first + (uint64_t)j, MYR_STREAM_RESAMPLE, block, words);
        for (int c = 0; c < 4; c++)
            run->lanes->resample(words[c], w->weight + j, w->resampled[c] + j);
    }
}

/* The first bad pair of a replicate that has one. */
static uint64_t find_bad(const cpu_many *run, uint64_t first, const myr_margin_rows *rows) {
    int row = 0;
    for (; row < rows->count; row++) {
        float margin[1 + MYR_MARGIN_WIDTH] = {rows->margin[row]}, slope[1 + MYR_MARGIN_WIDTH];
        float weight[1 + MYR_MARGIN_WIDTH] = {rows->weight[row]};
        myr_margin_partials partials = {{0.0}};
        const myr_margin_rows one = {rows->kind, rows->constants, 0, 1, margin, weight, slope};
        if (run->lanes->evaluate(&one, partials))
            break;
    }
    return first + (uint64_t)row;
}

static void run_chunk(const cpu_many *run, uint64_t first, uint32_t replicate, uint32_t replicates,
                      work *w) {
    const myr_linear_job *job = run->job;
    const myr_many *many = job->many;
    const int64_t parameters = (int64_t)job->features->parameters;
    const uint64_t left = job->features->count - first;
    const int count = left < CHUNK ? (int)left : CHUNK;
    load_chunk(job, first, count, w);
    make_margins(run, first, count, replicate, many->each_theta ? (int)replicates : 1, w);
    for (uint32_t b = 0; b < replicates; b++) {
        const uint32_t number = many->first_replicate + replicate + b;
        const myr_loss_constants constants = constants_of(job, replicate + b);
        myr_margin_partials partials = {{0.0}};
        if (many->bootstrap && (b == 0 || number % 4 == 0))
            resample(run, first, count, number / 4, w);
        const myr_margin_rows rows = {.kind = (int)job->loss.kind,
                                      .constants = &constants,
                                      .count = count,
                                      .margin = w->margins + (many->each_theta ? (size_t)b * STRIDE : 0),
                                      .weight = many->bootstrap ? w->resampled[number % 4] : w->weight,
                                      .slope = w->slopes + (size_t)b * STRIDE};
        if (run->lanes->evaluate(&rows, partials)) {
            uint64_t bad = find_bad(run, first, &rows);
            w->bad = bad < w->bad ? bad : w->bad;
        }
        run->lanes->finish(partials, w->sums + b * MYR_MARGIN_SUMS);
    }
    if (job->gradient.data)
        myr_product(replicates, parameters, count, (myr_matrix){w->slopes, STRIDE, false},
                    (myr_matrix){(const float *)job->features->delta.data + first * (uint64_t)parameters,
                                 parameters, false},
                    false, w->gradient, parameters);
}

/* Adds what the threads made of chunks that follow each other, in their order. */
static void add_chunks(const cpu_many *run, int chunks, uint32_t replicates) {
    const int64_t elements =
        run->job->gradient.data ? (int64_t)(replicates * run->job->features->parameters) : 0;
    for (int k = 0; k < chunks; k++)
        for (uint32_t j = 0; j < replicates * MYR_MARGIN_SUMS; j++)
            run->sums[j] += run->works[k].sums[j];
#pragma omp parallel num_threads(run->threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (int64_t j = 0; j < elements; j++)
            for (int k = 0; k < chunks; k++)
                run->gradient[j] += (double)run->works[k].gradient[j];
    }
}

static void take_results(const cpu_many *run, uint32_t replicate, uint32_t replicates,
                         myr_margin_sums *sums) {
    const uint64_t parameters = run->job->features->parameters;
    const myr_array_out *to = &run->job->gradient;
    for (uint32_t b = 0; b < replicates; b++) {
        const myr_margin_sums own = myr_margin_sums_make(run->sums + b * MYR_MARGIN_SUMS);
        sums[replicate + b] = own;
        for (uint64_t p = 0; to->data && p < parameters; p++) {
            double mean = run->gradient[b * parameters + p] / own.weight;
            uint64_t at = (replicate + b) * parameters + p;
            if (to->type == MYR_F64)
                ((double *)to->data)[at] = mean;
            else
                ((float *)to->data)[at] = (float)mean;
        }
    }
}

static void run_tile(const cpu_many *run, uint32_t replicate, uint32_t replicates, myr_margin_sums *sums) {
    const uint64_t count = run->job->features->count;
    memset(run->sums, 0, run->tile * MYR_MARGIN_SUMS * sizeof *run->sums);
    if (run->job->gradient.data)
        memset(run->gradient, 0, run->tile * run->job->features->parameters * sizeof *run->gradient);
    for (uint64_t first = 0; first < count; first += (uint64_t)run->threads * CHUNK) {
        const uint64_t left = (count - first + CHUNK - 1) / CHUNK;
        const int chunks = left < (uint64_t)run->threads ? (int)left : run->threads;
#pragma omp parallel num_threads(run->threads)
        {
            MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
            for (int k = 0; k < chunks; k++)
                run_chunk(run, first + (uint64_t)k * CHUNK, replicate, replicates, &run->works[k]);
        }
        add_chunks(run, chunks, replicates);
    }
    take_results(run, replicate, replicates, sums);
}

static void end(cpu_many *run) {
    for (int k = 0; run->works && k < run->threads; k++) {
        free(run->works[k].margins);
        free(run->works[k].slopes);
        free(run->works[k].gradient);
        free(run->works[k].sums);
    }
    free(run->works);
    free(run->theta);
    free(run->gradient);
    free(run->sums);
}

static bool allocate_work(const cpu_many *run, work *w) {
    const size_t tile = run->tile, parameters = (size_t)run->job->features->parameters;
    w->bad = UINT64_MAX;
    w->margins = calloc(tile * STRIDE, sizeof(float));
    w->slopes = calloc(tile * STRIDE, sizeof(float));
    w->gradient = calloc(run->job->gradient.data ? tile * parameters : 1, sizeof(float));
    w->sums = calloc(tile * MYR_MARGIN_SUMS, sizeof(double));
    return w->margins && w->slopes && w->gradient && w->sums;
}

static myr_status begin(myr_context *context, cpu_many *run) {
    const myr_linear_job *job = run->job;
    const size_t parameters = (size_t)job->features->parameters;
    const size_t thetas = (job->many->each_theta ? job->many->replicates : 1) * parameters;
    double useful = 1.0 + (double)job->features->count * (double)parameters / thread_elements;
    run->threads = useful < job->compute.threads ? (int)useful : job->compute.threads;
    run->tile = TILE_REPLICATES;
    while (run->tile > 1 && run->tile * parameters > TILE_ELEMENTS)
        run->tile /= 2;
    if (run->tile > job->many->replicates)
        run->tile = job->many->replicates;
    run->theta = malloc(thetas * sizeof(float));
    run->gradient = malloc((job->gradient.data ? run->tile * parameters : 1) * sizeof(double));
    run->sums = malloc(run->tile * MYR_MARGIN_SUMS * sizeof(double));
    run->works = calloc((size_t)run->threads, sizeof *run->works);
    bool enough = run->theta && run->gradient && run->sums && run->works;
    for (int k = 0; enough && k < run->threads; k++)
        enough = allocate_work(run, &run->works[k]);
    if (!enough)
        return myr_fail_memory(context, thetas * sizeof(float) + (size_t)run->threads * run->tile *
                                                                     (2 * STRIDE + parameters) *
                                                                     sizeof(float));
    for (size_t p = 0; p < thetas; p++)
        run->theta[p] = (float)myr_load_double(job->theta.data, job->theta.type, p);
    return MYR_OK;
}

myr_status myr_cpu_many(myr_context *context, const myr_linear_job *job, myr_margin_sums *sums,
                        uint64_t *bad) {
    cpu_many run = {.job = job};
    myr_status status = myr_cpu_isa_choose(context, &run.isa);
    if (status != MYR_OK)
        return status;
    run.lanes = MYR_LANES_OF(myr_margin_lanes, run.isa);
    status = begin(context, &run);
    *bad = UINT64_MAX;
    if (status == MYR_OK)
        status = myr_product_begin(context, run.threads);
    if (status == MYR_OK) {
        for (uint32_t b = 0; b < job->many->replicates; b += run.tile) {
            uint32_t left = job->many->replicates - b;
            run_tile(&run, b, left < run.tile ? left : run.tile, sums);
        }
        myr_product_end();
        for (int k = 0; k < run.threads; k++)
            *bad = run.works[k].bad < *bad ? run.works[k].bad : *bad;
    }
    end(&run);
    return status;
}
