/* The reduction over pairs on the cuda backend: a thread block a chunk, whose sums are added on the device,
 * in the same tree as on the cpu. */
#include <string.h>

#include "cuda_tree.h"
#include "losses/pairs/pair_passes.h"
#include "pair_launch.h"

enum { COLUMNS = 7 }; /* policy, reference, lengths, weight */

typedef struct cuda_pairs {
    myr_context *context;
    const myr_pair_job *job;
    myr_cuda_session session;
    myr_pair_view view;   /* of device memory */
    void *owned[COLUMNS]; /* copies of columns */
    void *d_gradient[2];  /* likewise; of host memory only */
    myr_cuda_tree tree;
} cuda_pairs;

static myr_status place(cuda_pairs *run, int slot, int type, const void **column) {
    size_t bytes = run->job->pairs->count * myr_dtype_size((myr_dtype)type);
    return myr_cuda_place(run->context, &run->job->compute, &run->session, *column, bytes, column,
                          &run->owned[slot]);
}

static myr_status place_columns(cuda_pairs *run) {
    myr_pair_view *v = &run->view;
    myr_status status = place(run, 0, v->weight_type, &v->weight);
    for (int column = 0; status == MYR_OK && column < 2; column++) {
        status = place(run, 1 + column, v->type, &v->policy[column]);
        if (status == MYR_OK)
            status = place(run, 3 + column, v->type, &v->reference[column]);
        if (status == MYR_OK)
            status = place(run, 5 + column, v->length_type[column], &v->length[column]);
    }
    return status;
}

static size_t gradient_bytes(const cuda_pairs *run) {
    return run->job->pairs->count * myr_dtype_size(run->job->chosen_gradient.type);
}

static myr_status make_gradients(cuda_pairs *run) {
    bool copied = run->job->compute.memory == MYR_HOST && run->job->chosen_gradient.data;
    myr_status status = MYR_OK;
    for (int column = 0; copied && status == MYR_OK && column < 2; column++) {
        status =
            myr_cuda_allocate(run->context, &run->session, gradient_bytes(run), &run->d_gradient[column]);
        run->view.gradient[column] = run->d_gradient[column];
    }
    return status;
}

static myr_status begin(cuda_pairs *run) {
    const uint64_t chunks = (run->job->pairs->count + MYR_CHUNK - 1) / MYR_CHUNK;
    myr_status status = myr_cuda_tree_begin(run->context, &run->session, chunks, MYR_SUMS, &run->tree);
    if (status == MYR_OK)
        status = place_columns(run);
    return status == MYR_OK ? make_gradients(run) : status;
}

static void end(cuda_pairs *run) {
    for (int slot = 0; slot < COLUMNS; slot++)
        myr_cuda_release(&run->session, run->owned[slot]);
    for (int column = 0; column < 2; column++)
        myr_cuda_release(&run->session, run->d_gradient[column]);
    myr_cuda_tree_end(&run->session, &run->tree);
}

static myr_status run_view(void *user, const myr_pair_view *view, double *sums, uint64_t *bad) {
    cuda_pairs *run = user;
    double root[MYR_SUMS + 1];
    myr_status status = myr_cuda_tree_clear(run->context, &run->session, &run->tree);
    if (status == MYR_OK)
        status = myr_cuda_check(run->context,
                                myr_launch_pairs(view, run->job->pairs->count, run->tree.d_sums,
                                                 run->tree.d_bad, run->session.stream),
                                "reducing pairs");
    if (status == MYR_OK)
        status = myr_cuda_tree_take(run->context, &run->session, &run->tree, MYR_SUMS, root, bad);
    if (status == MYR_OK)
        memcpy(sums, root, MYR_SUMS * sizeof *sums);
    return status;
}

static myr_status download_gradients(cuda_pairs *run) {
    const myr_array_out *to[2] = {&run->job->chosen_gradient, &run->job->rejected_gradient};
    myr_status status = MYR_OK;
    for (int column = 0; status == MYR_OK && column < 2; column++)
        if (run->d_gradient[column])
            status = myr_cuda_download(run->context, &run->session, to[column]->data,
                                       run->d_gradient[column], gradient_bytes(run));
    return status;
}

myr_status myr_cuda_pairs(myr_context *context, const myr_pair_job *job, myr_pair_sums *sums,
                          uint64_t *bad) {
    cuda_pairs run = {.context = context, .job = job, .view = myr_pair_view_make(job)};
    myr_status status = myr_cuda_enter(context, &job->compute, &run.session);
    if (status != MYR_OK)
        return status;
    status = begin(&run);
    myr_pair_runner runner = {run_view, &run};
    if (status == MYR_OK)
        status = myr_pair_passes(job, run.view, &runner, sums, bad);
    if (status == MYR_OK && *bad == UINT64_MAX)
        status = download_gradients(&run);
    end(&run);
    myr_cuda_close(&run.session);
    return status;
}
