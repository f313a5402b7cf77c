/* Runs on the cpu that go by no rows (cpu_rows.h): chains, and rankings. */
#ifndef MYRIAD_CPU_BACKEND_H
#define MYRIAD_CPU_BACKEND_H

#include "backends/backend.h"
#include "cpu_isa.h"

/* As myr_cpu_range and myr_cpu_states, for plans with a chain. */
myr_status myr_cpu_chain_range(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                               myr_range *range);
myr_status myr_cpu_chain_states(myr_context *context, const myr_lanes_isa *isa, const myr_job *job,
                                double *states);

/* Rankings: float arrival times, exact arithmetic, OpenMP over blocks of lanes. */
myr_status myr_cpu_simulate(myr_context *context, const myr_ranking_draw *draw, uint32_t *rankings);

#endif
