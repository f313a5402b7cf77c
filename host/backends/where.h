/* Where a call runs, and how: what the options of runs, draws and reductions ask for alike is checked here, and
 * resolved. The public structs have it each (a program names its backend in one line); the code has it once. */
#ifndef MYRIAD_WHERE_H
#define MYRIAD_WHERE_H

#include "myriad/compute.h"
#include "record.h"

/* As options have it; what they lack is left at 0. */
typedef struct myr_asked {
    const char *backend;
    const char *math; /* NULL: exact */
    int threads, device;
    myr_memory memory;
    void *stream;
} myr_asked;

#define MYR_ASKED(options) \
    { .backend = (options)->backend, .threads = (options)->threads, .device = (options)->device }

/* Resolved: the backend is there. */
typedef struct myr_compute {
    const myr_backend *backend;
    bool fast;   /* in fast arithmetic, if the backend has it */
    int threads; /* 1 …: already resolved */
    int device;
    myr_memory memory; /* of the arrays */
    void *stream;      /* with device memory */
} myr_compute;

/* The arithmetic of a backend, as reports have it. */
const char *myr_math_of(const myr_backend *backend, bool fast);

/* Checks what is asked for, and finds the backend. The report, all 0 so far, is filled in but for what is known at the end; NULL: there
 * is none. */
myr_status myr_where_find(myr_context *context, const myr_asked *asked, myr_compute *where,
                          myr_report *report);

#endif
