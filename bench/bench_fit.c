/* Fits of preferences, in comparisons a second. Three of a million comparisons each:
 *
 *     fit-bootstrap    of 100 items, 1,000 times over: the pairs are aggregated first
 *     fit-many-items   of 100,000 items: L-BFGS
 *     fit-features     of 256 features of a log-linear policy: L-BFGS on the linear reduction, in bytes of
 *                      features a second against the bandwidth of reading
 *
 * Fits run on the cpu: with another backend nothing is measured.
 *
 * Comparisons are drawn from known abilities. `wrong` counts the items at which the likelihood has a slope,
 * and of the smaller problems the estimates that are further from the truth than chance allows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "bench_memory.h"

enum { REPLICATES = 1000, FEW = 100, MANY = 100000, FEATURES = 256 };

typedef struct fit_bench {
    myr_context *context;
    uint64_t count; /* comparisons */
    uint32_t items;
    double *abilities; /* [items]: the true ones */
    uint32_t *columns[2];
    myr_outcomes *outcomes;
    myr_estimate *estimates; /* [items]: those found */
    myr_fit_options options;
    myr_fit_report report;
} fit_bench;

static bool runs_here(const bench_options *options) {
    return myr_backend_has(options->backend, "abilities");
}

static double next_uniform(uint64_t *state) {
    return (double)(bench_random(state) >> 11) * 0x1p-53;
}

/* The winner first. */
static myr_status draw_comparisons(fit_bench *b, uint64_t seed) {
    b->abilities = malloc(b->items * sizeof *b->abilities);
    b->columns[0] = malloc(b->count * sizeof *b->columns[0]);
    b->columns[1] = malloc(b->count * sizeof *b->columns[1]);
    b->estimates = malloc(b->items * sizeof *b->estimates);
    if (!b->abilities || !b->columns[0] || !b->columns[1] || !b->estimates)
        return MYR_OUT_OF_MEMORY;
    double mean = 0.0;
    for (uint32_t i = 0; i < b->items; i++)
        mean += (b->abilities[i] = 2.0 * next_uniform(&seed) - 1.0) / b->items;
    for (uint32_t i = 0; i < b->items; i++)
        b->abilities[i] -= mean;
    for (uint64_t n = 0; n < b->count; n++) {
        const uint32_t i = (uint32_t)(bench_random(&seed) % b->items);
        const uint32_t j = (i + 1 + (uint32_t)(bench_random(&seed) % (b->items - 1))) % b->items;
        const bool wins = next_uniform(&seed) < 1.0 / (1.0 + exp(b->abilities[j] - b->abilities[i]));
        b->columns[0][n] = wins ? i : j;
        b->columns[1][n] = wins ? j : i;
    }
    return MYR_OK;
}

/* From the arrays on: aggregation is part of the work. */
static myr_status work(void *user) {
    fit_bench *b = user;
    myr_outcomes_destroy(b->outcomes);
    b->outcomes = NULL;
    myr_status status = myr_outcomes_create_comparisons(b->context, b->items, b->count, b->columns[0],
                                                        b->columns[1], NULL, NULL, &b->outcomes);
    b->report = (myr_fit_report)MYR_FIT_REPORT_INIT;
    return status == MYR_OK ? myr_fit(b->context, b->outcomes, &b->options, b->estimates, &b->report)
                            : status;
}

/* At the maximum an item has won as often as it was to be expected, but for the ridge: the likelihood's
 * slope over the root of its curvature is no more than the fit's tolerance, 1e-6, and rounding. */
