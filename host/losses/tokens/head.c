/* The public call on the last layer. A group of pairs goes chunk by chunk of its rows that count: logits,
 * then the loss, then the chunks again from the last to the first, for the gradients; the last one's logits
 * are still there, the others' are made anew. As many pairs as fit one chunk make a group, so that nothing
 * is made anew, but for pairs that do not fit one, and losses that need the batch as one group. */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "losses/array_rules.h"
#include "losses/pairs/pair_step.h"
#include "token_arrays.h"
#include "token_batch.h"

enum { MOST = 2147483647 };
static const double usual_chunk_bytes = 0x1p26;

typedef struct head_call {
    const myr_token_reductions *reductions;
    myr_token_batch batch;
    myr_pair_step step;
    myr_head_job job;
    void *work;
    bool gradients;
    uint64_t *rows;          /* [count]: those of the group that count */
    uint64_t count;          /* how many rows count */
    myr_row_result *results; /* [chunk_rows] */
    double *upstream;        /* [chunk_rows] */
    double *to_sequences;    /* [sequences]: the loss's gradient to their log-probabilities */
    myr_loss_metrics metrics;
} head_call;

static bool is_input(myr_dtype type, bool reference) {
    return myr_is_float(type) && (reference || type != MYR_F64);
}

static bool is_output(myr_dtype type, bool reference) {
    return myr_is_real(type) && (reference || type != MYR_F64);
}

static myr_status check_head(myr_context *context, const myr_head *head, const myr_array_out *hidden,
                             const myr_array_out *matrix, const myr_backend *backend) {
    myr_status status = myr_check_count(context, "head", "width", head->width, MOST);
    if (status != MYR_OK)
        return status;
    if (!(head->chunk_bytes >= 0.0 && head->chunk_bytes <= 0x1p60))
        return myr_fail(context, MYR_INVALID_ARGUMENT, "head: chunk_bytes is %g (expected 0 … 2^60)",
                        head->chunk_bytes);
    if (!hidden->data != !matrix->data)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "head: one of the two gradients is NULL (expected both or none)");
    const bool reference = backend->doubles;
    const char *in = reference ? "f64, f32, bf16 or f16" : "f32, bf16 or f16",
               *out = reference ? "f32 or f64" : "f32";
    const myr_array_rule rules[] = {
        {"hidden", head->hidden.data, head->hidden.type, true, is_input(head->hidden.type, reference), in},
        {"matrix", head->matrix.data, head->matrix.type, true, is_input(head->matrix.type, reference), in},
        {"hidden_gradient", hidden->data, hidden->type, false, is_output(hidden->type, reference), out},
        {"matrix_gradient", matrix->data, matrix->type, false, is_output(matrix->type, reference), out},
    };
    return myr_check_arrays(context, "head", rules, 4);
}

static myr_head_job make_job(const myr_tokens *tokens, const myr_head *head, const myr_compute *compute,
                             myr_array_out hidden_gradient, myr_array_out matrix_gradient) {
    const double row = (double)tokens->vocabulary * (double)sizeof(float);
    double rows = floor((head->chunk_bytes > 0.0 ? head->chunk_bytes : usual_chunk_bytes) / row);
    rows = fmin(fmax(rows, 1.0), (double)tokens->rows);
    return (myr_head_job){.compute = *compute,
                          .rows = tokens->rows,
                          .vocabulary = tokens->vocabulary,
                          .width = head->width,
                          .hidden = head->hidden,
                          .matrix = head->matrix,
                          .labels = tokens->labels,
                          .hidden_gradient = hidden_gradient,
                          .matrix_gradient = matrix_gradient,
                          .chunk_rows = (uint64_t)rows};
}

/* A chunk: rows at … at + n - 1 of the group's list. */
static uint64_t chunk_size(const head_call *call, uint64_t at) {
    return call->count - at < call->job.chunk_rows ? call->count - at : call->job.chunk_rows;
}

