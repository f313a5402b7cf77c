/* The loss of a log-linear policy and its gradient, Delta read once: DPO on N pairs of P features, in bytes
 * of Delta a second. The limit is the bandwidth of reading, measured in the same run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_memory.h"

static const uint64_t columns[] = {64, 256, 1024, 4096};

enum { CHECKED = 1 << 21, MOST = 4096 }; /* elements of Delta; columns */

typedef struct linear_bench {
    myr_context *context;
    myr_compute_options options;
    uint64_t parameters, count;
    bench_column delta, theta;
    float *gradient;
    myr_linear_metrics metrics;
    myr_report report;
} linear_bench;

static myr_status reduce(linear_bench *b, const myr_compute_options *options, const float *delta,
                         const float *theta, uint64_t count, float *gradient) {
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_features features = MYR_FEATURES_INIT;
    features.count = count;
    features.parameters = b->parameters;
    features.delta.data = delta;
    b->report = (myr_report)MYR_REPORT_INIT;
    return myr_loss_linear(b->context, &loss, &features, (myr_array){theta, MYR_F32}, options,
                           (myr_array_out){gradient, MYR_F32}, &b->metrics, &b->report);
}

static myr_status work(void *user) {
    linear_bench *b = user;
    return reduce(b, &b->options, b->delta.at, b->theta.at, b->count, b->gradient);
}

/* Results that differ from the reference's, on rows that end inside a chunk. beta is 0.1, |Delta| at most
 * 1, margins below 4: float rounding leaves some 1e-7 beta in a gradient, where each slope is near beta/2.
 */
static myr_status count_wrong(linear_bench *b, uint64_t *wrong) {
    static float got[MOST], expected[MOST];
    uint64_t rows = CHECKED / b->parameters - 1;
    rows = rows < b->count ? rows : b->count;
    myr_compute_options reference = MYR_COMPUTE_OPTIONS_INIT;
    reference.backend = "reference";
    myr_status status = reduce(b, &b->options, b->delta.at, b->theta.at, rows, b->gradient);
    const double loss = b->metrics.loss;
    if (status == MYR_OK)
        status = bench_download(b->context, &b->options, got, b->gradient, b->parameters * sizeof *got);
    if (status == MYR_OK)
        status = reduce(b, &reference, b->delta.host, b->theta.host, rows, expected);
    if (status != MYR_OK)
        return status;
    *wrong = !(fabs(loss - b->metrics.loss) <= 1e-6 * b->metrics.loss);
    for (uint64_t p = 0; p < b->parameters; p++)
        *wrong += !(fabsf(got[p] - expected[p]) <= 1e-6f * 0.1f);
    return MYR_OK;
}

static myr_status run_size(linear_bench *b, const bench_options *options, bench_report report, void *user) {
    bench_result result = {.name = "linear", .unit = "bytes/s"};
    const size_t elements = (size_t)(b->count * b->parameters);
    myr_status status = bench_make_column(b->context, &b->options, elements, 1, -0.9f, 1.0f, &b->delta);
    if (status == MYR_OK)
        status = bench_make_column(b->context, &b->options, b->parameters, 2, -0.05f, 0.05f, &b->theta);
    if (status == MYR_OK)
        status = bench_allocate(b->context, &b->options, b->parameters * sizeof *b->gradient, &b->gradient);
    if (status == MYR_OK)
        status = count_wrong(b, &result.wrong);
    if (status == MYR_OK)
        status = bench_time_reduction(options, NULL, work, b, &b->report, &result);
    if (status == MYR_OK) {
        result.rate = (double)elements * sizeof(float) / result.seconds_median;
        snprintf(result.size, sizeof result.size, "N = %llu, P = %llu", (unsigned long long)b->count,
                 (unsigned long long)b->parameters);
        report(user, &result);
    }
    bench_release(&b->options, b->gradient);
    bench_drop_column(&b->options, &b->theta);
    bench_drop_column(&b->options, &b->delta);
    return status;
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    const bool slow = myr_backend_has(options->backend, "double");
    myr_status status = MYR_OK;
    for (size_t c = 0; status == MYR_OK && c < sizeof columns / sizeof *columns; c++) {
        linear_bench b = {
            .context = context, .options = MYR_COMPUTE_OPTIONS_INIT, .parameters = columns[c]};
        status = bench_place(context, options, &b.options);
        b.count = 1 + (uint64_t)((slow ? 4e6 : 8e7) * options->scale) / columns[c];
        if (status == MYR_OK)
            status = run_size(&b, options, report, user);
    }
    return status;
}

const bench_case bench_linear = {
    .name = "linear", .help = "a loss of a log-linear policy on features, and its gradient", .run = run};
