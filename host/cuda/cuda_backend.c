/* The cuda backend's entry in the list of backends. */
#include "cuda_backend.h"

#include "cuda_chain.h"
#include "cuda_points.h"
#include "cuda_run.h"
#include "targets/target_data.h"

static void describe(int device, int threads, char *text, size_t size) {
    (void)threads;
    myr_cuda_device_describe(device, text, size);
}

static myr_status range(myr_context *context, const myr_job *job, myr_range *result) {
    if (job->plan->chain)
        return myr_cuda_chain_range(context, &myr_cuda_usual_limits, job, result);
    if (job->target->operations == &myr_target_empirical)
        return myr_cuda_points_range(context, &myr_points_usual_limits, job, result);
    return myr_cuda_range(context, &myr_cuda_usual_limits, job, result);
}

static myr_status states(myr_context *context, const myr_job *job, double *result) {
    if (job->plan->chain)
        return myr_cuda_chain_states(context, &myr_cuda_usual_limits, job, result);
    if (job->target->operations == &myr_target_empirical)
        return myr_cuda_points_states(context, &myr_points_usual_limits, job, result);
    return myr_cuda_states(context, &myr_cuda_usual_limits, job, result);
}

const myr_backend myr_backend_cuda = {
    .name = "cuda",
    .help = "float on an NVIDIA GPU, exact or fast arithmetic, all steps in one kernel but for data",
    .stream_numbers = 8 * MYR_SINK_NUMBERS,
    .available = myr_cuda_available,
    .describe = describe,
    .range = range,
    .states = states,
    .words = myr_cuda_words,
    .normals = myr_cuda_normals,
    .rankings = myr_cuda_simulate,
};
