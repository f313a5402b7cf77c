/* Rankings on the cpu: float arrival times, exact arithmetic, OpenMP over blocks of lanes. */
#ifndef MYRIAD_CPU_SIMULATE_H
#define MYRIAD_CPU_SIMULATE_H

#include "backends/backend.h"

myr_status myr_cpu_simulate(myr_context *context, const myr_ranking_draw *draw, uint32_t *rankings);

#endif
