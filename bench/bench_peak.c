/* How much memory a measurement takes at most: of the process, as Linux counts it, or of the GPU. */
#include <math.h>
#include <stdio.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "bench_memory.h"
#include "myriad/run.h"

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

/* In use now, or at most since this was asked before. */
static double device_bytes(myr_context *context, int device, bool most) {
    uint64_t used, peak;
    if (myr_device_memory(context, device, &used, &peak) != MYR_OK)
        return (double)NAN;
    return (double)(most ? peak : used);
}

double bench_peak_begin(myr_context *context, const myr_compute_options *compute) {
    if (compute->memory == MYR_DEVICE)
        return device_bytes(context, compute->device, false);
#ifdef __GLIBC__
    (void)malloc_trim(0); /* or what was freed before would be taken again unseen */
#endif
    FILE *file = fopen("/proc/self/clear_refs", "w"); /* 5: the peak becomes what is in use */
    bool done = file && fputs("5", file) >= 0;
    done = file && fclose(file) == 0 && done;
    return done ? status_bytes("VmRSS") : (double)NAN;
}

double bench_peak_since(myr_context *context, const myr_compute_options *compute, double before) {
    const double most = compute->memory == MYR_DEVICE ? device_bytes(context, compute->device, true)
                                                      : status_bytes("VmHWM");
    return most - before;
}
