/* Devices: which there are, whether they can run this build, and how their failures are told. */
#include <stdio.h>

#include "cuda_backend.h"
#include "ground/failure.h"
#include "launch.h"

/* What is known before anything starts: no usable device. */
static const char *missing_device(cudaError_t error) {
    switch (error) {
        case cudaErrorNoDevice:
            return "no NVIDIA GPU is visible to this process";
        case cudaErrorStubLibrary:
            return "the NVIDIA driver is only a stub library here";
        case cudaErrorSystemDriverMismatch:
        case cudaErrorCompatNotSupportedOnDevice:
            return "the NVIDIA driver and its user-mode library do not belong together";
        case cudaErrorSystemNotReady:
        case cudaErrorInitializationError:
            return "the NVIDIA driver did not start";
        case cudaErrorDevicesUnavailable:
            return "the GPU is busy or reserved for another process";
        case cudaErrorDeviceNotLicensed:
            return "the GPU has no licence for computing";
        case cudaErrorNoKernelImageForDevice:
        case cudaErrorInvalidDeviceFunction:
        case cudaErrorUnsupportedPtxVersion:
        case cudaErrorInvalidKernelImage:
            return "this build has no code for the GPU";
        default:
            return NULL;
    }
}

/* Neither of these calls needs a driver: without one its version is 0. */
static myr_status fail_driver(myr_context *context) {
    int driver = 0, runtime = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    if (driver == 0)
        return myr_fail(context, MYR_NO_DEVICE, "cuda needs an NVIDIA driver, and none is installed");
    return myr_fail(context, MYR_NO_DEVICE,
                    "the NVIDIA driver is too old: it serves CUDA %d.%d, this build needs %d.%d",
                    driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
}

myr_status myr_cuda_check(myr_context *context, cudaError_t error, const char *doing) {
    if (error == cudaSuccess)
        return MYR_OK;
    (void)cudaGetLastError(); /* or the next call would report this one again */
    if (error == cudaErrorMemoryAllocation)
        return myr_fail(context, MYR_OUT_OF_MEMORY, "out of GPU memory while %s", doing);
    if (error == cudaErrorInsufficientDriver || error == cudaErrorCallRequiresNewerDriver)
        return fail_driver(context);
    const char *missing = missing_device(error);
    if (missing)
        return myr_fail(context, MYR_NO_DEVICE, "%s (%s)", missing, cudaGetErrorName(error));
    return myr_fail(context, MYR_DEVICE_ERROR, "the GPU failed while %s: %s (%s)", doing,
                    cudaGetErrorString(error), cudaGetErrorName(error));
}

static myr_status check_index(myr_context *context, int device) {
    int count = 0;
    myr_status status = myr_cuda_check(context, cudaGetDeviceCount(&count), "looking for GPUs");
    if (status == MYR_OK && count == 0)
        status = myr_cuda_check(context, cudaErrorNoDevice, "looking for GPUs");
    if (status != MYR_OK || device < count)
        return status;
    if (count == 1)
        return myr_fail(context, MYR_NO_DEVICE, "device %d: this machine has 1 GPU (0)", device);
    return myr_fail(context, MYR_NO_DEVICE, "device %d: this machine has %d GPUs (0 … %d)", device, count,
                    count - 1);
}

myr_status myr_cuda_open(myr_context *context, int device, myr_cuda_session *session) {
    session->stream = NULL;
    session->previous = -1;
    myr_status status = check_index(context, device);
    if (status != MYR_OK)
        return status;
    if (cudaGetDevice(&session->previous) != cudaSuccess)
        session->previous = -1;
    status = myr_cuda_check(context, cudaSetDevice(device), "starting the GPU");
    if (status == MYR_OK)
        status = myr_cuda_check(context, cudaStreamCreateWithFlags(&session->stream, cudaStreamNonBlocking),
                                "starting the GPU");
    if (status != MYR_OK)
        myr_cuda_close(session);
    return status;
}

void myr_cuda_close(myr_cuda_session *session) {
    if (session->stream)
        (void)cudaStreamDestroy(session->stream);
    if (session->previous >= 0)
        (void)cudaSetDevice(session->previous);
    (void)cudaGetLastError();
    session->stream = NULL;
}

myr_status myr_cuda_available(myr_context *context, int device) {
    myr_cuda_session session;
    myr_status status = myr_cuda_open(context, device, &session);
    if (status != MYR_OK)
        return status;
    status = myr_cuda_check(context, myr_launch_check(), "loading the kernels");
    myr_cuda_close(&session);
    return status;
}

int myr_cuda_device_count(void) {
    int count = 0;
    if (cudaGetDeviceCount(&count) == cudaSuccess)
        return count;
    (void)cudaGetLastError();
    return 0;
}

int myr_cuda_device_describe(int device, char *text, size_t size) {
    struct cudaDeviceProp properties;
    if (size > 0)
        text[0] = '\0';
    if (cudaGetDeviceProperties(&properties, device) != cudaSuccess) {
        (void)cudaGetLastError();
        return 0;
    }
    return snprintf(text, size, "%s, %d multiprocessors, %.0f GiB", properties.name,
                    properties.multiProcessorCount, (double)properties.totalGlobalMem / 0x1p30);
}

myr_status myr_cuda_allocate(myr_context *context, size_t bytes, void **memory) {
    cudaError_t error = cudaMalloc(memory, bytes);
    if (error == cudaSuccess)
        return MYR_OK;
    *memory = NULL;
    if (error != cudaErrorMemoryAllocation)
        return myr_cuda_check(context, error, "reserving memory");
    (void)cudaGetLastError();
    return myr_fail(context, MYR_OUT_OF_MEMORY, "out of GPU memory: %zu bytes could not be reserved",
                    bytes);
}

void myr_cuda_release(void *memory) {
    if (memory)
        (void)cudaFree(memory);
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
    myr_status status = myr_cuda_allocate(context, bytes, memory);
    return status == MYR_OK ? myr_cuda_upload(context, session, *memory, from, bytes) : status;
}

myr_status myr_cuda_place_floats(myr_context *context, const myr_cuda_session *session, const float *from,
                                 size_t count, float **d_floats) {
    const size_t bytes = count * sizeof(float);
    void *memory = NULL;
    myr_status status = from ? myr_cuda_allocate_copy(context, session, from, bytes, &memory)
                             : myr_cuda_allocate(context, bytes, &memory);
    *d_floats = memory;
    return status;
}
