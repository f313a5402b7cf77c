/* The cuda backend's own parts, and what the public calls about GPUs ask of it. */
#ifndef MYRIAD_CUDA_BACKEND_H
#define MYRIAD_CUDA_BACKEND_H

#include <cuda_runtime_api.h>

#include "backends/backend.h"
#include "cuda_memory.h"
#include "word_launch.h"

/* myr_device_count and myr_device_describe of myriad/run.h, where CUDA is built in. */
int myr_cuda_device_count(void);
int myr_cuda_device_describe(int device, char *text, size_t size);

/* MYR_OK if that device can run this build's kernels; else MYR_NO_DEVICE, and the reason. */
myr_status myr_cuda_available(myr_context *context, int device);

/* MYR_OK if the machine has that device; else MYR_NO_DEVICE, and what there is. */
myr_status myr_cuda_check_index(myr_context *context, int device);

/* MYR_OK for cudaSuccess; else the status and line of what went wrong. doing: "copying results", say. */
myr_status myr_cuda_check(myr_context *context, cudaError_t error, const char *doing);

/* What a normal of the kernels is multiplied by where it is to have that scale (launch.h). Given normals
 * are what they are, but then arithmetic is not fast. */
static inline float myr_cuda_noise_factor(const myr_job *job, float scale) {
    return job->fast ? (float)((double)scale * MYR_FAST_SCALE) : scale;
}

myr_status myr_cuda_words(myr_context *context, const myr_draw *draw, uint32_t *words);
myr_status myr_cuda_normals(myr_context *context, const myr_draw *draw, double *normals);
myr_status myr_cuda_simulate(myr_context *context, const myr_ranking_draw *draw, uint32_t *rankings);

#endif
