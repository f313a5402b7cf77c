/* The public calls on rows of logits. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "losses/array_rules.h"
#include "losses/pairs/pair_step.h"
#include "token_arrays.h"
#include "token_batch.h"

/* A call under way. */
typedef struct token_call {
    const myr_backend *backend;
    myr_token_batch batch;
    myr_row_job job;
    myr_tokens tokens;
    myr_report report;
    double start;
} token_call;

static myr_status check_logits(myr_context *context, const myr_array_out *logits) {
    if (!logits->data)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "logits: NULL (expected an array)");
    if ((unsigned)logits->type > MYR_F16)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "logits: of type %s (expected f64, f32, bf16 or f16)",
                        myr_dtype_name(logits->type));
    return MYR_OK;
}

static myr_status call_begin(myr_context *context, const myr_tokens *tokens, myr_array_out logits,
                             const myr_compute_options *options, myr_report *report, token_call *call) {
    memset(call, 0, sizeof *call);
    call->start = omp_get_wtime();
    myr_status status = myr_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_tokens_read(context, &tokens, &call->tokens);
    if (status == MYR_OK)
        status = check_logits(context, &logits);
    if (status == MYR_OK)
        status = myr_compute_begin(context, options, &call->backend, &call->job.compute, &call->report);
    call->start = omp_get_wtime();
    if (status == MYR_OK)
        status = myr_token_batch_make(context, tokens, &call->job.compute, &call->batch);
    if (status != MYR_OK)
        return status;
    call->job.rows = tokens->rows;
    call->job.vocabulary = tokens->vocabulary;
    call->job.logits = logits;
    call->job.labels = tokens->labels;
    call->job.mask = tokens->mask;
    return MYR_OK;
}

static myr_status call_end(token_call *call, myr_report *report, myr_status status) {
    myr_token_batch_destroy(&call->batch);
    call->report.seconds = omp_get_wtime() - call->start;
    myr_report_fill(report, &call->report);
    return status;
}

/* The rows' results, and the log-probabilities of the sequences. */
static myr_status run_rows(myr_context *context, token_call *call) {
    myr_token_batch *batch = &call->batch;
    uint64_t bad;
    myr_status status = call->backend->tokens->rows(context, &call->job, batch->results);
    if (status != MYR_OK)
        return status;
    if (myr_token_batch_bad(batch, 0, call->job.rows, &bad))
        return myr_token_batch_refuse(context, batch,
                                      (myr_array){call->job.logits.data, call->job.logits.type}, bad);
    for (uint64_t s = 0; s < batch->tokens->sequences; s++)
        myr_token_batch_add(batch, s);
    return MYR_OK;
}

static myr_status put_rows(myr_context *context, token_call *call, myr_array_out row_logps) {
    if (!row_logps.data)
        return MYR_OK;
    for (uint64_t row = 0; row < call->job.rows; row++)
        call->batch.upstream[row] = call->batch.results[row].logp; /* no other use for it here */
    return myr_put(context, &call->job.compute, call->batch.upstream, call->job.rows, row_logps);
}

myr_status myr_token_logps(myr_context *context, const myr_tokens *tokens, myr_array logits,
                           const myr_compute_options *options, myr_array_out sequence_logps,
                           myr_array_out row_logps, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    token_call call;
    /* Only the gradient writes logits. NOLINTNEXTLINE(performance-no-int-to-ptr) */
    myr_array_out same = {(void *)(uintptr_t)logits.data, logits.type};
    myr_status status =
        myr_check_reals(context, "sequence_logps", sequence_logps.data, sequence_logps.type, false);
    if (status == MYR_OK)
        status = myr_check_reals(context, "row_logps", row_logps.data, row_logps.type, false);
    if (status != MYR_OK)
        return status;
    status = call_begin(context, tokens, same, options, report, &call);
    if (status == MYR_OK)
        status = run_rows(context, &call);
    if (status == MYR_OK)
        status =
            myr_put(context, &call.job.compute, call.batch.logps, call.tokens.sequences, sequence_logps);
    if (status == MYR_OK)
        status = put_rows(context, &call, row_logps);
    return call_end(&call, report, status);
}

static myr_status check_finite(myr_context *context, const char *name, const double *values,
                               uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return myr_fail(context, MYR_INVALID_DATA, "%s[%llu] is %g (expected a finite number)", name,
                            (unsigned long long)i, values[i]);
    return MYR_OK;
}

