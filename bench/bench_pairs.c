/* The reduction over pairs: four columns of floats to loss, metrics and both gradients, in bytes a second:
 * 16 read and 8 written a pair. The limit is the bandwidth of reading, measured in the same run: what is
 * written counts as if it were as cheap. Once with margins of rewards up to 3.2, and once, far, up to 100,
 * where slopes end: that shall take no longer. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_memory.h"

enum { CHECKED = (1 << 17) + 1, COLUMNS = 4, BYTES = 24 };

typedef struct pairs_bench {
    myr_context *context;
    myr_compute_options options;
    uint64_t count;
    bool far;
    bench_column column[COLUMNS];
    float *gradient[2];
    myr_loss_metrics metrics;
    myr_report report;
} pairs_bench;

static myr_status reduce(pairs_bench *b, const myr_compute_options *options, bool on_host,
                         myr_array_out chosen, myr_array_out rejected, uint64_t count) {
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_pairs pairs = MYR_PAIRS_INIT;
    myr_array *const columns[COLUMNS] = {&pairs.policy_chosen, &pairs.policy_rejected,
                                         &pairs.reference_chosen, &pairs.reference_rejected};
    pairs.count = count;
    for (int c = 0; c < COLUMNS; c++)
        *columns[c] = (myr_array){on_host ? b->column[c].host : b->column[c].at, MYR_F32};
    b->metrics = (myr_loss_metrics)MYR_LOSS_METRICS_INIT;
    b->report = (myr_report)MYR_REPORT_INIT;
    return myr_loss_pairs(b->context, &loss, &pairs, options, chosen, rejected, &b->metrics, &b->report);
}

static myr_status work(void *user) {
    pairs_bench *b = user;
    return reduce(b, &b->options, false, (myr_array_out){b->gradient[0], MYR_F32},
                  (myr_array_out){b->gradient[1], MYR_F32}, b->count);
}

/* Results of a batch that ends inside a chunk that differ from the reference's by more than 1e-5; float
 * rounding of log-probabilities of up to 128 and of the exponential leaves some 1e-6. Far, sums of four
 * log-probabilities of up to 1,000 are off by 1e-4, of which a tenth is in the exponent; and slopes below
 * 8.3e-25 of beta are 0 (myriad/preference.h). */
static myr_status count_wrong(pairs_bench *b, uint64_t *wrong) {
    const uint64_t count = b->count < CHECKED ? b->count : CHECKED;
    double *expected[2] = {malloc(CHECKED * sizeof(double)), malloc(CHECKED * sizeof(double))};
    float *got[2] = {malloc(CHECKED * sizeof(float)), malloc(CHECKED * sizeof(float))};
    myr_status status = MYR_OUT_OF_MEMORY;
    myr_loss_metrics fast = MYR_LOSS_METRICS_INIT;
    myr_compute_options reference = MYR_COMPUTE_OPTIONS_INIT;
    reference.backend = "reference";
    if (expected[0] && expected[1] && got[0] && got[1])
        status = reduce(b, &b->options, false, (myr_array_out){b->gradient[0], MYR_F32},
                        (myr_array_out){b->gradient[1], MYR_F32}, count);
    fast = b->metrics;
    for (int c = 0; status == MYR_OK && c < 2; c++)
        status = bench_download(b->context, &b->options, got[c], b->gradient[c], count * sizeof(float));
    if (status == MYR_OK)
        status = reduce(b, &reference, true, (myr_array_out){expected[0], MYR_F64},
                        (myr_array_out){expected[1], MYR_F64}, count);
    if (status == MYR_OK) {
        const double share = b->far ? 3e-5 : 1e-5, least = 8.3e-25 * 0.1 / (double)count;
        *wrong = !(fabs(fast.loss - b->metrics.loss) <= 1e-5 * b->metrics.loss);
        for (int c = 0; c < 2; c++)
            for (uint64_t i = 0; i < count; i++)
                *wrong +=
                    !(fabs((double)got[c][i] - expected[c][i]) <= share * fabs(expected[c][i]) + least);
    }
    for (int c = 0; c < 2; c++) {
        free(expected[c]);
        free(got[c]);
    }
    return status;
}

static myr_status fill(pairs_bench *b) {
    const size_t size = b->count * sizeof(float);
    myr_status status = MYR_OK;
    for (int c = 0; status == MYR_OK && c < COLUMNS; c++)
        status = bench_make_column(b->context, &b->options, (size_t)b->count, 1 + (uint64_t)c,
                                   b->far && c < 2 ? -1000.0f : -36.0f, b->far && c < 2 ? 0.0f : -20.0f,
                                   &b->column[c]);
    for (int g = 0; status == MYR_OK && g < 2; g++)
        status = bench_allocate(b->context, &b->options, size, &b->gradient[g]);
    return status;
}

static void release(pairs_bench *b) {
    for (int g = 0; g < 2; g++)
        bench_release(&b->options, b->gradient[g]);
    for (int c = 0; c < COLUMNS; c++)
        bench_drop_column(&b->options, &b->column[c]);
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    pairs_bench b = {.context = context, .options = MYR_COMPUTE_OPTIONS_INIT, .far = options->far};
    bench_result result = {.name = options->far ? "pairs-far" : "pairs", .unit = "bytes/s"};
    myr_status status = bench_place(context, options, &b.options);
    bool slow = myr_backend_has(options->backend, "double");
    b.count = 1 + (uint64_t)((slow ? 1e6 : 1.6e7) * options->scale);
    if (status == MYR_OK)
        status = fill(&b);
    if (status == MYR_OK)
        status = count_wrong(&b, &result.wrong);
    if (status == MYR_OK)
        status = bench_time_reduction(options, NULL, work, &b, &b.report, &result);
    if (status == MYR_OK) {
        result.rate = (double)b.count * BYTES / result.seconds_median;
        snprintf(result.size, sizeof result.size, "N = %llu, f32", (unsigned long long)b.count);
        report(user, &result);
    }
    release(&b);
    return status;
}

const bench_case bench_pairs = {.name = "pairs",
                                .help = "the reduction over pairs: DPO's loss, metrics and both gradients",
                                .run = run};
const bench_case bench_pairs_far = {
    .name = "pairs-far", .help = "the same with margins of rewards up to 100", .run = run, .far = true};
