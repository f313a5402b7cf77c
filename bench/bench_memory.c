#include "bench_memory.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"

myr_status bench_place(myr_context *context, const bench_options *options, myr_compute_options *compute) {
    compute->threads = options->threads;
    compute->device = options->device;
    compute->math = options->math;
    const myr_status status =
        myr_backend_choose(context, options->backend, options->device, &compute->backend, NULL, 0);
    if (status == MYR_OK && myr_backend_has(compute->backend, "device"))
        compute->memory = MYR_DEVICE;
    return status;
}

myr_status bench_allocate(myr_context *context, const myr_compute_options *compute, size_t bytes,
                          float **floats) {
    (void)context;
    *floats = NULL;
    if (compute->memory == MYR_DEVICE)
        return bench_device_allocate(compute->device, bytes, floats);
    *floats = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!*floats)
        return MYR_OUT_OF_MEMORY;
    memset(*floats, 0xff, bytes); /* NaNs; and the pages are there */
    return MYR_OK;
}

myr_status bench_upload(myr_context *context, const myr_compute_options *compute, float *host, size_t bytes,
                        float **floats) {
    *floats = host;
    if (compute->memory == MYR_HOST)
        return MYR_OK;
    myr_status status = bench_allocate(context, compute, bytes, floats);
    return status == MYR_OK ? bench_device_copy(*floats, host, bytes) : status;
}

myr_status bench_download(myr_context *context, const myr_compute_options *compute, float *host,
                          const float *floats, size_t bytes) {
    (void)context;
    if (compute->memory == MYR_DEVICE)
        return bench_device_copy(host, floats, bytes);
    memcpy(host, floats, bytes);
    return MYR_OK;
}

void bench_release(const myr_compute_options *compute, float *floats) {
    if (compute->memory == MYR_DEVICE)
        bench_device_release(floats);
    else
        free(floats);
}

/* 0 … 1, of a state of its own. */
static float random_of(uint64_t state) {
    state = (state - 1) * UINT64_C(0x9e3779b97f4a7c15);
    return (float)(bench_random(&state) >> 40) * 0x1p-24f;
}

myr_status bench_make_column(myr_context *context, const myr_compute_options *compute, size_t count,
                             uint64_t salt, float low, float high, bench_column *column) {
    const size_t bytes = count * sizeof *column->host;
    column->host = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!column->host)
        return MYR_OUT_OF_MEMORY;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < count; i++)
        column->host[i] = low + (high - low) * random_of(i + (salt << 40));
    return bench_upload(context, compute, column->host, bytes, &column->at);
}

void bench_drop_column(const myr_compute_options *compute, bench_column *column) {
    if (column->at != column->host)
        bench_release(compute, column->at);
    free(column->host);
}

/* The work once, and then, if reading is not NULL, a pass over memory. */
static myr_status take_turn(myr_status (*prepare)(void *user), myr_status (*work)(void *user), void *user,
                            bench_reading *reading, double *seconds, double *rate) {
    myr_status status = prepare ? prepare(user) : MYR_OK;
    const double start = omp_get_wtime();
    if (status == MYR_OK)
        status = work(user);
    *seconds = omp_get_wtime() - start;
    *rate = reading ? bench_reading_rate(reading) : (double)NAN;
    return status;
}

myr_status bench_time_reduction(const bench_options *options, myr_status (*prepare)(void *user),
                                myr_status (*work)(void *user), void *user, const myr_report *report,
                                bench_result *result) {
    const int repeats = options->repeats;
    double *seconds = malloc(2 * (size_t)repeats * sizeof *seconds), *rates = seconds + repeats;
    if (!seconds)
        return MYR_OUT_OF_MEMORY;
    myr_status status = work(user); /* to warm up; and it says where it ran */
    bench_reading *reading = status == MYR_OK && bench_on_cpu(report->backend)
                                 ? bench_reading_begin(bench_threads(options))
                                 : NULL;
    for (int run = 0; status == MYR_OK && run < repeats; run++)
        status = take_turn(prepare, work, user, reading, &seconds[run], &rates[run]);
    if (status == MYR_OK) {
        bench_summarise(repeats, seconds, result);
        bench_took(result, report->backend, report->device);
        result->limit = reading ? bench_median(repeats, rates) : (double)NAN;
    }
    bench_reading_end(reading);
    free(seconds);
    return status;
}
