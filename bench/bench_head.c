/* The last layer of a language model, from hidden states and output matrix to DPO's loss and the gradients
 * to both: in chunks, the logits never stored whole, beside the same with the logits stored; in tokens a
 * second, with the memory that each takes at most besides its arguments. The limit of the former is the
 * latter's rate. On a GPU 8,192 tokens, 32,000 words, hidden states of 1,024; on a CPU a quarter of each,
 * and with --scale 64 the same. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_memory.h"

enum { SEQUENCES = 32, CHUNKS = 16, CHECKED = 2 /* sequences, of a row each */ };

typedef struct head_bench {
    myr_context *context;
    myr_compute_options options;
    uint64_t rows, vocabulary, width;
    bench_column hidden, matrix, reference;
    float *to_hidden, *to_matrix;
    float *labels;        /* 32-bit integers, where the backend wants them */
    int32_t *host_labels; /* the same in the host's memory */
    double chunk_bytes;
    myr_loss_metrics metrics;
    myr_report report;
    double peak;
} head_bench;

typedef struct head_arrays {
    const void *hidden, *matrix, *labels, *reference;
    void *to_hidden, *to_matrix;
} head_arrays;

static myr_status reduce(head_bench *b, const myr_compute_options *options, const head_arrays *at,
                         uint64_t rows, uint64_t sequences) {
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_tokens tokens = MYR_TOKENS_INIT;
    myr_token_pairs pairs = MYR_TOKEN_PAIRS_INIT;
    myr_head head = MYR_HEAD_INIT;
    b->metrics = (myr_loss_metrics)MYR_LOSS_METRICS_INIT;
    b->report = (myr_report)MYR_REPORT_INIT;
    tokens.rows = rows;
    tokens.vocabulary = b->vocabulary;
    tokens.labels = (myr_array){at->labels, MYR_I32};
    tokens.sequences = sequences;
    pairs.reference = (myr_array){at->reference, MYR_F32};
    head.width = b->width;
    head.hidden.data = at->hidden;
    head.matrix.data = at->matrix;
    head.chunk_bytes = b->chunk_bytes;
    return myr_loss_head(b->context, &loss, &tokens, &pairs, &head, options,
                         (myr_array_out){at->to_hidden, MYR_F32}, (myr_array_out){at->to_matrix, MYR_F32},
                         (myr_array_out){NULL, MYR_F64}, &b->metrics, &b->report);
}

static myr_status reduce_rows(head_bench *b, uint64_t rows, uint64_t sequences) {
    const head_arrays at = {b->hidden.at,    b->matrix.at, b->labels,
                            b->reference.at, b->to_hidden, b->to_matrix};
    return reduce(b, &b->options, &at, rows, sequences);
}

static myr_status work(void *user) {
    head_bench *b = user;
    return reduce_rows(b, b->rows, SEQUENCES);
}

static uint64_t differing(const float *got, const float *expected, size_t count, float share) {
    float largest = 0.0f;
    uint64_t wrong = 0;
    for (size_t i = 0; i < count; i++)
        largest = fabsf(expected[i]) > largest ? fabsf(expected[i]) : largest;
    for (size_t i = 0; i < count; i++)
        wrong += !(fabsf(got[i] - expected[i]) <= share * largest);
    return wrong;
}

/* Both gradients, to got[hidden + matrix]. */
static myr_status take_gradients(head_bench *b, size_t hidden, size_t matrix, float *got) {
    myr_status status = bench_download(b->context, &b->options, got, b->to_hidden, hidden * sizeof *got);
    if (status == MYR_OK)
        status = bench_download(b->context, &b->options, got + hidden, b->to_matrix, matrix * sizeof *got);
    return status;
}

/* Gradients of a pair of two rows that differ from the reference's by more than 1e-4 of the largest one:
 * rounding of logits, sums of `width` terms, leaves some 1e-6 of it, a wrong place all of it. Fast arithmetic, which may keep 11
 * bits of each factor, is a thousandth off, and allowed 3e-2; the loss, of beta 0.1 times logits, 1e-2. */
static myr_status count_wrong(head_bench *b, uint64_t *wrong) {
    const size_t hidden = CHECKED * (size_t)b->width, matrix = (size_t)(b->vocabulary * b->width);
    float *got = malloc(2 * (hidden + matrix) * sizeof *got), *expected = got + hidden + matrix;
    myr_compute_options reference = MYR_COMPUTE_OPTIONS_INIT;
    if (!got)
        return MYR_OUT_OF_MEMORY;
    const head_arrays at = {b->hidden.host,    b->matrix.host, b->host_labels,
                            b->reference.host, expected,       expected + hidden};
    reference.backend = "reference";
    myr_status status = reduce_rows(b, CHECKED, CHECKED);
    const double loss = b->metrics.loss;
    if (status == MYR_OK)
        status = take_gradients(b, hidden, matrix, got);
    if (status == MYR_OK)
        status = reduce(b, &reference, &at, CHECKED, CHECKED);
    const bool fast = b->options.math && strcmp(b->options.math, "fast") == 0;
    const float share = fast ? 3e-2f : 1e-4f;
    if (status == MYR_OK)
        *wrong += !(fabs(loss - b->metrics.loss) <= (fast ? 1e-2 : 1e-5)) +
                  differing(got, expected, hidden, share) +
                  differing(got + hidden, expected + hidden, matrix, share);
    free(got);
    return status;
}

