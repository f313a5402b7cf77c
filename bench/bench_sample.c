/* Samples to a file, beside plain writing of as many bytes to the same folder, one after the other: what
 * `myriad sample` does of a sampler so short (one step, in eight dimensions) that writing is what is left.
 * The folder is the current one; both files are flushed to the disk, and removed. */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

enum { CHECKED = 4096, DIMENSION = 8, PIECE = 1 << 22 };

typedef struct writing {
    myr_context *context;
    myr_target *target;
    myr_plan *plan;
    myr_run_options run;
    myr_report report;
    myr_samples_file *file;
    char path[64];
} writing;

static uint64_t bytes_of(const writing *w) {
    return w->run.count * DIMENSION * sizeof(float);
}

static myr_status write_block(void *user, uint64_t first, uint64_t count, const double *samples) {
    (void)first;
    writing *w = user;
    return myr_samples_write(w->context, w->file, samples, count);
}

static myr_status draw(void *user) {
    writing *w = user;
    myr_samples_shape shape = MYR_SAMPLES_SHAPE_INIT;
    shape.count = w->run.count;
    shape.dimension = DIMENSION;
    myr_status status = myr_samples_open(w->context, w->path, &shape, &w->file);
    if (status != MYR_OK)
        return status;
    w->report = (myr_report)MYR_REPORT_INIT;
    status = myr_run_stream(w->context, w->plan, w->target, &w->run, write_block, w, &w->report);
    return myr_samples_close(w->context, w->file, status);
}

/* Seconds to write the same number of bytes in large pieces and to flush them; 0 if that fails. */
static double write_plainly(const writing *w) {
    const double start = omp_get_wtime();
    char *piece = malloc(PIECE);
    const int file = open(w->path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    bool good = piece && file >= 0;
    for (uint64_t left = bytes_of(w); good && left > 0;) {
        const size_t size = left < PIECE ? (size_t)left : PIECE;
        memset(piece, (int)(left >> 22), size);
        good = write(file, piece, size) == (ssize_t)size;
        left -= size;
    }
    good = good && fsync(file) == 0;
    if (file >= 0)
        close(file);
    unlink(w->path);
    free(piece);
    return good ? omp_get_wtime() - start : 0.0;
}

/* Both in turn, so that what else happens to the disk happens to both. */
static myr_status time_both(writing *w, const bench_options *options, bench_result *result) {
    double *plain = malloc((size_t)options->repeats * sizeof *plain);
    double *seconds = malloc((size_t)options->repeats * sizeof *seconds);
    myr_status status = plain && seconds ? draw(w) : MYR_OUT_OF_MEMORY;
    for (int run = 0; status == MYR_OK && run < options->repeats; run++) {
        unlink(w->path);
        plain[run] = write_plainly(w);
        const double start = omp_get_wtime();
        status = draw(w);
        seconds[run] = omp_get_wtime() - start;
    }
    if (status == MYR_OK) {
        bench_summarise(options->repeats, plain, result);
        result->limit = (double)bytes_of(w) / result->seconds_median;
        bench_summarise(options->repeats, seconds, result);
    }
    free(plain);
    free(seconds);
    return status;
}

/* Numbers of the file's end that are not those of the samples. */
static myr_status count_wrong(const writing *w, uint64_t *wrong) {
    static double samples[CHECKED * DIMENSION];
    static float written[CHECKED * DIMENSION];
    myr_run_options run = w->run;
    run.first = run.count - CHECKED;
    run.count = CHECKED;
    myr_status status = myr_run_samples(w->context, w->plan, w->target, &run, samples, NULL);
    if (status != MYR_OK)
        return status;
    FILE *file = fopen(w->path, "rb");
    *wrong = CHECKED * DIMENSION;
    if (file && fseek(file, -(long)sizeof written, SEEK_END) == 0 &&
        fread(written, sizeof *written, CHECKED * DIMENSION, file) == CHECKED * DIMENSION)
        for (int i = 0; i < CHECKED * DIMENSION; i++)
            *wrong -= written[i] == (float)samples[i];
    if (file)
        fclose(file);
    return MYR_OK;
}

static myr_status run(myr_context *context, const bench_options *options, bench_report report, void *user) {
    const double mean[DIMENSION] = {0.0}, variance[DIMENSION] = {1, 1, 1, 1, 1, 1, 1, 1};
    writing w = {.context = context, .run = MYR_RUN_OPTIONS_INIT};
    bench_result result = {.name = "sample", .unit = "bytes/s", .limit = NAN};
    myr_plan_options plan = MYR_PLAN_OPTIONS_INIT;
    plan.steps = 1;
    w.run.backend = options->backend;
    w.run.math = options->math;
    w.run.threads = options->threads;
    w.run.device = options->device;
    w.run.count = CHECKED * (uint64_t)ceil(2048.0 * options->scale); /* 256 MiB */
    snprintf(w.path, sizeof w.path, "myriad-bench-%ld.npy", (long)getpid());
    snprintf(result.size, sizeof result.size, "N = %llu, d = %d, T = 1", (unsigned long long)w.run.count,
             DIMENSION);
    myr_status status = myr_target_create_gaussian(context, DIMENSION, mean, variance, &w.target);
    if (status == MYR_OK)
        status = myr_plan_create(context, &plan, w.target, &w.plan);
    if (status == MYR_OK)
        status = time_both(&w, options, &result);
    if (status == MYR_OK)
        status = count_wrong(&w, &result.wrong);
    unlink(w.path);
    if (status == MYR_OK) {
        bench_took(&result, w.report.backend, w.report.device);
        result.rate = (double)bytes_of(&w) / result.seconds_median;
        report(user, &result);
    }
    myr_plan_destroy(w.plan);
    myr_target_destroy(w.target);
    return status;
}

const bench_case bench_sample = {
    .name = "sample",
    .help = "samples of one step to a file in the current folder, beside plain writing",
    .run = run};
