/* Rows of logits on the cuda backend: all at once where they lie on the device, else in batches that are
 * copied there (and back, for the gradient). */
#include "cuda_tokens.h"

#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"

/* Logits that are copied at a time. */
static const double batch_bytes = 0x1p28;

myr_status myr_cuda_copy(myr_context *context, const myr_cuda_session *session, const void *from,
                         size_t bytes, void **d_copy) {
    myr_status status = myr_cuda_allocate(context, session, bytes, d_copy);
    return status == MYR_OK ? myr_cuda_upload(context, session, *d_copy, from, bytes) : status;
}

typedef struct cuda_rows {
    myr_context *context;
    const myr_row_job *job;
    myr_cuda_session session;
    uint64_t batch;       /* rows */
    size_t row_bytes;     /* of logits */
    const void *d_labels; /* of all rows */
    const void *d_mask;
    void *d_logits;   /* of a batch; NULL: the caller's own */
    void *d_results;  /* of a batch */
    void *d_upstream; /* likewise; for the gradient */
    void *owned_labels, *owned_mask;
} cuda_rows;

static myr_status begin(cuda_rows *run, bool gradient) {
    const myr_row_job *job = run->job;
    const bool copies = job->compute.memory == MYR_HOST;
    const size_t label_bytes = (size_t)job->rows * myr_dtype_size(job->labels.type);
    run->row_bytes = (size_t)job->vocabulary * myr_dtype_size(job->logits.type);
    double rows = copies ? batch_bytes / (double)run->row_bytes : (double)job->rows;
    run->batch = rows < 1.0 ? 1 : rows > (double)job->rows ? job->rows : (uint64_t)rows;
    myr_status status = myr_cuda_place(run->context, &job->compute, &run->session, job->labels.data,
                                       label_bytes, &run->d_labels, &run->owned_labels);
    if (status == MYR_OK)
        status = myr_cuda_place(run->context, &job->compute, &run->session, job->mask, (size_t)job->rows,
                                &run->d_mask, &run->owned_mask);
    if (status == MYR_OK && copies)
        status = myr_cuda_allocate(run->context, &run->session, (size_t)run->batch * run->row_bytes,
                                   &run->d_logits);
    if (status == MYR_OK)
        status = myr_cuda_allocate(run->context, &run->session, (size_t)run->batch * sizeof(myr_row_result),
                                   &run->d_results);
    if (status == MYR_OK && gradient)
        status = myr_cuda_allocate(run->context, &run->session, (size_t)run->batch * sizeof(float),
                                   &run->d_upstream);
    return status;
}

static void end(cuda_rows *run) {
    myr_cuda_release(&run->session, run->owned_labels);
    myr_cuda_release(&run->session, run->owned_mask);
    myr_cuda_release(&run->session, run->d_logits);
    myr_cuda_release(&run->session, run->d_results);
    myr_cuda_release(&run->session, run->d_upstream);
}

static char *logits_of(const cuda_rows *run, uint64_t first) {
    return (char *)run->job->logits.data + (size_t)first * run->row_bytes;
}

static myr_device_rows make_rows(const cuda_rows *run, uint64_t first, uint64_t count) {
    const myr_row_job *job = run->job;
    const size_t label = (size_t)first * myr_dtype_size(job->labels.type);
    myr_device_rows rows = {
        .d_logits = run->d_logits ? run->d_logits : logits_of(run, first),
        .type = (int)job->logits.type,
        .lowest = MYR_LOGIT_LOWEST_STORED,
        .labels_type = (int)job->labels.type,
        .vocabulary = job->vocabulary,
        .rows = (uint32_t)count,
        .d_labels = (const char *)run->d_labels + label,
        .d_mask = run->d_mask ? (const uint8_t *)run->d_mask + first : NULL,
        .d_results = run->d_results,
        .d_upstream = run->d_upstream,
    };
    return rows;
}

static myr_status enter_logits(const cuda_rows *run, uint64_t first, uint64_t count) {
    if (!run->d_logits)
        return MYR_OK;
    return myr_cuda_upload(run->context, &run->session, run->d_logits, logits_of(run, first),
                           (size_t)count * run->row_bytes);
}

