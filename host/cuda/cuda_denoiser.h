/* The denoisers that the cuda backend has: the one list of them. */
#ifndef MYRIAD_CUDA_DENOISER_H
#define MYRIAD_CUDA_DENOISER_H

#include "cuda_batched.h"
#include "cuda_fused.h"

typedef struct myr_cuda_denoiser {
    const myr_target_operations *target;
    const myr_cuda_fused *fused;     /* all rows in one kernel, or NULL */
    const myr_cuda_batched *batched; /* or a step at a time */
} myr_cuda_denoiser;

/* The target's. Errors: MYR_UNSUPPORTED, naming it. */
myr_status myr_cuda_denoiser_find(myr_context *context, const myr_target *target,
                                  const myr_cuda_denoiser **denoiser);

#endif
