/* The reduction over pairs on the cuda backend: a thread block a chunk, whose sums are added here, in the
 * same tree as on the cpu. */
#include <stdlib.h>
#include <string.h>

#include "cuda_reductions.h"
#include "ground/failure.h"
#include "losses/pairs/pair_passes.h"
#include "losses/pairs/pair_sums.h"
#include "pair_launch.h"

enum { COLUMNS = 7 }; /* policy, reference, lengths, weight */

typedef struct cuda_pairs {
    myr_context *context;
    const myr_pair_job *job;
    myr_cuda_session session;
    myr_pair_view view;   /* of device memory */
    void *owned[COLUMNS]; /* copies of columns */
    void *d_gradient[2];  /* likewise; of host memory only */
    size_t chunks;
    double *d_sums, *sums;     /* [chunks][MYR_SUMS], and one more that d_bad points to */
    unsigned long long *d_bad; /* the bad row, behind the sums */
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
    size_t bytes = (run->chunks * MYR_SUMS + 1) * sizeof(double);
    void *d_sums = NULL;
    run->sums = malloc(bytes);
    if (!run->sums)
        return myr_fail_memory(run->context, bytes);
    myr_status status = myr_cuda_allocate(run->context, &run->session, bytes, &d_sums);
    if (status != MYR_OK)
        return status;
    run->d_sums = d_sums;
    run->d_bad = (unsigned long long *)(void *)(run->d_sums + run->chunks * MYR_SUMS);
    status = place_columns(run);
    return status == MYR_OK ? make_gradients(run) : status;
}

static void end(cuda_pairs *run) {
    for (int slot = 0; slot < COLUMNS; slot++)
        myr_cuda_release(&run->session, run->owned[slot]);
    for (int column = 0; column < 2; column++)
        myr_cuda_release(&run->session, run->d_gradient[column]);
    myr_cuda_release(&run->session, run->d_sums);
    free(run->sums);
}

static myr_status run_view(void *user, const myr_pair_view *view, double *sums, uint64_t *bad) {
    cuda_pairs *run = user;
    const char *doing = "reducing pairs";
    myr_status status = myr_cuda_check(
        run->context, cudaMemsetAsync(run->d_bad, 0, sizeof *run->d_bad, run->session.stream), doing);
    if (status == MYR_OK)
        status = myr_cuda_check(
            run->context,
            myr_launch_pairs(view, run->job->pairs->count, run->d_sums, run->d_bad, run->session.stream),
            doing);
    if (status == MYR_OK)
        status = myr_cuda_download(run->context, &run->session, run->sums, run->d_sums,
                                   (run->chunks * MYR_SUMS + 1) * sizeof(double));
    if (status != MYR_OK)
        return status;
    unsigned long long complement;
    memcpy(&complement, run->sums + run->chunks * MYR_SUMS, sizeof complement);
    *bad = ~(uint64_t)complement;
    for (int sum = 0; sum < MYR_SUMS; sum++)
        sums[sum] = myr_tree_sum(run->sums + sum, run->chunks, MYR_SUMS);
    return MYR_OK;
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
    cuda_pairs run = {.context = context,
                      .job = job,
                      .view = myr_pair_view_make(job),
                      .chunks = (size_t)((job->pairs->count + MYR_CHUNK - 1) / MYR_CHUNK)};
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
