/* Rankings on the cuda backend, in batches that fit a buffer. */
#include <stdlib.h>

#include "cuda_backend.h"
#include "ground/failure.h"
#include "policies/policy_tables.h"
#include "race_launch.h"

enum { BATCH_NUMBERS = 1 << 20 };

/* The scales, on the device. */
static myr_status place_scales(myr_context *context, const myr_cuda_session *session,
                               const myr_ranking_draw *draw, void **d_scales) {
    const size_t bytes = (size_t)draw->prompts * draw->answers * sizeof(double);
    double *scales = myr_race_scales(draw);
    if (!scales)
        return myr_fail_memory(context, bytes);
    myr_status status = myr_cuda_allocate_copy(context, session, scales, bytes, d_scales);
    free(scales);
    return status;
}

static myr_status draw_batches(myr_context *context, const myr_cuda_session *session,
                               const myr_ranking_draw *draw, const double *d_scales, uint32_t *d_rankings,
                               uint32_t *rankings) {
    const uint64_t most = BATCH_NUMBERS / draw->length;
    myr_status status = MYR_OK;
    for (uint64_t n = 0, step = 0; status == MYR_OK && n < draw->count; n += step) {
        step = draw->count - n < most ? draw->count - n : most;
        const myr_device_race batch = {.keys = myr_device_keys_make(draw->seed),
                                       .first = draw->first + n,
                                       .count = (uint32_t)step,
                                       .prompts = draw->prompts,
                                       .answers = draw->answers,
                                       .length = draw->length,
                                       .d_scales = d_scales};
        status = myr_cuda_check(context, myr_launch_races(&batch, d_rankings, session->stream),
                                "drawing rankings");
        if (status == MYR_OK)
            status = myr_cuda_download(context, session, rankings + n * draw->length, d_rankings,
                                       step * draw->length * sizeof *rankings);
    }
    return status;
}

myr_status myr_cuda_simulate(myr_context *context, const myr_ranking_draw *draw, uint32_t *rankings) {
    myr_cuda_session session;
    void *d_scales = NULL, *d_rankings = NULL;
    myr_status status = myr_cuda_open(context, draw->device, &session);
    if (status != MYR_OK)
        return status;
    const uint64_t most = BATCH_NUMBERS / draw->length, kept = draw->count < most ? draw->count : most;
    status = place_scales(context, &session, draw, &d_scales);
    if (status == MYR_OK)
        status = myr_cuda_allocate(context, &session, kept * draw->length * sizeof *rankings, &d_rankings);
    if (status == MYR_OK)
        status = draw_batches(context, &session, draw, d_scales, d_rankings, rankings);
    myr_cuda_release(&session, d_rankings);
    myr_cuda_release(&session, d_scales);
    myr_cuda_close(&session);
    return status;
}
