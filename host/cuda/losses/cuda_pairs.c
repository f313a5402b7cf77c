/* The reduction over pairs on the cuda backend: a thread block a chunk, whose sums are added on the device,
 * in the same tree as on the cpu. */
#include <string.h>

#include "cuda_columns.h"
#include "cuda_tree.h"
#include "losses/pairs/pair_passes.h"
#include "pair_launch.h"

typedef struct cuda_pairs {
    myr_context *context;
    const myr_pair_job *job;
    myr_cuda_session session;
    myr_cuda_columns columns; /* in the order of `places` */
    myr_cuda_tree tree;
} cuda_pairs;

enum { INPUTS = 7 };

/* Where a view has its columns; the gradients are the last two. */
static void places(myr_pair_view *v, const void **inputs[INPUTS], void **gradients[2]) {
    inputs[0] = &v->weight;
    for (int answer = 0; answer < 2; answer++) {
        inputs[1 + answer] = &v->policy[answer];
        inputs[3 + answer] = &v->reference[answer];
        inputs[5 + answer] = &v->length[answer];
        gradients[answer] = &v->gradient[answer];
    }
}

static void add_columns(cuda_pairs *run, myr_pair_view *v) {
    const void **inputs[INPUTS];
    void **gradients[2];
    const int types[INPUTS] = {v->weight_type, v->type,           v->type,          v->type,
                               v->type,        v->length_type[0], v->length_type[1]};
    places(v, inputs, gradients);
    for (int n = 0; n < INPUTS; n++)
        myr_cuda_columns_add(&run->columns, *inputs[n], myr_dtype_size((myr_dtype)types[n]));
    for (int answer = 0; answer < 2; answer++)
        myr_cuda_columns_add_out(&run->columns, *gradients[answer],
                                 myr_dtype_size((myr_dtype)v->gradient_type));
}

static myr_status begin(cuda_pairs *run, myr_pair_view *view) {
    const uint64_t count = run->job->pairs->count, chunks = (count + MYR_CHUNK - 1) / MYR_CHUNK;
    const myr_status status =
        myr_cuda_tree_begin(run->context, &run->session, chunks, MYR_SUMS, &run->tree);
    add_columns(run, view);
    return status == MYR_OK ? myr_cuda_columns_place(run->context, &run->job->compute, &run->session, count,
                                                     MYR_CHUNK, &run->columns)
                            : status;
}

/* The view of the rows from `first` on, which are on the device. */
static myr_pair_view view_at(const cuda_pairs *run, const myr_pair_view *view, uint64_t first) {
    myr_pair_view there = *view;
    const void **inputs[INPUTS];
    void **gradients[2];
    places(&there, inputs, gradients);
    for (int n = 0; n < INPUTS; n++)
        *inputs[n] = myr_cuda_column_at(&run->columns, n, first);
    for (int answer = 0; answer < 2; answer++)
        *gradients[answer] = myr_cuda_column_at(&run->columns, INPUTS + answer, first);
    return there;
}

static myr_status launch(cuda_pairs *run, const myr_pair_view *view, uint64_t first, uint64_t end) {
    const myr_pair_view there = view_at(run, view, first);
    const myr_status status = myr_cuda_tree_clear(run->context, &run->session, &run->tree);
    return status == MYR_OK
               ? myr_cuda_check(
                     run->context,
                     myr_launch_pairs(&there, end - first, run->tree.d_sums + first / MYR_CHUNK * MYR_SUMS,
                                      run->tree.d_bad, run->session.stream),
                     "reducing pairs")
               : status;
}

/* A window of rows; the last one is asked for the root of all. */
static myr_status run_window(cuda_pairs *run, const myr_pair_view *view, uint64_t first, uint64_t end,
                             double root[MYR_SUMS + 1], uint64_t *bad) {
    myr_status status = launch(run, view, first, end);
    if (status == MYR_OK)
        status = end < run->job->pairs->count
                     ? myr_cuda_tree_bad(run->context, &run->session, &run->tree, bad)
                     : myr_cuda_tree_take(run->context, &run->session, &run->tree, MYR_SUMS, root, bad);
    if (status == MYR_OK && *bad != UINT64_MAX)
        *bad += first;
    else if (status == MYR_OK && view->losses)
        status = myr_cuda_columns_leave(run->context, &run->session, &run->columns);
    return status;
}

static myr_status run_view(void *user, const myr_pair_view *view, double *sums, uint64_t *bad) {
    cuda_pairs *run = user;
    const uint64_t count = run->job->pairs->count;
    double root[MYR_SUMS + 1] = {0.0};
    myr_status status = MYR_OK;
    *bad = UINT64_MAX;
    for (uint64_t first = 0, end = 0; status == MYR_OK && *bad == UINT64_MAX && first < count;
         first = end) {
        status = myr_cuda_columns_move(run->context, &run->session, &run->columns, first, &end);
        if (status == MYR_OK)
            status = run_window(run, view, first, end, root, bad);
    }
    memcpy(sums, root, MYR_SUMS * sizeof *sums);
    return status;
}

myr_status myr_cuda_pairs(myr_context *context, const myr_pair_job *job, myr_pair_sums *sums,
                          uint64_t *bad) {
    cuda_pairs run = {.context = context, .job = job};
    myr_pair_view view = myr_pair_view_make(job);
    myr_status status = myr_cuda_enter(context, &job->compute, &run.session);
    if (status != MYR_OK)
        return status;
    status = begin(&run, &view);
    myr_pair_runner runner = {run_view, &run};
    if (status == MYR_OK)
        status = myr_pair_passes(job, view, &runner, sums, bad);
    myr_cuda_columns_drop(&run.session, &run.columns);
    myr_cuda_tree_end(&run.session, &run.tree);
    myr_cuda_close(&run.session);
    return status;
}
