/* RLVR's tokens on the cuda backend: a thread block a sequence. */
#include <math.h>
#include <stdlib.h>

#include "cuda_tokens.h"
#include "ground/failure.h"

typedef struct cuda_policy {
    myr_context *context;
    const myr_policy_job *job;
    myr_cuda_session session;
    myr_device_policy policy;
    void *owned[3];                      /* copies of columns: log-probabilities, old ones, mask */
    void *d_starts, *d_factor, *d_found; /* of sequences; found: sums, or counts */
    void *d_gradient;                    /* of host memory only */
} cuda_policy;

static uint64_t token_count(const myr_policy_job *job) {
    return job->starts[job->sequences];
}

static size_t gradient_bytes(const myr_policy_job *job) {
    return (size_t)token_count(job) * myr_dtype_size(job->gradient.type);
}

static myr_status place(cuda_policy *run, int slot, const void *data, size_t size, const void **d_data) {
    return myr_cuda_place(run->context, &run->job->compute, &run->session, data,
                          (size_t)token_count(run->job) * size, d_data, &run->owned[slot]);
}

/* The sequences' starts and mask, and room for what is found. */
static myr_status begin(cuda_policy *run, size_t found_bytes) {
    const myr_policy_job *job = run->job;
    const void *d_mask = NULL;
    myr_status status = myr_cuda_copy(run->context, &run->session, job->starts,
                                      (size_t)(job->sequences + 1) * sizeof *job->starts, &run->d_starts);
    if (status == MYR_OK)
        status = place(run, 2, job->mask, 1, &d_mask);
    if (status == MYR_OK)
        status = myr_cuda_allocate(run->context, &run->session, found_bytes, &run->d_found);
    run->policy.sequences = (uint32_t)job->sequences;
    run->policy.d_starts = run->d_starts;
    run->policy.view.mask = d_mask;
    return status;
}

static void end(cuda_policy *run) {
    void *const parts[] = {run->owned[0], run->owned[1], run->owned[2],  run->d_starts,
                           run->d_factor, run->d_found,  run->d_gradient};
    for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
        myr_cuda_release(&run->session, parts[part]);
    myr_cuda_close(&run->session);
}

myr_status myr_cuda_policy_tokens(myr_context *context, const myr_policy_job *job, double *tokens) {
    cuda_policy run = {.context = context, .job = job};
    const size_t bytes = (size_t)job->sequences * sizeof *tokens;
    myr_status status = myr_cuda_enter(context, &job->compute, &run.session);
    if (status != MYR_OK)
        return status;
    status = begin(&run, bytes);
    if (status == MYR_OK)
        status =
            myr_cuda_check(context, myr_launch_policy_tokens(&run.policy, run.d_found, run.session.stream),
                           "counting tokens");
    if (status == MYR_OK)
        status = myr_cuda_download(context, &run.session, tokens, run.d_found, bytes);
    end(&run);
    return status;
}

static myr_status enter_factors(cuda_policy *run) {
    const myr_policy_job *job = run->job;
    const size_t bytes = (size_t)job->sequences * sizeof(float);
    float *factor = malloc(bytes);
    if (!factor)
        return myr_fail_memory(run->context, bytes);
    for (uint64_t s = 0; s < job->sequences; s++)
        factor[s] = job->scale[s] != 0.0 ? (float)(job->scale[s] * job->advantage[s]) : (float)NAN;
    myr_status status = myr_cuda_copy(run->context, &run->session, factor, bytes, &run->d_factor);
    free(factor);
    run->policy.d_factor = run->d_factor;
    return status;
}

static myr_status enter_columns(cuda_policy *run) {
    const myr_policy_job *job = run->job;
    myr_policy_view *view = &run->policy.view;
    const size_t size = myr_dtype_size(job->log_probs.type);
    view->type = (int)job->log_probs.type;
    view->gradient_type = (int)job->gradient.type;
    view->cap = (float)job->cap;
    view->gradient = job->gradient.data;
    myr_status status = place(run, 0, job->log_probs.data, size, &view->log_probs);
    if (status == MYR_OK)
        status = place(run, 1, job->old_log_probs.data, size, &view->old_log_probs);
    if (status == MYR_OK && job->gradient.data && job->compute.memory == MYR_HOST) {
        status = myr_cuda_allocate(run->context, &run->session, gradient_bytes(job), &run->d_gradient);
        view->gradient = run->d_gradient;
    }
    return status == MYR_OK ? enter_factors(run) : status;
}

myr_status myr_cuda_policy(myr_context *context, const myr_policy_job *job, myr_policy_sums *sums) {
    cuda_policy run = {.context = context, .job = job};
    const size_t bytes = (size_t)job->sequences * sizeof *sums;
    myr_status status = myr_cuda_enter(context, &job->compute, &run.session);
    if (status != MYR_OK)
        return status;
    status = begin(&run, bytes);
    if (status == MYR_OK)
        status = enter_columns(&run);
    run.policy.d_sums = run.d_found;
    if (status == MYR_OK)
        status = myr_cuda_check(context, myr_launch_policy(&run.policy, run.session.stream),
                                "reducing sequences");
    if (status == MYR_OK)
        status = myr_cuda_download(context, &run.session, sums, run.d_found, bytes);
    if (status == MYR_OK && run.d_gradient)
        status = myr_cuda_download(context, &run.session, job->gradient.data, run.d_gradient,
                                   gradient_bytes(job));
    end(&run);
    return status;
}
