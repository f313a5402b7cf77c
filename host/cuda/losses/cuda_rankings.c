/* The reduction over rankings on the cuda backend: a thread block a chunk, whose sums are added on the
 * device, in the same tree as on the cpu. */
#include "cuda_tokens.h"
#include "cuda_tree.h"
#include "losses/ranking_view.h"
#include "ranking_launch.h"

enum { LOG_PROBS, REFERENCE, WEIGHT, COLUMNS };

typedef struct cuda_rankings {
    myr_context *context;
    const myr_ranking_job *job;
    myr_cuda_session session;
    myr_ranking_view view; /* of device memory */
    void *owned[COLUMNS];  /* copies of columns of host memory */
    void *d_starts;
    void *d_gradient; /* only where the gradient is wanted in host memory */
    myr_cuda_tree tree;
} cuda_rankings;

static myr_status place_columns(cuda_rankings *run) {
    const myr_rankings *r = run->job->rankings;
    const struct {
        const myr_array *array;
        uint64_t count;
        const void **at;
    } columns[COLUMNS] = {{&r->log_probs, r->answers, &run->view.log_probs},
                          {&r->reference, r->answers, &run->view.reference},
                          {&r->weight, r->count, &run->view.weight}};
    myr_status status = MYR_OK;
    for (int c = 0; status == MYR_OK && c < COLUMNS; c++)
        status = myr_cuda_place(run->context, &run->job->compute, &run->session, columns[c].array->data,
                                (size_t)columns[c].count * myr_dtype_size(columns[c].array->type),
                                columns[c].at, &run->owned[c]);
    return status;
}

static size_t gradient_bytes(const cuda_rankings *run) {
    return (size_t)run->job->rankings->answers * myr_dtype_size(run->job->gradient.type);
}

static myr_status begin(cuda_rankings *run) {
    const myr_ranking_job *job = run->job;
    const uint64_t size = (uint64_t)run->view.shape.chunk;
    myr_status status = myr_cuda_tree_begin(
        run->context, &run->session, (run->view.count + size - 1) / size, MYR_RANKED_SUMS, &run->tree);
    if (status == MYR_OK)
        status = place_columns(run);
    if (status == MYR_OK && job->starts)
        status = myr_cuda_copy(run->context, &run->session, job->starts,
                               (size_t)(job->rankings->count + 1) * sizeof *job->starts, &run->d_starts);
    if (status == MYR_OK && job->gradient.data && job->compute.memory == MYR_HOST) {
        status = myr_cuda_allocate(run->context, &run->session, gradient_bytes(run), &run->d_gradient);
        run->view.gradient = run->d_gradient;
    }
    run->view.starts = run->d_starts;
    return status;
}

static void end(cuda_rankings *run) {
    for (int c = 0; c < COLUMNS; c++)
        myr_cuda_release(&run->session, run->owned[c]);
    myr_cuda_release(&run->session, run->d_starts);
    myr_cuda_release(&run->session, run->d_gradient);
    myr_cuda_tree_end(&run->session, &run->tree);
    myr_cuda_close(&run->session);
}

typedef cudaError_t launcher(const myr_ranking_view *, double *, unsigned long long *, cudaStream_t);

/* A kernel's sums, so many a chunk, added to root[MYR_RANKED_SUMS + 1], and the first bad ranking. */
static myr_status launch(cuda_rankings *run, launcher *start, size_t sums, double *root, uint64_t *bad) {
    myr_status status = myr_cuda_tree_clear(run->context, &run->session, &run->tree);
    if (status == MYR_OK)
        status = myr_cuda_check(run->context,
                                start(&run->view, run->tree.d_sums, run->tree.d_bad, run->session.stream),
                                "reducing rankings");
    return status == MYR_OK ? myr_cuda_tree_take(run->context, &run->session, &run->tree, sums, root, bad)
                            : status;
}

static myr_status reduce(cuda_rankings *run, myr_ranking_sums *sums, uint64_t *bad) {
    double root[MYR_RANKED_SUMS + 1];
    myr_status status = MYR_OK;
    sums->weight = (double)run->view.count;
    if (run->view.weight) {
        status = launch(run, myr_launch_ranking_weights, 1, root, bad);
        sums->weight = status == MYR_OK ? root[0] : 0.0;
    }
    if (status != MYR_OK || *bad != UINT64_MAX)
        return status;
    run->view.scale = run->view.beta / sums->weight;
    status = launch(run, myr_launch_rankings, MYR_RANKED_SUMS, root, bad);
    if (status == MYR_OK)
        myr_ranking_take_sums(root, 1, sums);
    if (status == MYR_OK && *bad == UINT64_MAX && run->d_gradient)
        status = myr_cuda_download(run->context, &run->session, run->job->gradient.data, run->d_gradient,
                                   gradient_bytes(run));
    return status;
}

myr_status myr_cuda_rankings(myr_context *context, const myr_ranking_job *job, myr_ranking_sums *sums,
                             uint64_t *bad) {
    cuda_rankings run = {.context = context, .job = job, .view = myr_ranking_view_make(job)};
    *bad = UINT64_MAX;
    myr_status status = myr_cuda_enter(context, &job->compute, &run.session);
    if (status != MYR_OK)
        return status;
    status = begin(&run);
    if (status == MYR_OK)
        status = reduce(&run, sums, bad);
    end(&run);
    return status;
}
