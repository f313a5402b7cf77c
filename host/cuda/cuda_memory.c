#include "cuda_memory.h"

#include "cuda_backend.h"
#include "ground/failure.h"

myr_status myr_cuda_allocate(myr_context *context, const myr_cuda_session *session, size_t bytes,
                             void **memory) {
    const cudaMemPool_t pool = session->room->pool;
    const size_t some = bytes > 0 ? bytes : 1;
    const cudaError_t error =
        pool ? cudaMallocFromPoolAsync(memory, some, pool, session->stream) : cudaMalloc(memory, some);
    if (error == cudaSuccess)
        return MYR_OK;
    *memory = NULL;
    if (error != cudaErrorMemoryAllocation)
        return myr_cuda_check(context, error, "reserving memory");
    (void)cudaGetLastError();
    return myr_fail(context, MYR_OUT_OF_MEMORY, "out of GPU memory: %zu bytes could not be reserved",
                    bytes);
}

void myr_cuda_release(const myr_cuda_session *session, void *memory) {
    if (memory)
        (void)(session->room->pool ? cudaFreeAsync(memory, session->stream) : cudaFree(memory));
}

myr_status myr_cuda_available_bytes(myr_context *context, const myr_cuda_session *session, size_t *bytes) {
    uint64_t reserved = 0, used = 0; /* of the pool, which takes what it keeps first */
    size_t free_bytes = 0, all = 0;
    cudaError_t error = cudaMemGetInfo(&free_bytes, &all);
    if (error == cudaSuccess && session->room->pool)
        error = cudaMemPoolGetAttribute(session->room->pool, cudaMemPoolAttrReservedMemCurrent, &reserved);
    if (error == cudaSuccess && session->room->pool)
        error = cudaMemPoolGetAttribute(session->room->pool, cudaMemPoolAttrUsedMemCurrent, &used);
    const size_t some = free_bytes + (size_t)(reserved - used), left = all / 16;
    *bytes = some > left ? some - left : 0;
    return myr_cuda_check(context, error, "counting its memory");
}

static myr_status count_used(myr_context *context, cudaMemPool_t pool, uint64_t *used, uint64_t *peak) {
    uint64_t none = 0; /* the only value that may be set: the peak becomes what is in use */
    cudaError_t error = cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, used);
    if (error == cudaSuccess)
        error = cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemHigh, peak);
    if (error == cudaSuccess)
        error = cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &none);
    return myr_cuda_check(context, error, "counting its memory");
}

myr_status myr_cuda_device_memory(myr_context *context, int device, uint64_t *used, uint64_t *peak) {
    myr_cuda_session session;
    myr_status status = myr_cuda_open(context, device, &session);
    if (status != MYR_OK)
        return status;
    status = session.room->pool
                 ? count_used(context, session.room->pool, used, peak)
                 : myr_fail(context, MYR_UNSUPPORTED, "device %d does not count its memory", device);
    myr_cuda_close(&session);
    return status;
}

static myr_status copy(myr_context *context, const myr_cuda_session *session, void *to, const void *from,
                       size_t bytes, enum cudaMemcpyKind kind, const char *doing) {
    cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, session->stream);
    if (error == cudaSuccess)
        error = cudaStreamSynchronize(session->stream);
    return myr_cuda_check(context, error, doing);
}

myr_status myr_cuda_upload(myr_context *context, const myr_cuda_session *session, void *d_to,
                           const void *from, size_t bytes) {
    return copy(context, session, d_to, from, bytes, cudaMemcpyHostToDevice, "copying data to it");
}

myr_status myr_cuda_download(myr_context *context, const myr_cuda_session *session, void *to,
                             const void *d_from, size_t bytes) {
    return copy(context, session, to, d_from, bytes, cudaMemcpyDeviceToHost, "copying results from it");
}

myr_status myr_cuda_allocate_copy(myr_context *context, const myr_cuda_session *session, const void *from,
                                  size_t bytes, void **memory) {
    myr_status status = myr_cuda_allocate(context, session, bytes, memory);
    return status == MYR_OK ? myr_cuda_upload(context, session, *memory, from, bytes) : status;
}

myr_status myr_cuda_place_floats(myr_context *context, const myr_cuda_session *session, const float *from,
                                 size_t count, float **d_floats) {
    const size_t bytes = count * sizeof(float);
    void *memory = NULL;
    myr_status status = from ? myr_cuda_allocate_copy(context, session, from, bytes, &memory)
                             : myr_cuda_allocate(context, session, bytes, &memory);
    *d_floats = memory;
    return status;
}
