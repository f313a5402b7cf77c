/* Many losses of a log-linear policy on the cuda backend: margins = theta Delta', losses and slopes
 * pointwise, gradient = slopes Delta; span by span of pairs, panel by panel of replicates. A span's
 * gradient is made in parts of 1,024 pairs, in float; parts are added in double, in their order. */
#include <stdlib.h>

#include "cuda/cuda_product.h"
#include "cuda_linear.h"
#include "ground/failure.h"
#include "losses/pairs/pair_sums.h"
#include "many_launch.h"

enum {
    PART = 1024,             /* pairs of a product for the gradient */
    SPAN = 32 * PART,        /* pairs of a span */
    PANEL_REPLICATES = 256,  /* at most, and … */
    PANEL_ELEMENTS = 1 << 18 /* … numbers of a panel's gradient, or those of one replicate */
};

typedef struct cuda_many {
    myr_context *context;
    const myr_linear_job *job;
    myr_cuda_session session;
    myr_cuda_products *products;
    myr_cuda_features features;
    uint32_t panel;    /* replicates */
    uint32_t parts;    /* of a span, at most */
    void *d_constants; /* of all replicates, or of the one beta */
    void *d_margins;   /* [panel or 1][SPAN] */
    void *d_slopes;    /* [panel][SPAN] */
    void *d_part_sums; /* [blocks][panel][MYR_MARGIN_SUMS] */
    void *d_parts;     /* [parts][panel][parameters] */
    void *d_sums;      /* [panel][MYR_MARGIN_SUMS] */
    void *d_gradient;  /* [panel][parameters] */
    void *d_bad;       /* the complement of the first bad pair */
    void *d_means;     /* the panel's gradients as the caller wants them; of host memory only */
    double *sums;      /* d_sums, on the host */
} cuda_many;

static const char doing[] = "reducing features";

static bool wants_gradient(const cuda_many *run) {
    return run->job->gradient.data != NULL;
}

/* How many pairs there are at most in a span, so that few take little memory. */
static uint32_t span_of(const cuda_many *run) {
    const uint64_t count = run->job->features->count;
    return count < SPAN ? (uint32_t)count : SPAN;
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
    myr_status status = myr_cuda_scratch(run->context, &run->session, bytes, &run->d_constants);
    if (status == MYR_OK)
        status = myr_cuda_upload(run->context, &run->session, run->d_constants, constants, bytes);
    free(constants);
    return status;
}

static myr_status allocate(cuda_many *run) {
    const size_t span = span_of(run), panel = run->panel,
                 parameters = (size_t)run->job->features->parameters;
    const size_t sums = panel * MYR_MARGIN_SUMS * sizeof(double), elements = panel * parameters;
    const bool copied = run->job->compute.memory == MYR_HOST;
    run->parts = (uint32_t)((span + PART - 1) / PART);
    const struct {
        void **memory;
        size_t bytes;
        bool wanted;
    } parts[] = {
        {&run->d_margins, (run->job->many->each_theta ? panel : 1) * span * sizeof(float), true},
        {&run->d_slopes, panel * span * sizeof(float), true},
        {&run->d_part_sums, myr_many_blocks((uint32_t)span) * sums, true},
        {&run->d_sums, sums, true},
        {&run->d_bad, sizeof(unsigned long long), true},
        {&run->d_parts, run->parts * elements * sizeof(float), wants_gradient(run)},
        {&run->d_gradient, elements * sizeof(double), wants_gradient(run)},
        {&run->d_means, elements * myr_dtype_size(run->job->gradient.type), wants_gradient(run) && copied},
    };
    myr_status status = MYR_OK;
    for (size_t part = 0; status == MYR_OK && part < sizeof parts / sizeof *parts; part++)
        if (parts[part].wanted)
            status = myr_cuda_scratch(run->context, &run->session, parts[part].bytes, parts[part].memory);
    run->sums = malloc(sums);
    return status == MYR_OK && !run->sums ? myr_fail_memory(run->context, sums) : status;
}