static myr_status run_batch(const cuda_rows *run, uint64_t first, uint64_t count, myr_row_result *results) {
    const myr_device_rows rows = make_rows(run, first, count);
    myr_status status = enter_logits(run, first, count);
    if (status == MYR_OK)
        status = myr_cuda_check(run->context, myr_launch_rows(&rows, run->session.stream), "reducing rows");
    if (status == MYR_OK)
        status = myr_cuda_download(run->context, &run->session, results, run->d_results,
                                   (size_t)count * sizeof *results);
    return status;
}

static myr_status rows(myr_context *context, const myr_row_job *job, myr_row_result *results) {
    cuda_rows run = {.context = context, .job = job};
    myr_status status = myr_cuda_enter(context, &job->compute, &run.session);
    if (status != MYR_OK)
        return status;
    status = begin(&run, false);
    for (uint64_t first = 0; status == MYR_OK && first < job->rows; first += run.batch) {
        uint64_t count = job->rows - first < run.batch ? job->rows - first : run.batch;
        status = run_batch(&run, first, count, results + first);
    }
    end(&run);
    myr_cuda_close(&run.session);
    return status;
}

static myr_status gradient_batch(const cuda_rows *run, uint64_t first, uint64_t count,
                                 const myr_row_result *results, const float *upstream) {
    const myr_device_rows rows = make_rows(run, first, count);
    myr_status status = enter_logits(run, first, count);
    if (status == MYR_OK)
        status = myr_cuda_upload(run->context, &run->session, run->d_results, results + first,
                                 (size_t)count * sizeof *results);
    if (status == MYR_OK)
        status = myr_cuda_upload(run->context, &run->session, run->d_upstream, upstream + first,
                                 (size_t)count * sizeof *upstream);
    if (status == MYR_OK)
        status = myr_cuda_check(run->context, myr_launch_row_gradient(&rows, run->session.stream),
                                "writing gradients");
    if (status == MYR_OK && run->d_logits)
        status = myr_cuda_download(run->context, &run->session, logits_of(run, first), run->d_logits,
                                   (size_t)count * run->row_bytes);
    return status;
}

static myr_status run_gradient(cuda_rows *run, const myr_row_result *results, const double *upstream) {
    const myr_row_job *job = run->job;
    float *factor = malloc((size_t)job->rows * sizeof *factor);
    if (!factor)
        return myr_fail_memory(run->context, (size_t)job->rows * sizeof *factor);
    for (uint64_t row = 0; row < job->rows; row++)
        factor[row] = (float)upstream[row];
    myr_status status = begin(run, true);
    for (uint64_t first = 0; status == MYR_OK && first < job->rows; first += run->batch) {
        uint64_t count = job->rows - first < run->batch ? job->rows - first : run->batch;
        status = gradient_batch(run, first, count, results, factor);
    }
    if (status == MYR_OK) /* the factors are the host's until then */
        status =
            myr_cuda_check(run->context, cudaStreamSynchronize(run->session.stream), "writing gradients");
    end(run);
    free(factor);
    return status;
}

static myr_status gradient(myr_context *context, const myr_row_job *job, const myr_row_result *results,
                           const double *upstream) {
    cuda_rows run = {.context = context, .job = job};
    myr_status status = myr_cuda_enter(context, &job->compute, &run.session);
    if (status != MYR_OK)
        return status;
    status = run_gradient(&run, results, upstream);
    myr_cuda_close(&run.session);
    return status;
}

const myr_token_reductions myr_cuda_tokens = {
    .rows = rows,
    .gradient = gradient,
    .head_begin = myr_cuda_head_begin,
    .head_forward = myr_cuda_head_forward,
    .head_backward = myr_cuda_head_backward,
    .head_finish = myr_cuda_head_finish,
    .head_end = myr_cuda_head_end,
    .policy_tokens = myr_cuda_policy_tokens,
    .policy = myr_cuda_policy,
};