/* Gradients of all rows in chunks that differ from those with the logits stored, likewise. */
static myr_status count_differing(head_bench *b, double chunk_bytes, double stored_bytes, uint64_t *wrong) {
    const size_t hidden = (size_t)(b->rows * b->width), matrix = (size_t)(b->vocabulary * b->width);
    float *got = malloc(2 * (hidden + matrix) * sizeof *got), *expected = got + hidden + matrix;
    if (!got)
        return MYR_OUT_OF_MEMORY;
    b->chunk_bytes = chunk_bytes;
    myr_status status = work(b);
    if (status == MYR_OK)
        status = take_gradients(b, hidden, matrix, got);
    b->chunk_bytes = stored_bytes;
    if (status == MYR_OK)
        status = work(b);
    if (status == MYR_OK)
        status = take_gradients(b, hidden, matrix, expected);
    if (status == MYR_OK)
        *wrong += differing(got, expected, hidden, 1e-4f) +
                  differing(got + hidden, expected + hidden, matrix, 1e-4f);
    free(got);
    return status;
}

static myr_status fill(head_bench *b) {
    const size_t hidden = (size_t)(b->rows * b->width), matrix = (size_t)(b->vocabulary * b->width);
    const size_t labels = (size_t)b->rows * sizeof *b->host_labels;
    b->host_labels = malloc(labels);
    if (!b->host_labels)
        return MYR_OUT_OF_MEMORY;
    for (uint64_t row = 0; row < b->rows; row++)
        b->host_labels[row] = (int32_t)(row * 7919 % b->vocabulary);
    myr_status status =
        bench_upload(b->context, &b->options, (float *)(void *)b->host_labels, labels, &b->labels);
    if (status == MYR_OK)
        status = bench_make_column(b->context, &b->options, hidden, 1, -1.0f, 1.0f, &b->hidden);
    if (status == MYR_OK)
        status = bench_make_column(b->context, &b->options, matrix, 2, -0.1f, 0.1f, &b->matrix);
    if (status == MYR_OK)
        status = bench_make_column(b->context, &b->options, SEQUENCES, 3, -14.0f, -12.0f, &b->reference);
    if (status == MYR_OK)
        status = bench_allocate(b->context, &b->options, hidden * sizeof(float), &b->to_hidden);
    if (status == MYR_OK)
        status = bench_allocate(b->context, &b->options, matrix * sizeof(float), &b->to_matrix);
    return status;
}

static void release(head_bench *b) {
    bench_release(&b->options, b->to_hidden);
    bench_release(&b->options, b->to_matrix);
    bench_drop_column(&b->options, &b->reference);
    bench_drop_column(&b->options, &b->matrix);
    bench_drop_column(&b->options, &b->hidden);
    if (b->labels != (float *)(void *)b->host_labels)
        bench_release(&b->options, b->labels);
    free(b->host_labels);
}

static myr_status measure(head_bench *b, const bench_options *options, bench_result *result) {
    const double before = bench_peak_begin(b->context, &b->options);
    myr_status status = bench_time(options->repeats, work, b, result);
    b->peak = bench_peak_since(b->context, &b->options, before);
    result->rate = (double)b->rows / result->seconds_median;
    bench_took(result, b->report.backend, b->report.device);
    snprintf(result->size, sizeof result->size, "%llu x %llu x %llu, takes %.4g MB",
             (unsigned long long)b->rows, (unsigned long long)b->vocabulary, (unsigned long long)b->width,
             b->peak * 1e-6);
    return status;
}

/* Chunks of a pair each, then one chunk for all: stored. */
static myr_status measure_both(head_bench *b, const bench_options *options, bench_report report,
                               void *user) {
    bench_result fused = {.name = "fused-linear", .unit = "tokens/s"};
    bench_result stored = {.name = "stored-logits", .unit = "tokens/s", .limit = (double)NAN};
    const double logits = (double)b->rows * (double)b->vocabulary * (double)sizeof(float);
    b->chunk_bytes = logits / (double)b->rows; /* a row, so that there are two chunks */
    myr_status status = count_wrong(b, &fused.wrong);
    b->chunk_bytes = logits;
    if (status == MYR_OK)
        status = count_wrong(b, &stored.wrong);
    if (status == MYR_OK)
        status = count_differing(b, logits / CHUNKS, logits, &fused.wrong);
    b->chunk_bytes = logits / CHUNKS;
    if (status == MYR_OK)
        status = measure(b, options, &fused);
    b->chunk_bytes = logits;
    if (status == MYR_OK)
        status = measure(b, options, &stored);
    if (status != MYR_OK)
        return status;
    fused.limit = stored.rate;
    report(user, &fused);
    report(user, &stored);
    return MYR_OK;
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    head_bench b = {.context = context, .options = MYR_COMPUTE_OPTIONS_INIT};
    myr_status status = bench_place(context, options, &b.options);
    double size = cbrt(options->scale);
    if (b.options.memory == MYR_DEVICE)
        size *= 4.0;
    if (myr_backend_has(options->backend, "double"))
        size *= 0.1;
    b.rows = SEQUENCES * (1 + (uint64_t)(64.0 * size - 0.5));
    b.vocabulary = 1 + (uint64_t)(8000.0 * size - 0.5);
    b.width = 1 + (uint64_t)(256.0 * size - 0.5);
    if (status == MYR_OK)
        status = fill(&b);
    if (status == MYR_OK)
        status = measure_both(&b, options, report, user);
    release(&b);
    return status;
}

const bench_case bench_head = {
    .name = "fused-linear",
    .help = "hidden states and matrix to DPO's loss and gradients, in chunks and stored",
    .run = run};
