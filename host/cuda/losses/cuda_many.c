/* Many losses of a log-linear policy on the cuda backend: margins = theta Delta', losses and slopes
 * pointwise, gradient = slopes Delta; slice by slice of pairs, tile by tile of replicates. A slice's
 * gradient is made in parts of 1,024 pairs, in float; parts are added in double, in their order. */
#include <stdlib.h>

#include "cuda/cuda_product.h"
#include "cuda_linear.h"
#include "ground/failure.h"
#include "losses/pairs/pair_sums.h"
#include "many_launch.h"

enum {
    PART = 1024,            /* pairs of a product for the gradient */
    SLICE = 32 * PART,      /* pairs of a slice */
    TILE_REPLICATES = 256,  /* at most */
    TILE_ELEMENTS = 1 << 18 /* numbers of a tile's gradient at most, but for a tile of one replicate */
};

typedef struct cuda_many {
    myr_context *context;
    const myr_linear_job *job;
    myr_cuda_session session;
    myr_cuda_products *products;
    myr_cuda_features features;
    uint32_t tile;     /* replicates */
    uint32_t parts;    /* of a slice, at most */
    void *d_constants; /* of all replicates, or of the one beta */
    void *d_margins;   /* [tile or 1][SLICE] */
    void *d_slopes;    /* [tile][SLICE] */
    void *d_part_sums; /* [blocks][tile][MYR_MARGIN_SUMS] */
    void *d_parts;     /* [parts][tile][parameters] */
    void *d_sums;      /* [tile][MYR_MARGIN_SUMS] */
    void *d_gradient;  /* [tile][parameters] */
    void *d_bad;       /* the complement of the first bad pair */
    void *d_means;     /* the tile's gradients as the caller wants them; of host memory only */
    double *sums;      /* d_sums, on the host */
} cuda_many;

static const char doing[] = "reducing features";

static bool wants_gradient(const cuda_many *run) {
    return run->job->gradient.data != NULL;
}

/* How many pairs there are at most in a slice, so that few take little memory. */
static uint32_t slice_of(const cuda_many *run) {
    const uint64_t count = run->job->features->count;
    return count < SLICE ? (uint32_t)count : SLICE;
}

static myr_status place_constants(cuda_many *run) {
    const myr_many *many = run->job->many;
    const uint32_t count = many->betas ? many->replicates : 1;
    const size_t bytes = count * sizeof(myr_loss_constants);
    myr_loss_constants *constants = malloc(bytes);
    if (!constants)
        return myr_fail_memory(run->context, bytes);
    for (uint32_t b = 0; b < count; b++) {
        myr_loss loss = run->job->loss;
        if (many->betas)
            loss.beta = many->betas[b];
        constants[b] = myr_loss_constants_make(&loss);
    }
    myr_status status = myr_cuda_allocate(run->context, &run->session, bytes, &run->d_constants);
    if (status == MYR_OK)
        status = myr_cuda_upload(run->context, &run->session, run->d_constants, constants, bytes);
    free(constants);
    return status;
}

static myr_status allocate(cuda_many *run) {
    const size_t slice = slice_of(run), tile = run->tile,
                 parameters = (size_t)run->job->features->parameters;
    const size_t sums = tile * MYR_MARGIN_SUMS * sizeof(double), elements = tile * parameters;
    const bool copied = run->job->compute.memory == MYR_HOST;
    run->parts = (uint32_t)((slice + PART - 1) / PART);
    const struct {
        void **memory;
        size_t bytes;
        bool wanted;
    } parts[] = {
        {&run->d_margins, (run->job->many->each_theta ? tile : 1) * slice * sizeof(float), true},
        {&run->d_slopes, tile * slice * sizeof(float), true},
        {&run->d_part_sums, myr_many_blocks((uint32_t)slice) * sums, true},
        {&run->d_sums, sums, true},
        {&run->d_bad, sizeof(unsigned long long), true},
        {&run->d_parts, run->parts * elements * sizeof(float), wants_gradient(run)},
        {&run->d_gradient, elements * sizeof(double), wants_gradient(run)},
        {&run->d_means, elements * myr_dtype_size(run->job->gradient.type), wants_gradient(run) && copied},
    };
    myr_status status = MYR_OK;
    for (size_t part = 0; status == MYR_OK && part < sizeof parts / sizeof *parts; part++)
        if (parts[part].wanted)
            status = myr_cuda_allocate(run->context, &run->session, parts[part].bytes, parts[part].memory);
    run->sums = malloc(sums);
    return status == MYR_OK && !run->sums ? myr_fail_memory(run->context, sums) : status;
}

