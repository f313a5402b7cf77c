/* Runs of chains on the cpu. */
#ifndef MYRIAD_CPU_CHAIN_H
#define MYRIAD_CPU_CHAIN_H

#include "cpu_isa.h"

/* As myr_cpu_range and myr_cpu_states, for plans with a chain. */
myr_status myr_cpu_chain_range(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                               myr_range *range);
myr_status myr_cpu_chain_states(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                                double *states);

#endif