static myr_status count_slopes(const fit_bench *b, uint64_t *wrong) {
    double *slopes = calloc(2 * (size_t)b->items, sizeof *slopes), *curvatures = slopes + b->items;
    if (!slopes)
        return MYR_OUT_OF_MEMORY;
    for (uint64_t n = 0; n < b->count; n++) {
        const uint32_t i = b->columns[0][n], j = b->columns[1][n];
        const double p = 1.0 / (1.0 + exp(b->estimates[j].estimate - b->estimates[i].estimate));
        slopes[i] += 1.0 - p;
        slopes[j] -= 1.0 - p;
        curvatures[i] += p * (1.0 - p);
        curvatures[j] += p * (1.0 - p);
    }
    for (uint32_t i = 0; i < b->items; i++) {
        const double slope = slopes[i] - b->options.ridge * b->estimates[i].estimate;
        *wrong += !(fabs(slope) <= 2e-6 * sqrt(curvatures[i] + b->options.ridge));
    }
    free(slopes);
    return MYR_OK;
}

/* 6 standard errors from the truth are passed by chance once in 5e8; a bootstrap's percentiles are 3.92
 * errors apart, to a tenth. */
static uint64_t count_strays(const fit_bench *b) {
    uint64_t wrong = 0;
    for (uint32_t i = 0; i < b->items && b->options.bootstrap > 0; i++) {
        const myr_estimate *e = &b->estimates[i];
        wrong += !(fabs(e->estimate - b->abilities[i]) <= 6.0 * e->standard_error);
        wrong += !(fabs((e->ci_high - e->ci_low) / (3.92 * e->standard_error) - 1.0) <= 0.2);
    }
    return wrong;
}

static void release(fit_bench *b) {
    myr_outcomes_destroy(b->outcomes);
    free(b->abilities);
    free(b->columns[0]);
    free(b->columns[1]);
    free(b->estimates);
}

static myr_status run_items(myr_context *context, const bench_options *options, const char *name,
                            uint32_t items, uint32_t bootstrap, bench_report report, void *user) {
    fit_bench b = {.context = context, .items = items, .options = MYR_FIT_OPTIONS_INIT};
    bench_result result = {.name = name, .backend = "cpu", .unit = "comparisons/s", .limit = (double)NAN};
    if (!runs_here(options))
        return MYR_OK;
    const uint64_t least = items == FEW ? 100 * FEW : MANY;
    b.count = (uint64_t)(1e6 * options->scale) > least ? (uint64_t)(1e6 * options->scale) : least;
    b.options.threads = options->threads;
    b.options.bootstrap = bootstrap;
    b.options.ridge = items == MANY ? 0.1 : 0.0; /* of 20 games some win all: no finite maximum without */
    myr_status status = draw_comparisons(&b, 17);
    if (status == MYR_OK)
        status = bench_time(options->repeats, work, &b, &result);
    if (status == MYR_OK)
        status = count_slopes(&b, &result.wrong);
    if (status == MYR_OK) {
        const int threads = bench_threads(options);
        result.wrong += count_strays(&b) + !b.report.converged;
        result.rate = (double)b.count * (bootstrap + 1.0) / result.seconds_median;
        snprintf(result.device, sizeof result.device, "double, %d thread%s", threads,
                 threads == 1 ? "" : "s");
        snprintf(result.size, sizeof result.size, "N = %llu, %lu items, %s%s", (unsigned long long)b.count,
                 (unsigned long)items, b.report.method, bootstrap ? ", 1000 replicates" : "");
        report(user, &result);
    }
    release(&b);
    return status;
}

static myr_status run_bootstrap(myr_context *context, const bench_options *options, bench_report report,
                                void *user) {
    return run_items(context, options, "fit-bootstrap", FEW, REPLICATES, report, user);
}

static myr_status run_many(myr_context *context, const bench_options *options, bench_report report,
                           void *user) {
    return run_items(context, options, "fit-many-items", MANY, 0, report, user);
}

/* ---- features -------------------------------------------------------------------------------------- */

typedef struct features_bench {
    myr_context *context;
    myr_features features;
    myr_fit_options options;
    myr_compute_options compute;
    float *delta;
    double theta[FEATURES]; /* the true one */
    myr_estimate estimates[FEATURES];
    myr_fit_report report;
    int runs;
    double seconds; /* of L-BFGS, in all runs but the first */
} features_bench;

/* The chosen answer is the one that theta prefers with the chance of its margin: a row that it does not is
 * turned round. */
