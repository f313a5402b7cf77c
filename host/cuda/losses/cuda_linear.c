/* One loss of a log-linear policy on the cuda backend: a thread block a chunk, whose nodes are added on the
 * device, in the same tree as on the cpu. */
#include "cuda_linear.h"

#include <string.h>

#include "losses/pairs/pair_sums.h"
#include "many_launch.h"

static myr_status place_theta(myr_context *context, const myr_linear_job *job,
                              const myr_cuda_session *session, myr_cuda_features *f) {
    const uint64_t thetas = job->many && job->many->each_theta ? job->many->replicates : 1;
    const size_t count = (size_t)(thetas * job->features->parameters);
    const void *d_given = NULL;
    void *d_given_copy = NULL;
    myr_status status = myr_cuda_place(context, &job->compute, session, job->theta.data,
                                       count * myr_dtype_size(job->theta.type), &d_given, &d_given_copy);
    if (status == MYR_OK)
        status = myr_cuda_allocate(context, session, count * sizeof *f->d_theta, &f->owned[3]);
    f->d_theta = f->owned[3];
    if (status == MYR_OK)
        status = myr_cuda_check(
            context, myr_launch_to_float(d_given, (int)job->theta.type, count, f->d_theta, session->stream),
            "rounding parameters");
    myr_cuda_release(session, d_given_copy);
    return status;
}

myr_status myr_cuda_features_place(myr_context *context, const myr_linear_job *job,
                                   const myr_cuda_session *session, myr_cuda_features *f) {
    const myr_features *given = job->features;
    const size_t count = (size_t)given->count;
    const void *reference = job->loss.reference_free ? NULL : given->reference_margin.data;
    myr_status status =
        myr_cuda_place(context, &job->compute, session, given->delta.data,
                       count * (size_t)given->parameters * sizeof(float), &f->d_delta, &f->owned[0]);
    if (status == MYR_OK)
        status = myr_cuda_place(context, &job->compute, session, reference,
                                count * myr_dtype_size(given->reference_margin.type), &f->d_reference,
                                &f->owned[1]);
    if (status == MYR_OK)
        status = myr_cuda_place(context, &job->compute, session, given->weight.data,
                                count * myr_dtype_size(given->weight.type), &f->d_weight, &f->owned[2]);
    return status == MYR_OK ? place_theta(context, job, session, f) : status;
}

void myr_cuda_features_drop(const myr_cuda_session *session, myr_cuda_features *f) {
    for (int slot = 0; slot < 4; slot++)
        myr_cuda_release(session, f->owned[slot]);
}

typedef struct cuda_linear {
    myr_context *context;
    const myr_linear_job *job;
    myr_cuda_session session;
    myr_cuda_features features;
    myr_device_linear linear;
    uint64_t chunks;
    size_t node;      /* doubles of a node */
    void *d_nodes[2]; /* of the chunks, and of groups of them; they take turns */
    double *d_root;   /* one of the two, at last */
    void *d_bad;      /* the complement of the first bad row */
    void *d_gradient; /* of host memory only */
} cuda_linear;

static myr_device_linear make_linear(const cuda_linear *run) {
    const myr_linear_job *job = run->job;
    const myr_features *given = job->features;
    myr_device_linear linear = {
        .d_delta = run->features.d_delta,
        .d_theta = run->features.d_theta,
        .d_reference = run->features.d_reference,
        .d_weight = run->features.d_weight,
        .reference_type = (int)given->reference_margin.type,
        .weight_type = (int)given->weight.type,
        .count = given->count,
        .parameters = (int)given->parameters,
        .gradient = job->gradient.data != NULL,
        .kind = (int)job->loss.kind,
        .constants = myr_loss_constants_make(&job->loss),
        .shape = myr_linear_shape_make((int)given->parameters),
    };
    return linear;
}

static size_t gradient_bytes(const cuda_linear *run) {
    return (size_t)run->job->features->parameters * myr_dtype_size(run->job->gradient.type);
}

static uint64_t groups_of(uint64_t nodes) {
    return (nodes + MYR_NODE_GROUP - 1) / MYR_NODE_GROUP;
}

