/* What happened in a call that ran on a backend: a run (myriad/run.h) or a reduction (myriad/compute.h). */
#ifndef MYRIAD_REPORT_H
#define MYRIAD_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "myriad/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct myr_report {
    size_t struct_size;
    const char *backend; /* the one that ran; a string that lives as long as the library */
    const char *math;    /* "exact", "fast", or "double" for the reference; likewise */
    char device[128];    /* the GPU's name, or the instruction set and threads of the CPU */
    char note[256];      /* why auto did not take the GPU; "" if there is nothing to say */
    double seconds;      /* wall time of the run, or of the reduction */

    /* Of runs alone, else 0 and "". */
    uint64_t checksum; /* over the moments' bits: FNV-1a of count, mean, m2, m3, m4, coordinate by
                          coordinate, little-endian */
    char warning[256]; /* that the backend's numbers are too coarse for the target, which is far from where
                          states are held about, or too small (docs/mathematics.md, section 9); "" if they are
                          not */
} myr_report;

#define MYR_REPORT_INIT \
    { sizeof(myr_report), NULL, NULL, "", "", 0.0, 0, "" }
MYR_API void myr_report_default(myr_report *made, size_t struct_size);

#ifdef __cplusplus
}
#endif
#endif
