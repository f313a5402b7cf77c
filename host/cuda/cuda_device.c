/* Devices: which there are, whether they can run this build, and how their failures are told. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <unistd.h>

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
        return myr_fail(
            context, MYR_NO_DEVICE, "cuda needs an NVIDIA driver, and none is installed%s",
            access("/dev/dxg", F_OK) == 0 ? " (in WSL it is that of Windows, by /usr/lib/wsl/lib)" : "");
    /* A driver serves all toolkits of its major version; 11.8 is the oldest that the sources compile with. */
    char build[64] = "";
    if (driver / 1000 >= 11)
        snprintf(build, sizeof build, ", or a build made with CUDA toolkit %s",
                 driver / 1000 == 11   ? "11.8"
                 : driver / 1000 == 12 ? "12"
                                       : "of its version");
    return myr_fail(context, MYR_NO_DEVICE,
                    "the NVIDIA driver is too old: it serves CUDA %d.%d, this build needs %d.%d (take a "
                    "newer driver%s)",
                    driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10, build);
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

myr_status myr_cuda_check_index(myr_context *context, int device) {
    int count = 0;
    myr_status status = myr_cuda_check(context, cudaGetDeviceCount(&count), "looking for GPUs");
    if (status == MYR_OK && count == 0)
        status = myr_cuda_check(context, cudaErrorNoDevice, "looking for GPUs");
    if (status != MYR_OK || device < count)
        return status;
    if (count == 1)
        return myr_fail(context, MYR_NO_DEVICE, "device %d: this process sees 1 GPU (0)", device);
    return myr_fail(context, MYR_NO_DEVICE, "device %d: this process sees %d GPUs (0 … %d)", device, count,
                    count - 1);
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
    return snprintf(text, size, "%s, compute capability %d.%d, %d multiprocessors, %.0f GiB",
                    properties.name, properties.major, properties.minor, properties.multiProcessorCount,
                    (double)properties.totalGlobalMem / 0x1p30);
}
