/* Many losses of a log-linear policy and their gradients: 256 bootstrap replicates with a theta each, of N
 * pairs of 64 features, in pairs times replicates a second. The limit, on the cpu: the two products of
 * matrices alone (ceiling_products.c: they are as large there). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_memory.h"

enum { PARAMETERS = 64, REPLICATES = 256, CHECKED = 3000, COMPARED = 3, CEILING_PAIRS = 1024 };

typedef struct many_bench {
    myr_context *context;
    myr_compute_options options;
    uint64_t count;
    bench_column delta, theta;
    float *gradient;
    myr_linear_metrics metrics[REPLICATES];
    myr_report report;
} many_bench;

static myr_status reduce(many_bench *b, const myr_compute_options *options, const float *delta,
                         const float *theta, uint64_t count, uint32_t replicates, float *gradient) {
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_features features = MYR_FEATURES_INIT;
    myr_many many = MYR_MANY_INIT;
    features.count = count;
    features.parameters = PARAMETERS;
    features.delta.data = delta;
    many.replicates = replicates;
    many.each_theta = many.bootstrap = true;
    b->report = (myr_report)MYR_REPORT_INIT;
    return myr_loss_many(b->context, &loss, &features, (myr_array){theta, MYR_F32}, &many, options,
                         (myr_array_out){gradient, MYR_F32}, b->metrics, &b->report);
}

static myr_status work(void *user) {
    many_bench *b = user;
    return reduce(b, &b->options, b->delta.at, b->theta.at, b->count, REPLICATES, b->gradient);
}

/* Results of the first replicates that differ from the reference's: as bench_linear.c, but that products of
 * 1,024 pairs are added in float, which leaves up to 6e-5 beta. */
static myr_status count_wrong(many_bench *b, uint64_t *wrong) {
    static float got[REPLICATES * PARAMETERS], expected[COMPARED * PARAMETERS];
    const uint64_t rows = b->count < CHECKED ? b->count : CHECKED;
    double loss[COMPARED];
    myr_compute_options reference = MYR_COMPUTE_OPTIONS_INIT;
    reference.backend = "reference";
    myr_status status = reduce(b, &b->options, b->delta.at, b->theta.at, rows, REPLICATES, b->gradient);
    for (int r = 0; r < COMPARED; r++)
        loss[r] = b->metrics[r].loss;
    if (status == MYR_OK)
        status = bench_download(b->context, &b->options, got, b->gradient, sizeof got);
    if (status == MYR_OK)
        status = reduce(b, &reference, b->delta.host, b->theta.host, rows, COMPARED, expected);
    if (status != MYR_OK)
        return status;
    for (int r = 0; r < COMPARED; r++)
        *wrong += !(fabs(loss[r] - b->metrics[r].loss) <= 1e-5 * b->metrics[r].loss);
    for (int i = 0; i < COMPARED * PARAMETERS; i++)
        *wrong += !(fabsf(got[i] - expected[i]) <= 6e-5f * 0.1f);
    return MYR_OK;
}

static double limit_of(const many_bench *b, const bench_options *options) {
    if (!bench_on_cpu(b->report.backend))
        return (double)NAN;
    return CEILING_PAIRS * bench_ceiling_products(CEILING_PAIRS, PARAMETERS, bench_threads(options));
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    many_bench b = {.context = context, .options = MYR_COMPUTE_OPTIONS_INIT};
    bench_result result = {.name = "many", .unit = "pair-losses/s"};
    const bool slow = myr_backend_has(options->backend, "double");
    myr_status status = bench_place(context, options, &b.options);
    b.count = 1 + (uint64_t)((slow ? 2e2 : 1.3e5) * options->scale);
    if (status == MYR_OK)
        status = bench_make_column(context, &b.options, b.count * PARAMETERS, 1, -0.9f, 1.0f, &b.delta);
    if (status == MYR_OK)
        status =
            bench_make_column(context, &b.options, REPLICATES * PARAMETERS, 2, -0.05f, 0.05f, &b.theta);
    if (status == MYR_OK)
        status = bench_allocate(context, &b.options, REPLICATES * PARAMETERS * sizeof(float), &b.gradient);
    if (status == MYR_OK)
        status = count_wrong(&b, &result.wrong);
    if (status == MYR_OK)
        status = bench_time(options->repeats, work, &b, &result);
    if (status == MYR_OK) {
        bench_took(&result, b.report.backend, b.report.device);
        result.limit = limit_of(&b, options);
        result.rate = (double)b.count * REPLICATES / result.seconds_median;
        snprintf(result.size, sizeof result.size, "N = %llu, P = %d, B = %d, bootstrap",
                 (unsigned long long)b.count, PARAMETERS, REPLICATES);
        report(user, &result);
    }
    bench_release(&b.options, b.gradient);
    bench_drop_column(&b.options, &b.theta);
    bench_drop_column(&b.options, &b.delta);
    return status;
}

const bench_case bench_many = {
    .name = "many", .help = "bootstrap losses of a log-linear policy, and their gradients", .run = run};
