/* The reduction over pairs: four columns of floats to loss, metrics and both gradients, in bytes a second:
 * 16 read and 8 written a pair. The limit is the bandwidth of reading, measured in the same run: what is
 * written counts as if it were as cheap. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "bench_memory.h"

enum { CHECKED = (1 << 17) + 1, COLUMNS = 4, BYTES = 24 };

typedef struct pairs_bench {
    myr_context *context;
    myr_compute_options options;
    uint64_t count;
    float *column[COLUMNS]; /* where the backend wants them … */
    float *gradient[2];
    float *host[COLUMNS]; /* … and in the host's memory */
    myr_loss_metrics metrics;
    myr_compute_report report;
} pairs_bench;

/* Steele, Lea & Flood (2014), splitmix64. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static myr_status reduce(pairs_bench *b, const myr_compute_options *options, float *const column[COLUMNS],
                         myr_array_out chosen, myr_array_out rejected, uint64_t count) {
    myr_loss_options loss = MYR_LOSS_OPTIONS_INIT;
    myr_pairs pairs = MYR_PAIRS_INIT;
    pairs.count = count;
    pairs.policy_chosen = (myr_array){column[0], MYR_F32};
    pairs.policy_rejected = (myr_array){column[1], MYR_F32};
    pairs.reference_chosen = (myr_array){column[2], MYR_F32};
    pairs.reference_rejected = (myr_array){column[3], MYR_F32};
    return myr_loss_pairs(b->context, &loss, &pairs, options, chosen, rejected, &b->metrics, &b->report);
}

static myr_status work(void *user) {
    pairs_bench *b = user;
    return reduce(b, &b->options, b->column, (myr_array_out){b->gradient[0], MYR_F32},
                  (myr_array_out){b->gradient[1], MYR_F32}, b->count);
}

/* Results of a batch that ends inside a chunk that differ from the reference's by more than 1e-5; float
 * rounding of log-probabilities of up to 128 and of the exponential leaves some 1e-6. */
static myr_status count_wrong(pairs_bench *b, uint64_t *wrong) {
    const uint64_t count = b->count < CHECKED ? b->count : CHECKED;
    double *expected[2] = {malloc(CHECKED * sizeof(double)), malloc(CHECKED * sizeof(double))};
    float *got[2] = {malloc(CHECKED * sizeof(float)), malloc(CHECKED * sizeof(float))};
    myr_status status = MYR_OUT_OF_MEMORY;
    myr_loss_metrics fast;
    myr_compute_options reference = MYR_COMPUTE_OPTIONS_INIT;
    reference.backend = "reference";
    if (expected[0] && expected[1] && got[0] && got[1])
        status = reduce(b, &b->options, b->column, (myr_array_out){b->gradient[0], MYR_F32},
                        (myr_array_out){b->gradient[1], MYR_F32}, count);
    fast = b->metrics;
    for (int c = 0; status == MYR_OK && c < 2; c++)
        status = bench_download(b->context, &b->options, got[c], b->gradient[c], count * sizeof(float));
    if (status == MYR_OK)
        status = reduce(b, &reference, b->host, (myr_array_out){expected[0], MYR_F64},
                        (myr_array_out){expected[1], MYR_F64}, count);
    if (status == MYR_OK) {
        *wrong = !(fabs(fast.loss - b->metrics.loss) <= 1e-5 * b->metrics.loss);
        for (int c = 0; c < 2; c++)
            for (uint64_t i = 0; i < count; i++)
                *wrong += !(fabs((double)got[c][i] - expected[c][i]) <= 1e-5 * fabs(expected[c][i]));
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
    for (int c = 0; status == MYR_OK && c < COLUMNS; c++) {
        b->host[c] = malloc(size);
        if (!b->host[c])
            return MYR_OUT_OF_MEMORY;
#pragma omp parallel for schedule(static)
        for (uint64_t i = 0; i < b->count; i++) {
            uint64_t state = 4 * i + (uint64_t)c;
            b->host[c][i] = -20.0f - (float)(next_random(&state) >> 40) * 0x1p-24f * 16.0f;
        }
        status = bench_upload(b->context, &b->options, b->host[c], size, &b->column[c]);
    }
    for (int g = 0; status == MYR_OK && g < 2; g++)
        status = bench_allocate(b->context, &b->options, size, &b->gradient[g]);
    return status;
}

static void release(pairs_bench *b) {
    for (int g = 0; g < 2; g++)
        bench_release(&b->options, b->gradient[g]);
    for (int c = 0; c < COLUMNS; c++) {
        if (b->column[c] != b->host[c])
            bench_release(&b->options, b->column[c]);
        free(b->host[c]);
    }
}

static double limit_of(const pairs_bench *b, const bench_options *options) {
    if (strcmp(b->report.backend, "cpu") != 0)
        return (double)NAN;
    return bench_ceiling_read(options->threads > 0 ? options->threads : omp_get_max_threads());
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    pairs_bench b = {.context = context, .options = MYR_COMPUTE_OPTIONS_INIT};
    bench_result result = {.name = "pairs", .unit = "bytes/s", .limit = (double)NAN};
    myr_status status = bench_place(context, options, &b.options);
    bool slow = strcmp(options->backend, "reference") == 0;
    b.count = 1 + (uint64_t)((slow ? 1e6 : 1.6e7) * options->scale);
    if (status == MYR_OK)
        status = fill(&b);
    if (status == MYR_OK)
        status = bench_time(options->repeats, work, &b, &result);
    if (status == MYR_OK)
        status = count_wrong(&b, &result.wrong);
    if (status == MYR_OK) {
        status = work(&b); /* whose backend is it? */
        result.backend = b.report.backend;
        result.limit = limit_of(&b, options);
        result.rate = (double)b.count * BYTES / result.seconds_median;
        snprintf(result.device, sizeof result.device, "%s", b.report.device);
        snprintf(result.size, sizeof result.size, "N = %llu, f32", (unsigned long long)b.count);
        report(user, &result);
    }
    release(&b);
    return status;
}

const bench_case bench_pairs = {"pairs", "the reduction over pairs: DPO's loss, metrics and both gradients",
                                run};
