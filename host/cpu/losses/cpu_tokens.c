/* Rows of logits on the cpu backend: a row a thread, in any order, for no row knows another. */
#include "cpu_tokens.h"

#include <string.h>

#include "ground/environment.h"
#include "token_row.h"

/* Logits that are worth a thread of their own. */
static const double thread_logits = 1e5;

static int useful_threads(const myr_row_job *job) {
    double useful = 1.0 + (double)job->rows * (double)job->vocabulary / thread_logits;
    return useful < job->compute.threads ? (int)useful : job->compute.threads;
}

/* The label of a row; one out of range is below 0. */
static int64_t read_label(const myr_row_job *job, uint64_t row) {
    int64_t label = job->labels.type == MYR_I32 ? ((const int32_t *)job->labels.data)[row]
                                                : ((const int64_t *)job->labels.data)[row];
    return label < (int64_t)job->vocabulary ? label : -1;
}

static myr_row_result run_row(const myr_token_lanes *lanes, const myr_row_job *job, uint64_t row) {
    if (job->mask && !job->mask[row])
        return myr_row_other(MYR_ROW_MASKED);
    int64_t label = read_label(job, row);
    if (label < 0)
        return myr_row_other(MYR_ROW_BAD_LABEL);
    return lanes->row(job->logits.data, (int)job->logits.type, (size_t)(row * job->vocabulary),
                      (size_t)job->vocabulary, (size_t)label, MYR_LOGIT_LOWEST_STORED);
}

myr_status myr_cpu_rows_on(myr_context *context, const myr_lanes_isa *isa, const myr_row_job *job,
                           myr_row_result *results) {
    (void)context; /* nothing here can fail */
    const myr_token_lanes *lanes = MYR_LANES_OF(myr_token_lanes, isa);
#pragma omp parallel num_threads(useful_threads(job))
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(dynamic) nowait
        for (uint64_t row = 0; row < job->rows; row++)
            results[row] = run_row(lanes, job, row);
    }
    return MYR_OK;
}

myr_status myr_cpu_gradient_on(myr_context *context, const myr_lanes_isa *isa, const myr_row_job *job,
                               const myr_row_result *results, const double *upstream) {
    (void)context;
    const myr_token_lanes *lanes = MYR_LANES_OF(myr_token_lanes, isa);
    const size_t vocabulary = (size_t)job->vocabulary, size = myr_dtype_size(job->logits.type);
#pragma omp parallel num_threads(useful_threads(job))
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(dynamic) nowait
        for (uint64_t row = 0; row < job->rows; row++) {
            const size_t first = (size_t)row * vocabulary;
            float factor = (float)upstream[row];
            if (results[row].state == MYR_ROW_COUNTS && factor != 0.0f)
                lanes->gradient(job->logits.data, (int)job->logits.type, first, vocabulary,
                                (size_t)read_label(job, row), &results[row], factor);
            else
                memset((char *)job->logits.data + first * size, 0, vocabulary * size);
        }
    }
    return MYR_OK;
}

static myr_status rows(myr_context *context, const myr_row_job *job, myr_row_result *results) {
    const myr_lanes_isa *isa;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    return status == MYR_OK ? myr_cpu_rows_on(context, isa, job, results) : status;
}

static myr_status gradient(myr_context *context, const myr_row_job *job, const myr_row_result *results,
                           const double *upstream) {
    const myr_lanes_isa *isa;
    myr_status status = myr_cpu_isa_choose(context, &isa);
    return status == MYR_OK ? myr_cpu_gradient_on(context, isa, job, results, upstream) : status;
}

const myr_token_reductions myr_cpu_tokens = {
    .rows = rows,
    .gradient = gradient,
    .head_begin = myr_cpu_head_begin,
    .head_forward = myr_cpu_head_forward,
    .head_backward = myr_cpu_head_backward,
    .head_end = myr_cpu_head_end,
    .policy_tokens = myr_cpu_policy_tokens,
    .policy = myr_cpu_policy,
};
