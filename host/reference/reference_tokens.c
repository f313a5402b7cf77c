/* Rows of logits, as docs/mathematics.md, section 12, has them: log softmax at the label, and its gradient. */
#include "reference_tokens.h"

#include <math.h>
#include <stdlib.h>

#include "ground/failure.h"
#include "losses/element.h"

static myr_row_result refused(myr_row_state state) {
    return (myr_row_result){.state = state};
}

/* log sum exp, the largest taken out of it: exp(-inf) is 0. */
myr_row_result myr_reference_row(const double *x, uint64_t vocabulary, double lowest, double label) {
    double largest = -(double)INFINITY;
    if (!(label >= 0.0 && label < (double)vocabulary))
        return refused(MYR_ROW_BAD_LABEL);
    for (uint64_t j = 0; j < vocabulary; j++) {
        if (!(x[j] <= 65536.0 && x[j] >= lowest))
            return refused(MYR_ROW_BAD_LOGIT);
        largest = fmax(largest, x[j]);
    }
    if (x[(uint64_t)label] < -65536.0)
        return refused(MYR_ROW_BAD_CHOICE);
    long double sum = 0;
    for (uint64_t j = 0; j < vocabulary; j++)
        sum += exp(x[j] - largest);
    double rest = log((double)sum); /* added last: what all logits have in common takes no digits of it */
    return (myr_row_result){
        .logp = x[(uint64_t)label] - largest - rest, .normaliser = largest + rest, .state = MYR_ROW_COUNTS};
}

double myr_reference_row_slope(const double *x, uint64_t j, double label, const myr_row_result *row) {
    return (j == (uint64_t)label ? 1.0 : 0.0) - exp(x[j] - row->normaliser);
}

static void read_row(const myr_row_job *job, uint64_t row, double *x) {
    for (uint64_t j = 0; j < job->vocabulary; j++)
        x[j] = myr_element((myr_array){job->logits.data, job->logits.type}, row * job->vocabulary + j);
}

static myr_status rows(myr_context *context, const myr_row_job *job, myr_row_result *results) {
    double *x = malloc((size_t)job->vocabulary * sizeof *x);
    if (!x)
        return myr_fail_memory(context, (size_t)job->vocabulary * sizeof *x);
    for (uint64_t row = 0; row < job->rows; row++) {
        if (job->mask && !job->mask[row]) {
            results[row] = refused(MYR_ROW_MASKED);
            continue;
        }
        read_row(job, row, x);
        results[row] =
            myr_reference_row(x, job->vocabulary, -(double)INFINITY, myr_element(job->labels, row));
    }
    free(x);
    return MYR_OK;
}

static myr_status gradient(myr_context *context, const myr_row_job *job, const myr_row_result *results,
                           const double *upstream) {
    double *x = malloc((size_t)job->vocabulary * sizeof *x);
    if (!x)
        return myr_fail_memory(context, (size_t)job->vocabulary * sizeof *x);
    for (uint64_t row = 0; row < job->rows; row++) {
        const bool counts = results[row].state == MYR_ROW_COUNTS;
        if (counts)
            read_row(job, row, x);
        for (uint64_t j = 0; j < job->vocabulary; j++) {
            double slope = 0.0;
            if (counts)
                slope = upstream[row] *
                        myr_reference_row_slope(x, j, myr_element(job->labels, row), &results[row]);
            myr_element_store(job->logits, row * job->vocabulary + j, slope);
        }
    }
    free(x);
    return MYR_OK;
}

const myr_token_reductions myr_reference_tokens = {
    .rows = rows,
    .gradient = gradient,
    .head_begin = myr_reference_head_begin,
    .head_forward = myr_reference_head_forward,
    .head_backward = myr_reference_head_backward,
    .head_end = myr_reference_head_end,
    .policy_tokens = myr_reference_policy_tokens,
    .policy = myr_reference_policy,
};
