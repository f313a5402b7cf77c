/* The reduction over rankings: two columns of floats to Plackett-Luce losses and gradients, rankings of K
 * answers, in bytes a second: 8 read and 4 written an answer. The limit is the bandwidth of reading,
 * measured in the same run: what is written counts as if it were as cheap. Once with rewards up to 3.2
 * apart, and once, far, up to 100, where probabilities end: that shall take no longer. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_memory.h"

static const uint64_t lengths[] = {4, 32, 4096};

enum { CHECKED = 1 << 14, BYTES = 12 };

typedef struct rankings_bench {
    myr_context *context;
    myr_compute_options options;
    uint64_t length, count; /* answers of a ranking, rankings */
    bool far;
    bench_column now, old;
    float *gradient;
    myr_ranking_metrics metrics;
    myr_report report;
} rankings_bench;

static myr_status reduce(rankings_bench *b, const myr_compute_options *options, const float *now,
                         const float *old, uint64_t count, myr_array_out gradient) {
    myr_rankings rankings = MYR_RANKINGS_INIT;
    rankings.answers = count * b->length;
    rankings.count = count;
    rankings.log_probs = (myr_array){now, MYR_F32};
    rankings.reference = (myr_array){old, MYR_F32};
    b->metrics = (myr_ranking_metrics)MYR_RANKING_METRICS_INIT;
    b->report = (myr_report)MYR_REPORT_INIT;
    return myr_loss_rankings(b->context, &rankings, options, gradient, &b->metrics, &b->report);
}

static myr_status work(void *user) {
    rankings_bench *b = user;
    return reduce(b, &b->options, b->now.at, b->old.at, b->count, (myr_array_out){b->gradient, MYR_F32});
}

/* Results that differ from the reference's by more than the bound that myriad/rankings.h states. */
static myr_status count_wrong(rankings_bench *b, uint64_t *wrong) {
    static float got[CHECKED];
    static double expected[CHECKED];
    uint64_t count = CHECKED / b->length;
    count = count < b->count ? count : b->count;
    myr_compute_options reference = MYR_COMPUTE_OPTIONS_INIT;
    reference.backend = "reference";
    myr_status status =
        reduce(b, &b->options, b->now.at, b->old.at, count, (myr_array_out){b->gradient, MYR_F32});
    const double loss = b->metrics.loss;
    if (status == MYR_OK)
        status = bench_download(b->context, &b->options, got, b->gradient, count * b->length * sizeof *got);
    if (status == MYR_OK)
        status = reduce(b, &reference, b->now.host, b->old.host, count, (myr_array_out){expected, MYR_F64});
    if (status != MYR_OK)
        return status;
    *wrong = !(fabs(loss - b->metrics.loss) <= 2e-6 * b->metrics.loss);
    for (uint64_t i = 0; i < count * b->length; i++) {
        const double bound = 1e-6 * 0.1 / (double)count * (double)(1 + i % b->length);
        *wrong += !(fabs((double)got[i] - expected[i]) <= bound + 0x1p-24 * fabs(expected[i]));
    }
    return MYR_OK;
}

static myr_status run_length(rankings_bench *b, const bench_options *options, bench_report report,
                             void *user) {
    bench_result result = {.name = b->far ? "rankings-far" : "rankings", .unit = "bytes/s"};
    const size_t answers = (size_t)(b->count * b->length);
    myr_status status = bench_make_column(b->context, &b->options, answers, 1, b->far ? -1000.0f : -36.0f,
                                          b->far ? 0.0f : -20.0f, &b->now);
    if (status == MYR_OK)
        status = bench_make_column(b->context, &b->options, answers, 2, -36.0f, -20.0f, &b->old);
    if (status == MYR_OK)
        status = bench_allocate(b->context, &b->options, answers * sizeof *b->gradient, &b->gradient);
    if (status == MYR_OK)
        status = count_wrong(b, &result.wrong);
    if (status == MYR_OK)
        status = bench_time_reduction(options, NULL, work, b, &b->report, &result);
    if (status == MYR_OK) {
        result.rate = (double)answers * BYTES / result.seconds_median;
        snprintf(result.size, sizeof result.size, "N = %llu, K = %llu, f32", (unsigned long long)b->count,
                 (unsigned long long)b->length);
        report(user, &result);
    }
    bench_release(&b->options, b->gradient);
    bench_drop_column(&b->options, &b->old);
    bench_drop_column(&b->options, &b->now);
    return status;
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    const bool slow = myr_backend_has(options->backend, "double");
    myr_status status = MYR_OK;
    for (size_t l = 0; status == MYR_OK && l < sizeof lengths / sizeof *lengths; l++) {
        rankings_bench b = {.context = context,
                            .options = MYR_COMPUTE_OPTIONS_INIT,
                            .length = lengths[l],
                            .far = options->far};
        status = bench_place(context, options, &b.options);
        b.count = 1 + (uint64_t)((slow ? 1e4 : 1.6e7) * options->scale) / lengths[l];
        if (status == MYR_OK)
            status = run_length(&b, options, report, user);
    }
    return status;
}

const bench_case bench_rankings = {.name = "rankings",
                                   .help = "the reduction over rankings: Plackett-Luce's loss and gradient",
                                   .run = run};
const bench_case bench_rankings_far = {
    .name = "rankings-far", .help = "the same with rewards up to 100 apart", .run = run, .far = true};