static myr_status begin(cuda_many *run) {
    const uint64_t parameters = run->job->features->parameters;
    run->panel = PANEL_REPLICATES;
    while (run->panel > 1 && run->panel * parameters > PANEL_ELEMENTS)
        run->panel /= 2;
    if (run->panel > run->job->many->replicates)
        run->panel = run->job->many->replicates;
    myr_status status = myr_cuda_products_begin(run->context, &run->session, &run->products);
    if (status == MYR_OK)
        status = myr_cuda_features_place(run->context, run->job, &run->session, &run->features);
    if (status == MYR_OK)
        status = place_constants(run);
    if (status == MYR_OK)
        status = allocate(run);
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
        myr_cuda_drop(&run->session, parts[part]);
    myr_cuda_features_drop(&run->session, &run->features);
    myr_cuda_products_end(run->products);
    myr_cuda_leave(&run->job->compute, &run->session);
    free(run->sums);
}

/* A panel's replicates replicate … replicate + replicates - 1 over pairs first … first + count - 1. */
typedef struct span {
    uint64_t first;
    uint32_t count, replicate, replicates;
} span;

static myr_status make_margins(const cuda_many *run, const span *s) {
    const int64_t parameters = (int64_t)run->job->features->parameters;
    const bool each = run->job->many->each_theta;
    const float *theta = run->features.d_theta + (each ? (size_t)s->replicate * (size_t)parameters : 0);
    const float *delta = (const float *)run->features.d_delta + (size_t)s->first * (size_t)parameters;
    return myr_cuda_product(run->context, run->products, each ? s->replicates : 1, s->count, parameters,
                            (myr_cuda_matrix){theta, parameters, false},
                            (myr_cuda_matrix){delta, parameters, true}, false, run->d_margins,
                            span_of(run));
}

static myr_status evaluate(const cuda_many *run, const span *s) {
    const myr_linear_job *job = run->job;
    const myr_many *many = job->many;
    const myr_device_many on_device = {
        .keys = myr_device_keys_make(many->seed),
        .d_margins = run->d_margins,
        .each_theta = many->each_theta,
        .d_reference = run->features.d_reference,
        .d_weight = run->features.d_weight,
        .reference_type = (int)job->features->reference_margin.type,
        .weight_type = (int)job->features->weight.type,
        .d_constants = (const myr_loss_constants *)run->d_constants + (many->betas ? s->replicate : 0),
        .each_beta = many->betas != NULL,
        .bootstrap = many->bootstrap,
        .kind = (int)job->loss.kind,
        .first = s->first,
        .count = s->count,
        .stride = span_of(run),
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
static myr_status add_gradient(const cuda_many *run, const span *s) {
    const int64_t parameters = (int64_t)run->job->features->parameters, stride = span_of(run);
    const size_t elements = (size_t)s->replicates * (size_t)parameters;
    const uint32_t whole = s->count / PART, left = s->count % PART;
    const float *slopes = run->d_slopes;
    const float *delta = (const float *)run->features.d_delta + (size_t)s->first * (size_t)parameters;
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
    const size_t sums = run->panel * MYR_MARGIN_SUMS * sizeof(double);
    const size_t gradient = run->panel * (size_t)run->job->features->parameters * sizeof(double);
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

static myr_status run_panel(const cuda_many *run, uint32_t replicate, uint32_t replicates,
                            myr_margin_sums *sums) {
    const uint64_t count = run->job->features->count;
    myr_status status = clear(run);
    for (uint64_t first = 0; status == MYR_OK && first < count; first += SPAN) {
        const span s = {first, count - first < SPAN ? (uint32_t)(count - first) : SPAN, replicate,
                        replicates};
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
    for (uint32_t b = 0; status == MYR_OK && b < replicates; b += run.panel)
        status = run_panel(&run, b, replicates - b < run.panel ? replicates - b : run.panel, sums + b);
    if (status == MYR_OK)
        status = myr_cuda_download(context, &run.session, &complement, run.d_bad, sizeof complement);
    *bad = ~(uint64_t)complement;
    end(&run);
    return status;
}