static myr_status begin(cuda_linear *run) {
    const myr_linear_job *job = run->job;
    myr_status status = myr_cuda_features_place(run->context, job, &run->session, &run->features);
    run->linear = make_linear(run);
    const uint64_t chunk = (uint64_t)run->linear.shape.chunk;
    run->chunks = (run->linear.count + chunk - 1) / chunk;
    run->node = myr_linear_node(&run->linear);
    const size_t bytes = run->node * sizeof(double);
    if (status == MYR_OK)
        status =
            myr_cuda_allocate(run->context, &run->session, (size_t)run->chunks * bytes, &run->d_nodes[0]);
    if (status == MYR_OK)
        status = myr_cuda_allocate(run->context, &run->session, (size_t)groups_of(run->chunks) * bytes,
                                   &run->d_nodes[1]);
    if (status == MYR_OK)
        status = myr_cuda_allocate(run->context, &run->session, sizeof(unsigned long long), &run->d_bad);
    if (status == MYR_OK && job->gradient.data && job->compute.memory == MYR_HOST)
        status = myr_cuda_allocate(run->context, &run->session, gradient_bytes(run), &run->d_gradient);
    return status;
}

static void end(cuda_linear *run) {
    void *const parts[] = {run->d_nodes[0], run->d_nodes[1], run->d_bad, run->d_gradient};
    for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
        myr_cuda_release(&run->session, parts[part]);
    myr_cuda_features_drop(&run->session, &run->features);
    myr_cuda_close(&run->session);
}

/* All chunks, and the tree over them. */
static myr_status reduce(cuda_linear *run) {
    static const char doing[] = "reducing features";
    const cudaStream_t stream = run->session.stream;
    myr_status status = myr_cuda_check(
        run->context, cudaMemsetAsync(run->d_bad, 0, sizeof(unsigned long long), stream), doing);
    if (status == MYR_OK)
        status = myr_cuda_check(
            run->context, myr_launch_linear(&run->linear, run->d_nodes[0], run->d_bad, stream), doing);
    int from = 0;
    for (uint64_t nodes = run->chunks; status == MYR_OK && nodes > 1;
         nodes = groups_of(nodes), from = 1 - from)
        status = myr_cuda_check(
            run->context,
            myr_launch_add_nodes(run->d_nodes[from], nodes, run->node, run->d_nodes[1 - from], stream),
            doing);
    run->d_root = run->d_nodes[from];
    return status;
}

static myr_status take_gradient(const cuda_linear *run) {
    const myr_array_out *to = &run->job->gradient;
    if (!to->data)
        return MYR_OK;
    myr_status status = myr_cuda_check(
        run->context,
        myr_launch_many_mean(run->d_root + MYR_MARGIN_SUMS, run->d_root, 1, run->linear.parameters,
                             run->d_gradient ? run->d_gradient : to->data, (int)to->type,
                             run->session.stream),
        "reducing features");
    if (status == MYR_OK && run->d_gradient)
        status =
            myr_cuda_download(run->context, &run->session, to->data, run->d_gradient, gradient_bytes(run));
    return status;
}

static myr_status take_results(const cuda_linear *run, myr_margin_sums *sums, uint64_t *bad) {
    unsigned long long complement = 0;
    double found[MYR_MARGIN_SUMS] = {0.0};
    myr_status status = myr_cuda_download(run->context, &run->session, found, run->d_root, sizeof found);
    if (status == MYR_OK)
        status = myr_cuda_download(run->context, &run->session, &complement, run->d_bad, sizeof complement);
    *bad = ~(uint64_t)complement;
    *sums = myr_margin_sums_make(found);
    return status;
}

myr_status myr_cuda_linear(myr_context *context, const myr_linear_job *job, myr_margin_sums *sums,
                           uint64_t *bad) {
    cuda_linear run = {.context = context, .job = job};
    myr_status status = myr_cuda_enter(context, &job->compute, &run.session);
    if (status != MYR_OK)
        return status;
    status = begin(&run);
    if (status == MYR_OK)
        status = reduce(&run);
    if (status == MYR_OK)
        status = take_gradient(&run);
    if (status == MYR_OK)
        status = take_results(&run, sums, bad);
    end(&run);
    return status;
}
