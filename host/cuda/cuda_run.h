/* Runs on the device of targets whose rows run fused, all those of a slice in one kernel. The limits of a batch do not show in the
 * result; tests set small ones. */
#ifndef MYRIAD_CUDA_RUN_H
#define MYRIAD_CUDA_RUN_H

#include "cuda_backend.h"

typedef struct myr_cuda_limits {
    double launch_steps;    /* a launch's work, in coordinate-steps */
    uint32_t least_chunks;  /* a batch of fewer would leave multiprocessors idle: rows are split first */
    uint32_t most_chunks;   /* a power of two, at most 2^19 */
    double state_bytes;     /* states that a batch may keep on the device */
    double copied_bytes;    /* and may have on their way to or from the caller */
    double window_bytes;    /* tables of rows that are kept at a time, a row's at least */
    uint32_t spread_blocks; /* thread blocks that a batch of few chunks is spread over, at most */
} myr_cuda_limits;

extern const myr_cuda_limits myr_cuda_usual_limits;

myr_status myr_cuda_range(myr_context *context, const myr_cuda_limits *limits, const myr_job *job,
                          myr_range *range);
myr_status myr_cuda_states(myr_context *context, const myr_cuda_limits *limits, const myr_job *job,
                           double *states);

/* As myr_cuda_range and myr_cuda_states, for plans with a chain. */
myr_status myr_cuda_chain_range(myr_context *context, const myr_cuda_limits *limits, const myr_job *job,
                                myr_range *range);
myr_status myr_cuda_chain_states(myr_context *context, const myr_cuda_limits *limits, const myr_job *job,
                                 double *states);

#endif