static myr_status begin(cuda_many *run) {
    const uint64_t parameters = run->job->features->parameters;
    run->tile = TILE_REPLICATES;
    while (run->tile > 1 && run->tile * parameters > TILE_ELEMENTS)
        run->tile /= 2;
    if (run->tile > run->job->many->replicates)
        run->tile = run->job->many->replicates;
    myr_status status = myr_cuda_products_begin(run->context, &run->session, &run->products);
    if (status == MYR_OK)
        status = place_constants(run);
    if (status == MYR_OK)
        status = allocate(run);
    if (status == MYR_OK)
        status = myr_cuda_features_place(run->context, run->job, &run->session, SLICE, &run->features);
    if (status == MYR_OK)
        status = myr_cuda_check(
            run->context, cudaMemsetAsync(run->d_bad, 0, sizeof(unsigned long long), run->session.stream),
            doing);
    return status;
}

static void end(cuda_many *run) {
    void *const parts[] = {run->d_constants, run->d_margins,  run->d_slopes, run->d_part_sums, run->d_parts,
                           run->d_sums,      run->d_gradient, run->d_bad,    run->d_means};
    for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
        myr_cuda_release(&run->session, parts[part]);
    myr_cuda_features_drop(&run->session, &run->features);
    myr_cuda_close(&run->session);
    free(run->sums);
}

/* A tile's replicates replicate … replicate + replicates - 1 over pairs first … first + count - 1. */
typedef struct slice {
    uint64_t first;
    uint32_t count, replicate, replicates;
} slice;

static myr_status make_margins(const cuda_many *run, const slice *s) {
    const int64_t parameters = (int64_t)run->job->features->parameters;
    const bool each = run->job->many->each_theta;
    const float *theta = run->features.d_theta + (each ? (size_t)s->replicate * (size_t)parameters : 0);
    const float *delta = myr_cuda_column_at(&run->features.columns, MYR_CUDA_DELTA, s->first);
    return myr_cuda_product(run->context, run->products, each ? s->replicates : 1, s->count, parameters,
                            (myr_cuda_matrix){theta, parameters, false},
                            (myr_cuda_matrix){delta, parameters, true}, false, run->d_margins,
                            slice_of(run));
}

static myr_status evaluate(const cuda_many *run, const slice *s) {
    const myr_linear_job *job = run->job;
    const myr_many *many = job->many;
    const myr_device_many on_device = {
        .keys = myr_device_keys_make(many->seed),
        .d_margins = run->d_margins,
        .each_theta = many->each_theta,
        .d_reference = myr_cuda_column_at(&run->features.columns, MYR_CUDA_REFERENCE, s->first),
        .d_weight = myr_cuda_column_at(&run->features.columns, MYR_CUDA_WEIGHT, s->first),
        .reference_type = (int)job->features->reference_margin.type,
        .weight_type = (int)job->features->weight.type,
        .d_constants = (const myr_loss_constants *)run->d_constants + (many->betas ? s->replicate : 0),
        .each_beta = many->betas != NULL,
        .bootstrap = many->bootstrap,
        .kind = (int)job->loss.kind,
        .first = s->first,
        .count = s->count,
        .stride = slice_of(run),
        .number = many->first_replicate + s->replicate,
        .replicates = s->replicates,
        .d_slopes = run->d_slopes,
        .d_sums = run->d_part_sums,
    };
    myr_status status =
        myr_cuda_check(run->context, myr_launch_many(&on_device, run->d_bad, run->session.stream), doing);
    if (status == MYR_OK)
        status = myr_cuda_check(run->context,
                                myr_launch_add_doubles(run->d_part_sums, myr_many_blocks(s->count),
                                                       (size_t)s->replicates * MYR_MARGIN_SUMS, run->d_sums,
                                                       run->session.stream),
                                doing);
    return status;
}