static myr_status forward(myr_context *context, head_call *call, uint64_t at) {
    const uint64_t n = chunk_size(call, at), *rows = call->rows + at;
    myr_status status = call->reductions->head_forward(context, call->work, rows, n, call->results);
    for (uint64_t i = 0; status == MYR_OK && i < n; i++) {
        call->batch.results[rows[i]] = call->results[i];
        if (call->results[i].state != MYR_ROW_COUNTS)
            status = myr_token_batch_refuse(context, &call->batch, (myr_array){NULL, MYR_F32}, rows[i]);
    }
    return status;
}

static myr_status backward(myr_context *context, head_call *call, uint64_t at) {
    const uint64_t n = chunk_size(call, at), *rows = call->rows + at;
    for (uint64_t i = 0; i < n; i++) {
        call->results[i] = call->batch.results[rows[i]];
        call->upstream[i] = call->batch.upstream[rows[i]];
    }
    return call->reductions->head_backward(context, call->work, rows, n, call->results, call->upstream);
}

static void list_rows(head_call *call, uint64_t sequence) {
    const myr_token_batch *batch = &call->batch;
    for (uint64_t row = batch->starts[sequence]; row < batch->starts[sequence + 1]; row++)
        if (!batch->mask || batch->mask[row])
            call->rows[call->count++] = row;
}

/* Log-probabilities of the group's sequences; leaves the last chunk's logits. */
static myr_status forward_group(myr_context *context, head_call *call, uint64_t first, uint64_t pairs) {
    myr_status status = MYR_OK;
    call->count = 0;
    for (uint64_t i = first; i < first + pairs; i++)
        list_rows(call, i);
    for (uint64_t i = first; i < first + pairs; i++)
        list_rows(call, call->step.pairs + i);
    for (uint64_t at = 0; status == MYR_OK && at < call->count; at += call->job.chunk_rows)
        status = forward(context, call, at);
    for (uint64_t i = first; status == MYR_OK && i < first + pairs; i++) {
        myr_token_batch_add(&call->batch, i);
        myr_token_batch_add(&call->batch, call->step.pairs + i);
    }
    return status;
}

static myr_status backward_group(myr_context *context, head_call *call, uint64_t first, uint64_t pairs) {
    const uint64_t last = (call->count - 1) / call->job.chunk_rows;
    myr_status status = MYR_OK;
    for (uint64_t i = first; i < first + pairs; i++) {
        myr_token_batch_spread(&call->batch, i, call->to_sequences[i]);
        myr_token_batch_spread(&call->batch, call->step.pairs + i,
                               call->to_sequences[call->step.pairs + i]);
    }
    for (uint64_t chunk = last + 1; status == MYR_OK && chunk-- > 0;) {
        if (chunk < last)
            status = forward(context, call, chunk * call->job.chunk_rows);
        if (status == MYR_OK)
            status = backward(context, call, chunk * call->job.chunk_rows);
    }
    return status;
}

static myr_status run_group(myr_context *context, head_call *call, uint64_t first, uint64_t pairs) {
    myr_status status = forward_group(context, call, first, pairs);
    if (status == MYR_OK)
        status = myr_pair_step_run(context, &call->step, first, pairs, call->batch.logps,
                                   call->gradients ? call->to_sequences : NULL, &call->metrics);
    return status == MYR_OK && call->gradients ? backward_group(context, call, first, pairs) : status;
}

/* Pairs from `first` on that fit one chunk; at least one. */
static uint64_t fitting_pairs(const head_call *call, uint64_t first) {
    const double *lengths = call->batch.lengths;
    double rows = 0.0;
    uint64_t pairs = 0;
    while (first + pairs < call->step.pairs) {
        rows += lengths[first + pairs] + lengths[call->step.pairs + first + pairs];
        if (pairs > 0 && rows > (double)call->job.chunk_rows)
            break;
        pairs++;
    }
    return pairs;
}

static myr_status run_groups(myr_context *context, head_call *call) {
    const bool together = !call->gradients || !myr_pair_step_pointwise(&call->step);
    myr_status status = MYR_OK;
    for (uint64_t first = 0; status == MYR_OK && first < call->step.pairs;) {
        uint64_t pairs = together ? call->step.pairs : fitting_pairs(call, first);
        status = run_group(context, call, first, pairs);
        first += pairs;
    }
    return status;
}

