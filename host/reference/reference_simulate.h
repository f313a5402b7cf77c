/* Rankings in double, written from the formulas in myriad/policy.h. */
#ifndef MYRIAD_REFERENCE_SIMULATE_H
#define MYRIAD_REFERENCE_SIMULATE_H

#include "backends/backend.h"

/* The candidates of ranking number `index`, in ascending order, and the times of their arrival. */
void myr_reference_arrivals(const myr_ranking_draw *draw, uint64_t index, uint32_t *candidates,
                            double *times);

myr_status myr_reference_simulate(myr_context *context, const myr_ranking_draw *draw, uint32_t *rankings);

#endif
