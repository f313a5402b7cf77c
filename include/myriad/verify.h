/* Verification: a backend against the reference, tier by tier. */
#ifndef MYRIAD_VERIFY_H
#define MYRIAD_VERIFY_H

#include "myriad/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One check's outcome. worst and bound are in the unit that the name says; a check passes where
 * worst <= bound, so that NaN fails. The strings are valid until the report returns. */
typedef struct myr_check {
    size_t struct_size; /* what this library knows: later fields are there from their size on */
    const char *name;   /* as "one step, ddim: share of the rounding bound" */
    const char *backend;
    bool passed;
    bool skipped; /* not possible here; worst, bound and count are 0 */
    double worst, bound;
    uint64_t count; /* comparisons made */
    double done;    /* share of the tiers that are behind it, 0 … 1 */
} myr_check;

typedef void (*myr_check_report)(void *user, const myr_check *check);

#define MYR_VERIFY_MIN_COUNT 10000
#define MYR_VERIFY_MAX_COUNT 1000000000000

typedef struct myr_verify_options {
    size_t struct_size;
    const char *backend; /* as in myr_run_options */
    const char *math;
    uint64_t seed;
    uint64_t count; /* trajectories of the statistical checks, MYR_VERIFY_MIN_COUNT … MAX_COUNT; the
                       reference takes a sixteenth of them, or 1e4 */
    int threads;
    int device;
} myr_verify_options;

#define MYR_VERIFY_OPTIONS_INIT \
    { sizeof(myr_verify_options), "auto", "exact", MYR_DEFAULT_SEED, 1000000, 0, 0 }
MYR_API void myr_verify_options_default(myr_verify_options *made, size_t struct_size);

/* Runs all checks, by default on the automatic backend (options may be NULL), and calls report (which may
 * be NULL) with each, from the calling thread. MYR_CHECK_FAILED if one did not pass; other errors, as of
 * myr_run_moments, end the verification where they occur. */
MYR_API myr_status myr_verify(myr_context *context, const myr_verify_options *options,
                              myr_check_report report, void *user);

#ifdef __cplusplus
}
#endif
#endif
