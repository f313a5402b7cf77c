/* RLVR's objective: log-probabilities of tokens, now and old, to loss and gradient; answers of 512 tokens
 * in groups of 8. In bytes a second: 8 read and 4 written a token. The limit is the bandwidth of reading,
 * measured in the same run: what is written counts as if it were as cheap. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_memory.h"

enum { TOKENS = 512, GROUP = 8, CHECKED = 32 /* answers */, BYTES = 12 };

typedef struct rlvr_bench {
    myr_context *context;
    myr_compute_options options;
    uint64_t answers;
    bench_column now, old, rewards;
    float *gradient;
    myr_rlvr_metrics metrics;
    myr_report report;
} rlvr_bench;

static myr_status reduce(rlvr_bench *b, const myr_compute_options *options, bool on_host, uint64_t answers,
                         myr_array_out gradient) {
    const myr_rlvr_options rlvr = MYR_RLVR_OPTIONS_INIT;
    myr_rlvr_batch batch = MYR_RLVR_BATCH_INIT;
    batch.tokens = answers * TOKENS;
    batch.sequences = answers;
    batch.groups = answers / GROUP;
    batch.log_probs.data = on_host ? b->now.host : b->now.at;
    batch.old_log_probs.data = on_host ? b->old.host : b->old.at;
    batch.rewards = (myr_array){on_host ? b->rewards.host : b->rewards.at, MYR_F32};
    b->metrics = (myr_rlvr_metrics)MYR_RLVR_METRICS_INIT;
    b->report = (myr_report)MYR_REPORT_INIT;
    return myr_loss_rlvr(b->context, &rlvr, &batch, options, (myr_array_out){NULL, MYR_F64}, gradient,
                         &b->metrics, &b->report);
}

static myr_status work(void *user) {
    rlvr_bench *b = user;
    return reduce(b, &b->options, false, b->answers, (myr_array_out){b->gradient, MYR_F32});
}

/* Results that differ from the reference's: a ratio's logarithm is below 4 and off by 2^-22, its
 * exponential by 1.5e-7 more: 1e-6 of a gradient. The objective has terms of both signs: 1e-6 of their
 * size, which is at most cap, advantage (below 3) and log-probability (4) together. */
static myr_status count_wrong(rlvr_bench *b, uint64_t *wrong) {
    static float got[CHECKED * TOKENS];
    static double expected[CHECKED * TOKENS];
    myr_compute_options reference = MYR_COMPUTE_OPTIONS_INIT;
    reference.backend = "reference";
    myr_status status = reduce(b, &b->options, false, CHECKED, (myr_array_out){b->gradient, MYR_F32});
    const double loss = b->metrics.loss;
    if (status == MYR_OK)
        status = bench_download(b->context, &b->options, got, b->gradient, sizeof got);
    if (status == MYR_OK)
        status = reduce(b, &reference, true, CHECKED, (myr_array_out){expected, MYR_F64});
    if (status != MYR_OK)
        return status;
    *wrong = !(fabs(loss - b->metrics.loss) <= 1e-6 * 4.0 * 3.0 * 4.0);
    for (size_t i = 0; i < CHECKED * TOKENS; i++)
        *wrong += !(fabs((double)got[i] - expected[i]) <= 1e-6 * fabs(expected[i]));
    return MYR_OK;
}

static myr_status fill(rlvr_bench *b) {
    const size_t tokens = (size_t)(b->answers * TOKENS);
    myr_status status = bench_make_column(b->context, &b->options, tokens, 1, -4.0f, 0.0f, &b->now);
    if (status == MYR_OK)
        status = bench_make_column(b->context, &b->options, tokens, 2, -4.0f, 0.0f, &b->old);
    if (status == MYR_OK) /* half of the answers pass: few groups are dropped */
        status =
            bench_make_column(b->context, &b->options, (size_t)b->answers, 3, -1.0f, 1.0f, &b->rewards);
    if (status == MYR_OK)
        status = bench_allocate(b->context, &b->options, tokens * sizeof *b->gradient, &b->gradient);
    return status;
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    rlvr_bench b = {.context = context, .options = MYR_COMPUTE_OPTIONS_INIT};
    bench_result result = {.name = "rlvr", .unit = "bytes/s"};
    const bool slow = myr_backend_has(options->backend, "double");
    myr_status status = bench_place(context, options, &b.options);
    b.answers = CHECKED + GROUP * (uint64_t)((slow ? 1e6 : 1.6e7) * options->scale / (GROUP * TOKENS));
    if (status == MYR_OK)
        status = fill(&b);
    if (status == MYR_OK)
        status = count_wrong(&b, &result.wrong);
    if (status == MYR_OK)
        status = bench_time_reduction(options, NULL, work, &b, &b.report, &result);
    if (status == MYR_OK) {
        result.rate = (double)(b.answers * TOKENS * BYTES) / result.seconds_median;
        snprintf(result.size, sizeof result.size, "%llu answers of %d tokens, f32",
                 (unsigned long long)b.answers, TOKENS);
        report(user, &result);
    }
    bench_release(&b.options, b.gradient);
    bench_drop_column(&b.options, &b.rewards);
    bench_drop_column(&b.options, &b.old);
    bench_drop_column(&b.options, &b.now);
    return status;
}

const bench_case bench_rlvr = {
    .name = "rlvr", .help = "RLVR's truncated objective and its gradient to the tokens", .run = run};
