/* Arrays of the reductions: the caller's own on the device, or copies. */
#include "cuda/losses/cuda_reductions.h"

myr_status myr_cuda_enter(myr_context *context, const myr_compute *compute, myr_cuda_session *session) {
    myr_status status = myr_cuda_open(context, compute->device, session);
    if (status != MYR_OK || compute->memory == MYR_HOST)
        return status;
    (void)cudaStreamDestroy(session->stream);
    session->stream = compute->stream;
    return MYR_OK;
}

void myr_cuda_leave(const myr_compute *compute, myr_cuda_session *session) {
    if (compute->memory == MYR_DEVICE)
        session->stream = NULL; /* the caller's */
    myr_cuda_close(session);
}

myr_status myr_cuda_scratch(myr_context *context, const myr_cuda_session *session, size_t bytes,
                            void **memory) {
    cudaError_t error = cudaMallocAsync(memory, bytes, session->stream);
    if (error == cudaSuccess)
        return MYR_OK;
    *memory = NULL;
    return myr_cuda_check(context, error, "reserving memory");
}

void myr_cuda_drop(const myr_cuda_session *session, void *memory) {
    if (memory)
        (void)cudaFreeAsync(memory, session->stream);
}

myr_status myr_cuda_read(myr_context *context, const myr_compute *compute, const void *d_from, size_t bytes,
                         void *to) {
    myr_cuda_session session;
    myr_status status = myr_cuda_enter(context, compute, &session);
    if (status != MYR_OK)
        return status;
    status = myr_cuda_download(context, &session, to, d_from, bytes);
    myr_cuda_leave(compute, &session);
    return status;
}

myr_status myr_cuda_write(myr_context *context, const myr_compute *compute, const void *from, size_t bytes,
                          void *d_to) {
    myr_cuda_session session;
    myr_status status = myr_cuda_enter(context, compute, &session);
    if (status != MYR_OK)
        return status;
    status = myr_cuda_upload(context, &session, d_to, from, bytes);
    myr_cuda_leave(compute, &session);
    return status;
}

myr_status myr_cuda_place(myr_context *context, const myr_compute *compute, const myr_cuda_session *session,
                          const void *data, size_t bytes, const void **d_data, void **owned) {
    *owned = NULL;
    *d_data = data;
    if (!data || compute->memory == MYR_DEVICE)
        return MYR_OK;
    myr_status status = myr_cuda_scratch(context, session, bytes, owned);
    if (status == MYR_OK)
        status = myr_cuda_upload(context, session, *owned, data, bytes);
    *d_data = *owned;
    return status;
}
