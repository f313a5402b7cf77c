/* The cuda backend's entry in the list of backends. */
#include "cuda_backend.h"

#include "cuda_denoiser.h"
#include "cuda_run.h"
#include "losses/cuda_reductions.h"
#include "losses/cuda_tokens.h"

static void describe(int device, int threads, char *text, size_t size) {
    (void)threads;
    myr_cuda_device_describe(device, text, size);
}

static myr_status range(myr_context *context, const myr_job *job, myr_range *result) {
    const myr_cuda_denoiser *denoiser;
    if (job->plan->chain)
        return myr_cuda_chain_range(context, &myr_cuda_usual_limits, job, result);
    myr_status status = myr_cuda_denoiser_find(context, job->target, &denoiser);
    if (status != MYR_OK)
        return status;
    return denoiser->fused ? myr_cuda_range(context, &myr_cuda_usual_limits, job, result)
                           : myr_cuda_batched_range(context, &myr_batched_usual_limits, job, result);
}

static myr_status states(myr_context *context, const myr_job *job, double *result) {
    const myr_cuda_denoiser *denoiser;
    if (job->plan->chain)
        return myr_cuda_chain_states(context, &myr_cuda_usual_limits, job, result);
    myr_status status = myr_cuda_denoiser_find(context, job->target, &denoiser);
    if (status != MYR_OK)
        return status;
    return denoiser->fused ? myr_cuda_states(context, &myr_cuda_usual_limits, job, result)
                           : myr_cuda_batched_states(context, &myr_batched_usual_limits, job, result);
}

const myr_backend myr_backend_cuda = {
    .name = "cuda",
    .help = "float on an NVIDIA GPU, exact or fast arithmetic, all steps in one kernel but for data",
    .automatic = true,
    .fast = true,
    .on_host = &myr_backend_cpu,
    .stream_numbers = 8 * MYR_SINK_NUMBERS,
    .available = myr_cuda_available,
    .describe = describe,
    .device_count = myr_cuda_device_count,
    .device_describe = myr_cuda_device_describe,
    .device_memory = myr_cuda_device_memory,
    .read = myr_cuda_read,
    .write = myr_cuda_write,
    .hold = myr_cuda_hold,
    .let_go = myr_cuda_let_go,
    .range = range,
    .states = states,
    .words = myr_cuda_words,
    .normals = myr_cuda_normals,
    .simulate = myr_cuda_simulate,
    .pairs = myr_cuda_pairs,
    .linear = myr_cuda_linear,
    .many = myr_cuda_many,
    .rankings = myr_cuda_rankings,
    .tokens = &myr_cuda_tokens,
};
