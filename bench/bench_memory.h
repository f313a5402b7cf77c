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

#endif
