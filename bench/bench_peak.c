/* How much memory a measurement takes at most: of the process, as Linux counts it, or of the GPU's pool
 * that scratch memory comes from. */
#include <math.h>
#include <stdio.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "bench_memory.h"

#ifdef MYRIAD_HAVE_CUDA
#include <cuda_runtime_api.h>

static double pool_bytes(int device, enum cudaMemPoolAttr attribute) {
    cudaMemPool_t pool;
    uint64_t bytes = 0;
    if (cudaDeviceGetDefaultMemPool(&pool, device) != cudaSuccess ||
        cudaMemPoolGetAttribute(pool, attribute, &bytes) != cudaSuccess)
        return (double)NAN;
    return (double)bytes;
}

static double begin_on_device(int device) {
    cudaMemPool_t pool;
    uint64_t none = 0; /* the only value that may be set: the peak becomes what is in use */
    if (cudaDeviceGetDefaultMemPool(&pool, device) != cudaSuccess ||
        cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &none) != cudaSuccess)
        return (double)NAN;
    return pool_bytes(device, cudaMemPoolAttrUsedMemCurrent);
}

static double most_on_device(int device) {
    return pool_bytes(device, cudaMemPoolAttrUsedMemHigh);
}
#else
static double begin_on_device(int device) {
    (void)device;
    return (double)NAN;
}

static double most_on_device(int device) {
    (void)device;
    return (double)NAN;
}
#endif

/* A line of /proc/self/status, as "VmHWM: 1234 kB". */
static double status_bytes(const char *name) {
    char line[256], format[32];
    double kilobytes = (double)NAN;
    FILE *file = fopen("/proc/self/status", "r");
    snprintf(format, sizeof format, "%s: %%lf kB", name);
    while (file && isnan(kilobytes) && fgets(line, sizeof line, file))
        if (sscanf(line, format, &kilobytes) != 1) /* NOLINT(cert-err34-c): a number of the kernel's */
            kilobytes = (double)NAN;
    if (file)
        (void)fclose(file);
    return kilobytes * 1024.0;
}

double bench_peak_begin(const myr_compute_options *compute) {
    if (compute->memory == MYR_DEVICE)
        return begin_on_device(compute->device);
#ifdef __GLIBC__
    (void)malloc_trim(0); /* or what was freed before would be taken again unseen */
#endif
    FILE *file = fopen("/proc/self/clear_refs", "w"); /* 5: the peak becomes what is in use */
    bool done = file && fputs("5", file) >= 0;
    done = file && fclose(file) == 0 && done;
    return done ? status_bytes("VmRSS") : (double)NAN;
}

double bench_peak_since(const myr_compute_options *compute, double before) {
    const double most =
        compute->memory == MYR_DEVICE ? most_on_device(compute->device) : status_bytes("VmHWM");
    return most - before;
}
