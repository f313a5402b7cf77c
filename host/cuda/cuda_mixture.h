/* The tables of a mixture on the device, a window of rows at a time. */
#ifndef MYRIAD_CUDA_MIXTURE_H
#define MYRIAD_CUDA_MIXTURE_H

#include "cuda_backend.h"
#include "diffuse_launch.h"
#include "tables/mixture_table.h"

typedef struct myr_cuda_mixture {
    myr_mixture_table table;
    myr_step *d_steps;
    float *d_levels, *d_mean, *d_start_mean, *d_start_scale;
    uint32_t *d_thresholds;
} myr_cuda_mixture;

/* Windows of about that many bytes; everything NULL on failure. */
myr_status myr_cuda_mixture_create(myr_context *context, const myr_cuda_session *session,
                                   const myr_job *job, double bytes, myr_cuda_mixture *mixture);
void myr_cuda_mixture_destroy(myr_cuda_mixture *mixture);

/* Sees to it that the window holds row, which is in it, after it or the job's first one. */
myr_status myr_cuda_mixture_move(myr_context *context, const myr_cuda_session *session,
                                 myr_cuda_mixture *mixture, int64_t row);

/* Puts what the tables are into a slice that begins at row and ends in the window. */
void myr_cuda_mixture_fill(const myr_cuda_mixture *mixture, uint32_t row, myr_device_mixture *slice);

#endif
