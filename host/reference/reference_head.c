/* The last layer in double: one row of logits after the other, x_j = h . W_j. */
#include <stdlib.h>

#include "ground/failure.h"
#include "losses/element.h"
#include "reference_tokens.h"

typedef struct head {
    myr_head_job job;
    double *x; /* [chunk_rows][vocabulary] */
} head;

static myr_array readable(myr_array_out array) {
    return (myr_array){array.data, array.type};
}

static void add(myr_array_out array, uint64_t index, double value) {
    myr_element_store(array, index, myr_element(readable(array), index) + value);
}

myr_status myr_reference_head_begin(myr_context *context, const myr_head_job *job, void **work) {
    size_t bytes = (size_t)(job->chunk_rows * job->vocabulary) * sizeof(double);
    head *h = malloc(sizeof *h);
    double *x = malloc(bytes);
    *work = h;
    if (!h || !x) {
        free(h);
        free(x);
        *work = NULL;
        return myr_fail_memory(context, bytes);
    }
    *h = (head){*job, x};
    for (uint64_t i = 0; job->matrix_gradient.data && i < job->vocabulary * job->width; i++)
        myr_element_store(job->matrix_gradient, i, 0.0);
    for (uint64_t i = 0; job->hidden_gradient.data && i < job->rows * job->width; i++)
        myr_element_store(job->hidden_gradient, i, 0.0);
    return MYR_OK;
}

static double logit(const myr_head_job *job, uint64_t row, uint64_t j) {
    double sum = 0.0;
    for (uint64_t c = 0; c < job->width; c++)
        sum +=
            myr_element(job->hidden, row * job->width + c) * myr_element(job->matrix, j * job->width + c);
    return sum;
}

myr_status myr_reference_head_forward(myr_context *context, void *work, const uint64_t *rows,
                                      uint64_t count, myr_row_result *results) {
    (void)context;
    const head *h = work;
    const myr_head_job *job = &h->job;
    for (uint64_t i = 0; i < count; i++) {
        double *x = h->x + i * job->vocabulary;
        for (uint64_t j = 0; j < job->vocabulary; j++)
            x[j] = logit(job, rows[i], j);
        /* what a float can hold: -inf would come of an infinite matrix, whose gradient is none */
        results[i] =
            myr_reference_row(x, job->vocabulary, -3.4028234e38, myr_element(job->labels, rows[i]));
    }
    return MYR_OK;
}

/* dL/dh_c = sum_j dL/dx_j W_jc, dL/dW_jc = sum over rows of dL/dx_j h_c */
static void back_row(const head *h, uint64_t i, uint64_t row, const myr_row_result *result,
                     double upstream) {
    const myr_head_job *job = &h->job;
    const double *x = h->x + i * job->vocabulary;
    double label = myr_element(job->labels, row);
    for (uint64_t c = 0; c < job->width; c++) {
        double sum = 0.0, state = myr_element(job->hidden, row * job->width + c);
        for (uint64_t j = 0; j < job->vocabulary; j++) {
            double slope = upstream * myr_reference_row_slope(x, j, label, result);
            sum += slope * myr_element(job->matrix, j * job->width + c);
            add(job->matrix_gradient, j * job->width + c, slope * state);
        }
        myr_element_store(job->hidden_gradient, row * job->width + c, sum);
    }
}

myr_status myr_reference_head_backward(myr_context *context, void *work, const uint64_t *rows,
                                       uint64_t count, const myr_row_result *results,
                                       const double *upstream) {
    (void)context;
    for (uint64_t i = 0; i < count; i++)
        back_row(work, i, rows[i], &results[i], upstream[i]);
    return MYR_OK;
}

void myr_reference_head_end(void *work) {
    head *h = work;
    if (h)
        free(h->x);
    free(h);
}
