/* The reduction over tokens: logits [rows][vocabulary] to DPO's loss and, in place, its gradient; in
 * bytes a second: the logits read twice and written once. The limit is the bandwidth of reading,
 * measured in the same run: what is written counts as if it were as cheap. Once with logits up to 16
 * apart, whose gradients are the next run's logits, and once, far, always with new ones up to 400
 * apart, most of which have next to no probability: that shall take no longer. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_memory.h"

enum { VOCABULARY = 32000, PAIRS = 4, CHECKED = 2 * PAIRS /* rows */ };

typedef struct tokens_bench {
    myr_context *context;
    myr_compute_options options;
    uint64_t rows;
    bool far;
    bench_column logits, reference;
    float *labels;        /* 32-bit integers, where the backend wants them */
    int32_t *host_labels; /* the same in the host's memory */
    myr_loss_metrics metrics;
    myr_report report;
} tokens_bench;

static myr_status reduce(tokens_bench *b, const myr_compute_options *options, bool on_host, uint64_t rows,
                         myr_array_out logits) {
    const myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_tokens tokens = MYR_TOKENS_INIT;
    myr_token_pairs pairs = MYR_TOKEN_PAIRS_INIT;
    tokens.rows = rows;
    tokens.vocabulary = VOCABULARY;
    tokens.labels = (myr_array){on_host ? (const void *)b->host_labels : b->labels, MYR_I32};
    tokens.sequences = CHECKED;
    pairs.reference = (myr_array){on_host ? b->reference.host : b->reference.at, MYR_F32};
    b->metrics = (myr_loss_metrics)MYR_LOSS_METRICS_INIT;
    b->report = (myr_report)MYR_REPORT_INIT;
    return myr_loss_tokens(b->context, &loss, &tokens, &pairs, logits, true, options,
                           (myr_array_out){NULL, MYR_F64}, &b->metrics, &b->report);
}

/* The gradients of one run are the next one's logits. */
static myr_status work(void *user) {
    tokens_bench *b = user;
    return reduce(b, &b->options, false, b->rows, (myr_array_out){b->logits.at, MYR_F32});
}

static myr_status make_logits(tokens_bench *b) {
    const float most = b->far ? 200.0f : 8.0f;
    return bench_make_column(b->context, &b->options, (size_t)b->rows * VOCABULARY, 1, -most, most,
                             &b->logits);
}

static myr_status renew_logits(void *user) {
    tokens_bench *b = user;
    bench_drop_column(&b->options, &b->logits);
    b->logits = (bench_column){NULL, NULL};
    return make_logits(b);
}

/* Results of one row a sequence that differ from the reference's. A log-probability is within 1.1e-6
 * (myriad/tokens.h), and so is a softmax of itself; a slope of the loss, near beta/2, by 1e-6 of that.
 * Far, margins up to 400 are off by 5e-5, of which a tenth is in the exponent and in the loss, and
 * slopes below 2^-90 may be 0. */
static myr_status count_wrong(tokens_bench *b, uint64_t *wrong) {
    enum { ELEMENTS = CHECKED * VOCABULARY };
    double *expected = malloc(ELEMENTS * sizeof *expected);
    float *got = malloc(ELEMENTS * sizeof *got);
    myr_compute_options reference = MYR_COMPUTE_OPTIONS_INIT;
    reference.backend = "reference";
    if (!expected || !got) {
        free(expected);
        free(got);
        return MYR_OUT_OF_MEMORY;
    }
    for (size_t i = 0; i < ELEMENTS; i++) /* before they are overwritten */
        expected[i] = (double)b->logits.host[i];
    myr_status status = reduce(b, &b->options, false, CHECKED, (myr_array_out){b->logits.at, MYR_F32});
    const double loss = b->metrics.loss;
    if (status == MYR_OK)
        status = bench_download(b->context, &b->options, got, b->logits.at, ELEMENTS * sizeof *got);
    if (status == MYR_OK)
        status = reduce(b, &reference, true, CHECKED, (myr_array_out){expected, MYR_F64});
    if (status == MYR_OK) {
        const double share = b->far ? 1e-5 : 4e-6, least = b->far ? 0x1p-90 : 0.0;
        *wrong = !(fabs(loss - b->metrics.loss) <= (b->far ? 1e-5 : 1e-6));
        for (size_t i = 0; i < ELEMENTS; i++)
            *wrong += !(fabs((double)got[i] - expected[i]) <= share * fabs(expected[i]) + least);
    }
    free(expected);
    free(got);
    return status;
}

static myr_status fill(tokens_bench *b) {
    const size_t bytes = (size_t)b->rows * sizeof *b->host_labels;
    b->host_labels = malloc(bytes);
    if (!b->host_labels)
        return MYR_OUT_OF_MEMORY;
    for (uint64_t row = 0; row < b->rows; row++)
        b->host_labels[row] = (int32_t)(row * 7919 % VOCABULARY);
    myr_status status =
        bench_upload(b->context, &b->options, (float *)(void *)b->host_labels, bytes, &b->labels);
    if (status == MYR_OK)
        status = make_logits(b);
    if (status == MYR_OK)
        status = bench_make_column(b->context, &b->options, CHECKED, 2, -14.0f, -12.0f, &b->reference);
    return status;
}

static void release(tokens_bench *b) {
    bench_drop_column(&b->options, &b->reference);
    bench_drop_column(&b->options, &b->logits);
    if (b->labels != (float *)(void *)b->host_labels)
        bench_release(&b->options, b->labels);
    free(b->host_labels);
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    tokens_bench b = {.context = context, .options = MYR_COMPUTE_OPTIONS_INIT, .far = options->far};
    bench_result result = {.name = options->far ? "tokens-far" : "tokens", .unit = "bytes/s"};
    const bool slow = myr_backend_has(options->backend, "double");
    myr_status status = bench_place(context, options, &b.options);
    b.rows = CHECKED + CHECKED * (uint64_t)((slow ? 1e6 : 3e7) * options->scale / (CHECKED * VOCABULARY));
    if (status == MYR_OK)
        status = fill(&b);
    if (status == MYR_OK)
        status = count_wrong(&b, &result.wrong);
    if (status == MYR_OK)
        status = bench_time_reduction(options, b.far ? renew_logits : NULL, work, &b, &b.report, &result);
    if (status == MYR_OK) {
        result.rate = 3.0 * (double)(b.rows * VOCABULARY) * sizeof(float) / result.seconds_median;
        snprintf(result.size, sizeof result.size, "%llu rows of %d logits, f32", (unsigned long long)b.rows,
                 VOCABULARY);
        report(user, &result);
    }
    release(&b);
    return status;
}

const bench_case bench_tokens = {
    .name = "tokens", .help = "logits to DPO's loss, and its gradient in their place", .run = run};
const bench_case bench_tokens_far = {
    .name = "tokens-far", .help = "the same with logits up to 400 apart", .run = run, .far = true};