/* Upstream of every row, from whichever of the two is given. */
static myr_status read_upstream(myr_context *context, token_call *call, myr_array sequences,
                                myr_array rows) {
    myr_token_batch *batch = &call->batch;
    if (rows.data) {
        myr_status status =
            myr_fetch(context, &call->job.compute, rows, 0, call->job.rows, batch->upstream);
        return status == MYR_OK ? check_finite(context, "row_gradient", batch->upstream, call->job.rows)
                                : status;
    }
    const uint64_t count = batch->tokens->sequences;
    myr_status status = myr_fetch(context, &call->job.compute, sequences, 0, count, batch->logps);
    if (status == MYR_OK)
        status = check_finite(context, "sequence_gradient", batch->logps, count);
    for (uint64_t s = 0; status == MYR_OK && s < count; s++)
        myr_token_batch_spread(batch, s, batch->logps[s]);
    return status;
}

myr_status myr_token_gradient(myr_context *context, const myr_tokens *tokens, myr_array_out logits,
                              myr_array sequence_gradient, myr_array row_gradient,
                              const myr_compute_options *options, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    token_call call;
    if (!sequence_gradient.data == !row_gradient.data)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "gradient: of sequences and of rows, %s is given (expected one of the two)",
                        row_gradient.data ? "each" : "neither");
    myr_status status = myr_check_reals(context, "sequence_gradient", sequence_gradient.data,
                                        sequence_gradient.type, false);
    if (status == MYR_OK)
        status = myr_check_reals(context, "row_gradient", row_gradient.data, row_gradient.type, false);
    if (status != MYR_OK)
        return status;
    status = call_begin(context, tokens, logits, options, report, &call);
    if (status == MYR_OK)
        status = run_rows(context, &call);
    if (status == MYR_OK)
        status = read_upstream(context, &call, sequence_gradient, row_gradient);
    if (status == MYR_OK)
        status =
            call.backend->tokens->gradient(context, &call.job, call.batch.results, call.batch.upstream);
    return call_end(&call, report, status);
}

/* From the sequences' log-probabilities to upstream of every row; the gradients take the place of the
 * former. */
static myr_status run_pairs(myr_context *context, token_call *call, myr_pair_step *step, bool gradient,
                            myr_loss_metrics *metrics) {
    myr_token_batch *batch = &call->batch;
    const uint64_t sequences = batch->tokens->sequences;
    double *to_sequences = gradient ? batch->upstream : NULL; /* there are no more sequences than rows */
    myr_pair_step_begin(step, batch->lengths);
    myr_status status =
        myr_pair_step_run(context, step, 0, step->pairs, batch->logps, to_sequences, metrics);
    if (status != MYR_OK || !gradient)
        return status;
    memcpy(batch->logps, to_sequences, (size_t)sequences * sizeof *batch->logps);
    for (uint64_t s = 0; s < sequences; s++)
        myr_token_batch_spread(batch, s, batch->logps[s]);
    return MYR_OK;
}

static myr_status run_loss(myr_context *context, token_call *call, const myr_loss_options *loss,
                           const myr_token_pairs *pairs, bool write_gradient, myr_array_out sequence_logps,
                           myr_loss_metrics *metrics) {
    const myr_tokens *tokens = call->batch.tokens;
    myr_pair_step step;
    myr_status status = myr_pair_step_make(context, loss, pairs, tokens->sequences, tokens->average,
                                           call->backend, &call->job.compute, &step);
    if (status == MYR_OK)
        status = run_rows(context, call);
    if (status == MYR_OK)
        status = myr_put(context, &call->job.compute, call->batch.logps, tokens->sequences, sequence_logps);
    if (status == MYR_OK)
        status = run_pairs(context, call, &step, write_gradient, metrics);
    if (status == MYR_OK && write_gradient)
        status =
            call->backend->tokens->gradient(context, &call->job, call->batch.results, call->batch.upstream);
    myr_pair_step_destroy(&step);
    return status;
}

myr_status myr_loss_tokens(myr_context *context, const myr_loss_options *loss, const myr_tokens *tokens,
                           const myr_token_pairs *pairs, myr_array_out logits, bool write_gradient,
                           const myr_compute_options *options, myr_array_out sequence_logps,
                           myr_loss_metrics *metrics, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    token_call call;
    myr_loss_metrics found = {0};
    myr_status status =
        myr_check_reals(context, "sequence_logps", sequence_logps.data, sequence_logps.type, false);
    if (status == MYR_OK)
        status = myr_loss_metrics_ready(context, metrics);
    if (status != MYR_OK)
        return status;
    status = call_begin(context, tokens, logits, options, report, &call);
    if (status == MYR_OK)
        status = run_loss(context, &call, loss, pairs, write_gradient, sequence_logps, &found);
    if (status == MYR_OK)
        myr_loss_metrics_fill(metrics, &found);
    return call_end(&call, report, status);
}