/* Whole parts at once, then what is left. */
static myr_status add_gradient(const cuda_many *run, const slice *s) {
    const int64_t parameters = (int64_t)run->job->features->parameters, stride = slice_of(run);
    const size_t elements = (size_t)s->replicates * (size_t)parameters;
    const uint32_t whole = s->count / PART, left = s->count % PART;
    const float *slopes = run->d_slopes;
    const float *delta = myr_cuda_column_at(&run->features.columns, MYR_CUDA_DELTA, s->first);
    float *parts = run->d_parts;
    myr_status status = MYR_OK;
    if (whole > 0)
        status = myr_cuda_products_at_once(run->context, run->products, (int)whole, s->replicates,
                                           parameters, PART, (myr_cuda_matrix){slopes, stride, false}, PART,
                                           (myr_cuda_matrix){delta, parameters, false}, PART * parameters,
                                           parts, parameters, (int64_t)elements);
    if (status == MYR_OK && left > 0)
        status = myr_cuda_product(
            run->context, run->products, s->replicates, parameters, left,
            (myr_cuda_matrix){slopes + (size_t)whole * PART, stride, false},
            (myr_cuda_matrix){delta + (size_t)whole * PART * (size_t)parameters, parameters, false}, false,
            parts + whole * elements, parameters);
    if (status == MYR_OK)
        status = myr_cuda_check(run->context,
                                myr_launch_add_floats(parts, whole + (left > 0), elements, run->d_gradient,
                                                      run->session.stream),
                                doing);
    return status;
}

static myr_status clear(const cuda_many *run) {
    const size_t sums = run->tile * MYR_MARGIN_SUMS * sizeof(double);
    const size_t gradient = run->tile * (size_t)run->job->features->parameters * sizeof(double);
    myr_status status =
        myr_cuda_check(run->context, cudaMemsetAsync(run->d_sums, 0, sums, run->session.stream), doing);
    if (status == MYR_OK && wants_gradient(run))
        status = myr_cuda_check(run->context,
                                cudaMemsetAsync(run->d_gradient, 0, gradient, run->session.stream), doing);
    return status;
}

static myr_status take_gradient(const cuda_many *run, uint32_t replicate, uint32_t replicates) {
    const myr_array_out *to = &run->job->gradient;
    const size_t row = (size_t)run->job->features->parameters * myr_dtype_size(to->type);
    char *place = (char *)to->data + replicate * row;
    myr_status status = myr_cuda_check(
        run->context,
        myr_launch_many_mean(run->d_gradient, run->d_sums, replicates, (int)run->job->features->parameters,
                             run->d_means ? run->d_means : place, (int)to->type, run->session.stream),
        doing);
    if (status == MYR_OK && run->d_means)
        status = myr_cuda_download(run->context, &run->session, place, run->d_means, replicates * row);
    return status;
}

static myr_status take_sums(const cuda_many *run, uint32_t replicates, myr_margin_sums *sums) {
    myr_status status = myr_cuda_download(run->context, &run->session, run->sums, run->d_sums,
                                          replicates * MYR_MARGIN_SUMS * sizeof(double));
    for (uint32_t b = 0; status == MYR_OK && b < replicates; b++)
        sums[b] = myr_margin_sums_make(run->sums + b * MYR_MARGIN_SUMS);
    return status;
}

static myr_status run_tile(cuda_many *run, uint32_t replicate, uint32_t replicates, myr_margin_sums *sums) {
    const uint64_t count = run->job->features->count;
    myr_status status = clear(run);
    for (uint64_t first = 0; status == MYR_OK && first < count; first += SLICE) {
        const slice s = {first, count - first < SLICE ? (uint32_t)(count - first) : SLICE, replicate,
                         replicates};
        uint64_t end;
        status = myr_cuda_columns_move(run->context, &run->session, &run->features.columns, first, &end);
        if (status == MYR_OK)
            status = make_margins(run, &s);
        if (status == MYR_OK)
            status = evaluate(run, &s);
        if (status == MYR_OK && wants_gradient(run))
            status = add_gradient(run, &s);
    }
    if (status == MYR_OK && wants_gradient(run))
        status = take_gradient(run, replicate, replicates);
    return status == MYR_OK ? take_sums(run, replicates, sums) : status;
}

myr_status myr_cuda_many(myr_context *context, const myr_linear_job *job, myr_margin_sums *sums,
                         uint64_t *bad) {
    cuda_many run = {.context = context, .job = job};
    unsigned long long complement = 0;
    myr_status status = myr_cuda_enter(context, &job->compute, &run.session);
    if (status != MYR_OK)
        return status;
    status = begin(&run);
    const uint32_t replicates = job->many->replicates;
    for (uint32_t b = 0; status == MYR_OK && b < replicates; b += run.tile)
        status = run_tile(&run, b, replicates - b < run.tile ? replicates - b : run.tile, sums + b);
    if (status == MYR_OK)
        status = myr_cuda_download(context, &run.session, &complement, run.d_bad, sizeof complement);
    *bad = ~(uint64_t)complement;
    end(&run);
    return status;
}
