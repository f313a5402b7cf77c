/* Arrays of a measurement where its backend wants them: in the GPU's memory for cuda, else in the host's.
 */
#ifndef MYRIAD_BENCH_MEMORY_H
#define MYRIAD_BENCH_MEMORY_H

#include "bench.h"

/* The options of the reductions: "auto" becomes the backend that it means. */
myr_status bench_place(myr_context *context, const bench_options *options, myr_compute_options *compute);

/* *floats is NULL on failure. */
myr_status bench_allocate(myr_context *context, const myr_compute_options *compute, size_t bytes,
                          float **floats);

/* What is in the host's memory, there; the same pointer where that is the host's. */
myr_status bench_upload(myr_context *context, const myr_compute_options *compute, float *host, size_t bytes,
                        float **floats);
myr_status bench_download(myr_context *context, const myr_compute_options *compute, float *host,
                          const float *floats, size_t bytes);
void bench_release(const myr_compute_options *compute, float *floats);

/* Floats low … high, made up from their places and the salt: in the host's memory, and where the backend
 * wants them. drop also after a failure. */
typedef struct bench_column {
    float *host, *at;
} bench_column;

myr_status bench_make_column(myr_context *context, const myr_compute_options *compute, size_t count,
                             uint64_t salt, float low, float high, bench_column *column);
void bench_drop_column(const myr_compute_options *compute, bench_column *column);

/* Times work(user), before which there may be prepare(user), not timed, unless NULL. The limit is the
 * bandwidth of reading: seconds, limit (on the cpu, taken in turn with the work, the median; NaN
 * elsewhere), backend and device of the result. report is that of the work. */
myr_status bench_time_reduction(const bench_options *options, myr_status (*prepare)(void *user),
                                myr_status (*work)(void *user), void *user, const myr_report *report,
                                bench_result *result);

/* Bytes in use, and those that were in use at most since, beyond them (bench_peak.c); NaN where nobody
 * tells. */
double bench_peak_begin(myr_context *context, const myr_compute_options *compute);
double bench_peak_since(myr_context *context, const myr_compute_options *compute, double before);

#endif
