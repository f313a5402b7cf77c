/* One loss of a log-linear policy on the cuda backend: a thread block a chunk, whose nodes are added on the
 * device, in the same tree as on the cpu. */
#include "cuda_linear.h"

#include "cuda_tree.h"
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
        status = myr_cuda_place_floats(context, session, NULL, count, &f->d_theta);
    if (status == MYR_OK)
        status = myr_cuda_check(
            context, myr_launch_to_float(d_given, (int)job->theta.type, count, f->d_theta, session->stream),
            "rounding parameters");
    myr_cuda_release(session, d_given_copy);
    return status;
}

myr_status myr_cuda_features_place(myr_context *context, const myr_linear_job *job,
                                   const myr_cuda_session *session, uint64_t unit, myr_cuda_features *f) {
    const myr_features *given = job->features;
    const void *reference = job->loss.reference_free ? NULL : given->reference_margin.data;
    myr_cuda_columns_add(&f->columns, given->delta.data, (size_t)given->parameters * sizeof(float));
    myr_cuda_columns_add(&f->columns, reference, myr_dtype_size(given->reference_margin.type));
    myr_cuda_columns_add(&f->columns, given->weight.data, myr_dtype_size(given->weight.type));
    const myr_status status = place_theta(context, job, session, f);
    return status == MYR_OK
               ? myr_cuda_columns_place(context, &job->compute, session, given->count, unit, &f->columns)
               : status;
}

void myr_cuda_features_drop(const myr_cuda_session *session, myr_cuda_features *f) {
    myr_cuda_columns_drop(session, &f->columns);
    myr_cuda_release(session, f->d_theta);
}

typedef struct cuda_linear {
    myr_context *context;
    const myr_linear_job *job;
    myr_cuda_session session;
    myr_cuda_features features;
    myr_device_linear linear;
    size_t node; /* doubles of a node */
    myr_cuda_tree tree;
    void *d_gradient; /* of host memory only */
} cuda_linear;

static myr_device_linear make_linear(const cuda_linear *run) {
    const myr_linear_job *job = run->job;
    const myr_features *given = job->features;
    myr_device_linear linear = {
        .reference_type = (int)given->reference_margin.type,
        .weight_type = (int)given->weight.type,
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

static myr_status begin(cuda_linear *run) {
    const myr_linear_job *job = run->job;
    run->linear = make_linear(run);
    const uint64_t chunk = (uint64_t)run->linear.shape.chunk;
    const uint64_t chunks = (job->features->count + chunk - 1) / chunk;
    run->node = myr_linear_node(&run->linear);
    myr_status status = myr_cuda_tree_begin(run->context, &run->session, chunks, run->node, &run->tree);
    if (status == MYR_OK && job->gradient.data && job->compute.memory == MYR_HOST)
        status = myr_cuda_allocate(run->context, &run->session, gradient_bytes(run), &run->d_gradient);
    if (status == MYR_OK)
        status = myr_cuda_features_place(run->context, job, &run->session, chunk, &run->features);
    run->linear.d_theta = run->features.d_theta;
    return status;
}

static void end(cuda_linear *run) {
    myr_cuda_tree_end(&run->session, &run->tree);
    myr_cuda_release(&run->session, run->d_gradient);
    myr_cuda_features_drop(&run->session, &run->features);
    myr_cuda_close(&run->session);
}

static const char doing[] = "reducing features";

/* The chunks of rows first … end - 1, which are on the device. *bad: the first bad row among them. */
static myr_status reduce_window(cuda_linear *run, uint64_t first, uint64_t end, uint64_t *bad) {
    const myr_cuda_columns *columns = &run->features.columns;
    const uint64_t chunk = first / (uint64_t)run->linear.shape.chunk;
    run->linear.d_delta = myr_cuda_column_at(columns, MYR_CUDA_DELTA, first);
    run->linear.d_reference = myr_cuda_column_at(columns, MYR_CUDA_REFERENCE, first);
    run->linear.d_weight = myr_cuda_column_at(columns, MYR_CUDA_WEIGHT, first);
    run->linear.count = end - first;
    myr_status status = myr_cuda_tree_clear(run->context, &run->session, &run->tree);
    if (status == MYR_OK)
        status = myr_cuda_check(run->context,
                                myr_launch_linear(&run->linear, run->tree.d_sums + chunk * run->node,
                                                  run->tree.d_bad, run->session.stream),
                                doing);
    if (status == MYR_OK)
        status = myr_cuda_tree_bad(run->context, &run->session, &run->tree, bad);
    if (status == MYR_OK && *bad != UINT64_MAX)
        *bad += first;
    return status;
}

static myr_status reduce(cuda_linear *run, uint64_t *bad) {
    const uint64_t count = run->job->features->count;
    myr_status status = MYR_OK;
    for (uint64_t row = 0, end = 0; status == MYR_OK && row < count && *bad == UINT64_MAX; row = end) {
        status = myr_cuda_columns_move(run->context, &run->session, &run->features.columns, row, &end);
        if (status == MYR_OK)
            status = reduce_window(run, row, end, bad);
    }
    return status == MYR_OK && *bad == UINT64_MAX
               ? myr_cuda_tree_add(run->context, &run->session, &run->tree, run->node)
               : status;
}

static myr_status take_gradient(const cuda_linear *run) {
    const myr_array_out *to = &run->job->gradient;
    if (!to->data)
        return MYR_OK;
    myr_status status = myr_cuda_check(
        run->context,
        myr_launch_many_mean(run->tree.d_root + MYR_MARGIN_SUMS, run->tree.d_root, 1,
                             run->linear.parameters, run->d_gradient ? run->d_gradient : to->data,
                             (int)to->type, run->session.stream),
        doing);
    if (status == MYR_OK && run->d_gradient)
        status =
            myr_cuda_download(run->context, &run->session, to->data, run->d_gradient, gradient_bytes(run));
    return status;
}

static myr_status take_sums(const cuda_linear *run, myr_margin_sums *sums) {
    double found[MYR_MARGIN_SUMS] = {0.0};
    const myr_status status =
        myr_cuda_download(run->context, &run->session, found, run->tree.d_root, sizeof found);
    *sums = myr_margin_sums_make(found);
    return status;
}

myr_status myr_cuda_linear(myr_context *context, const myr_linear_job *job, myr_margin_sums *sums,
                           uint64_t *bad) {
    cuda_linear run = {.context = context, .job = job};
    *bad = UINT64_MAX;
    myr_status status = myr_cuda_enter(context, &job->compute, &run.session);
    if (status != MYR_OK)
        return status;
    status = begin(&run);
    if (status == MYR_OK)
        status = reduce(&run, bad);
    if (status == MYR_OK && *bad == UINT64_MAX)
        status = take_gradient(&run);
    if (status == MYR_OK && *bad == UINT64_MAX)
        status = take_sums(&run, sums);
    end(&run);
    return status;
}
