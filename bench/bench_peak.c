/* How much memory a measurement takes at most: of the process, as Linux counts it, or of the GPU's pool
 * that scratch memory comes from. */
#include <math.h>
#include <stdio.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "device.h"

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
        return bench_device_begin_peak(compute->device);
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
        compute->memory == MYR_DEVICE ? bench_device_peak(compute->device) : status_bytes("VmHWM");
    return most - before;
}
