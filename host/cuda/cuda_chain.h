/* Runs of chains on the device. */
#ifndef MYRIAD_CUDA_CHAIN_H
#define MYRIAD_CUDA_CHAIN_H

#include "cuda_run.h"

/* As myr_cuda_range and myr_cuda_states, for plans with a chain. */
myr_status myr_cuda_chain_range(myr_context *context, const myr_cuda_limits *limits, const myr_job *job,
                                myr_range *range);
myr_status myr_cuda_chain_states(myr_context *context, const myr_cuda_limits *limits, const myr_job *job,
                                 double *states);

#endif