static myr_status allocate(myr_context *context, head_call *call) {
    const size_t rows = (size_t)call->job.rows, chunk = (size_t)call->job.chunk_rows;
    const size_t sequences = (size_t)call->batch.tokens->sequences;
    call->rows = malloc(rows * sizeof *call->rows);
    call->results = malloc(chunk * sizeof *call->results);
    call->upstream = malloc(chunk * sizeof *call->upstream);
    call->to_sequences = malloc(sequences * sizeof *call->to_sequences);
    if (call->rows && call->results && call->upstream && call->to_sequences)
        return MYR_OK;
    return myr_fail_memory(context, rows * sizeof *call->rows);
}

static myr_status run(myr_context *context, head_call *call) {
    myr_pair_step_begin(&call->step, call->batch.lengths);
    myr_status status = allocate(context, call);
    if (status == MYR_OK)
        status = call->reductions->head_begin(context, &call->job, &call->work);
    if (status == MYR_OK)
        status = run_groups(context, call);
    if (status == MYR_OK && call->reductions->head_finish)
        status = call->reductions->head_finish(context, call->work);
    call->reductions->head_end(call->work);
    free(call->rows);
    free(call->results);
    free(call->upstream);
    free(call->to_sequences);
    return status;
}

static myr_status reduce(myr_context *context, const myr_loss_options *loss, const myr_tokens *tokens,
                         const myr_token_pairs *pairs, const myr_head *head,
                         const myr_compute_options *options, myr_array_out hidden_gradient,
                         myr_array_out matrix_gradient, myr_array_out sequence_logps,
                         myr_loss_metrics *metrics, myr_report *report) {
    head_call call = {.gradients = hidden_gradient.data != NULL};
    const myr_backend *backend;
    myr_compute compute;
    if (sequence_logps.data && sequence_logps.type != MYR_F64 && sequence_logps.type != MYR_F32)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "sequence_logps: of type %s (expected f64 or f32)",
                        myr_dtype_name(sequence_logps.type));
    myr_status status = myr_compute_begin(context, options, &backend, &compute, report);
    if (status == MYR_OK)
        status = check_head(context, head, &hidden_gradient, &matrix_gradient, backend);
    if (status != MYR_OK)
        return status;
    const double start = omp_get_wtime();
    status = myr_token_batch_make(context, tokens, &compute, &call.batch);
    if (status == MYR_OK)
        status = myr_pair_step_make(context, loss, pairs, tokens->sequences, tokens->average, backend,
                                    &compute, &call.step);
    if (status == MYR_OK) {
        call.reductions = backend->tokens;
        call.job = make_job(tokens, head, &compute, hidden_gradient, matrix_gradient);
        status = run(context, &call);
    }
    if (status == MYR_OK)
        status = myr_put(context, &compute, call.batch.logps, tokens->sequences, sequence_logps);
    *metrics = call.metrics;
    myr_pair_step_destroy(&call.step);
    myr_token_batch_destroy(&call.batch);
    report->seconds = omp_get_wtime() - start;
    return status;
}

myr_status myr_loss_head(myr_context *context, const myr_loss_options *loss, const myr_tokens *tokens,
                         const myr_token_pairs *pairs, const myr_head *head,
                         const myr_compute_options *options, myr_array_out hidden_gradient,
                         myr_array_out matrix_gradient, myr_array_out sequence_logps,
                         myr_loss_metrics *metrics, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_tokens rows;
    myr_head layer;
    myr_loss_metrics found = {0};
    myr_report made = {0};
    myr_status status = myr_loss_metrics_ready(context, metrics);
    if (status == MYR_OK)
        status = myr_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_head_read(context, &head, &layer);
    if (status == MYR_OK)
        status = myr_tokens_read(context, &tokens, &rows);
    if (status == MYR_OK)
        status = reduce(context, loss, tokens, pairs, head, options, hidden_gradient, matrix_gradient,
                        sequence_logps, &found, &made);
    if (status == MYR_OK)
        myr_loss_metrics_fill(metrics, &found);
    myr_report_fill(report, &made);
    return status;
}