static myr_status draw_features(features_bench *b, uint64_t count) {
    uint64_t seed = 5;
    b->delta = malloc(count * FEATURES * sizeof *b->delta);
    if (!b->delta)
        return MYR_OUT_OF_MEMORY;
    for (int p = 0; p < FEATURES; p++)
        b->theta[p] = 0.4 * next_uniform(&seed) - 0.2;
#pragma omp parallel for schedule(static)
    for (uint64_t i = 0; i < count; i++) {
        uint64_t state = i * UINT64_C(0x632be59bd9b4e019);
        float *row = b->delta + i * FEATURES;
        double margin = 0.0;
        for (int p = 0; p < FEATURES; p++) {
            row[p] = (float)(bench_random(&state) >> 40) * 0x1p-23f - 1.0f;
            margin += (double)row[p] * b->theta[p];
        }
        if (next_uniform(&state) > 1.0 / (1.0 + exp(-margin)))
            for (int p = 0; p < FEATURES; p++)
                row[p] = -row[p];
    }
    b->features = (myr_features)MYR_FEATURES_INIT;
    b->features.count = count;
    b->features.parameters = FEATURES;
    b->features.delta = (myr_array){b->delta, MYR_F32};
    return MYR_OK;
}

static myr_status work_features(void *user) {
    features_bench *b = user;
    b->report = (myr_fit_report)MYR_FIT_REPORT_INIT;
    myr_status status =
        myr_fit_linear(b->context, &b->features, &b->options, &b->compute, b->estimates, &b->report);
    b->seconds += b->runs++ > 0 ? b->report.descent_seconds : 0.0;
    return status;
}

/* The seconds are the whole fit's, with Newton's last steps and the standard errors. The rate is that of
 * L-BFGS alone, every evaluation of which reads the features once. */
static myr_status run_features(myr_context *context, const bench_options *options, bench_report report,
                               void *user) {
    features_bench b = {
        .context = context, .options = MYR_FIT_OPTIONS_INIT, .compute = MYR_COMPUTE_OPTIONS_INIT};
    bench_result result = {
        .name = "fit-features", .backend = "cpu", .unit = "bytes/s", .limit = (double)NAN};
    const myr_report where = {.backend = "cpu"};
    const uint64_t count = (uint64_t)(1e6 * (options->scale > 0.02 ? options->scale : 0.02));
    const int threads = bench_threads(options);
    if (!runs_here(options))
        return MYR_OK;
    b.compute.backend = "cpu";
    b.compute.threads = options->threads;
    myr_status status = draw_features(&b, count);
    if (status == MYR_OK)
        status = bench_time_reduction(options, NULL, work_features, &b, &where, &result);
    if (status == MYR_OK) {
        result.wrong = !b.report.converged;
        for (int p = 0; p < FEATURES; p++)
            result.wrong +=
                !(fabs(b.estimates[p].estimate - b.theta[p]) <= 6.0 * b.estimates[p].standard_error);
        result.rate = (double)b.report.descent_evaluations * (double)count * FEATURES * sizeof(float) *
                      options->repeats / b.seconds;
        snprintf(result.device, sizeof result.device, "%s, %d threads", myr_cpu_isa(), threads);
        snprintf(result.size, sizeof result.size, "N = %llu, P = %d, L-BFGS %.2f s of %llu evaluations",
                 (unsigned long long)count, FEATURES, b.seconds / options->repeats,
                 (unsigned long long)b.report.descent_evaluations);
        report(user, &result);
    }
    free(b.delta);
    return status;
}

const bench_case bench_fit_bootstrap = {
    .name = "fit-bootstrap",
    .help = "a million comparisons of 100 items, fitted and bootstrapped 1,000 times",
    .run = run_bootstrap};
const bench_case bench_fit_many = {
    .name = "fit-many-items", .help = "a million comparisons of 100,000 items", .run = run_many};
const bench_case bench_fit_features = {
    .name = "fit-features",
    .help = "a log-linear policy of 256 features, from a million comparisons",
    .run = run_features};
