/* The denoisers that the cpu backend has: what it needs to know of a target to run rows over it. */
#ifndef MYRIAD_CPU_DENOISER_H
#define MYRIAD_CPU_DENOISER_H

#include "lanes.h"

/* Points of a tile at most. Its scores, 128 KiB, stay in the second-level cache. */
#define MYR_POINT_TILE 256

typedef struct myr_cpu_denoiser {
    const myr_target_operations *target;
    /* One evaluation, in steps of one coordinate of a Gaussian. */
    double (*work)(const myr_target *target);
    size_t scratch; /* lane rows that it works in */
    /* Makes the job's table, with windows of at most about `bytes`, and all else that evaluations by so many threads
     * need. */
    myr_status (*begin)(myr_context *context, const myr_job *job, double bytes, int threads,
                        myr_lanes_table *table);
    void (*end)(myr_lanes_table *table);
    const myr_lanes_denoiser *(*lanes)(const myr_lanes_isa *isa);
} myr_cpu_denoiser;

/* The target's. Errors: MYR_UNSUPPORTED, naming it. */
myr_status myr_cpu_denoiser_find(myr_context *context, const myr_target *target,
                                 const myr_cpu_denoiser **denoiser);

#endif
