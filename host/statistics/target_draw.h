/* Exact draws from a target. */
#ifndef MYRIAD_TARGET_DRAW_H
#define MYRIAD_TARGET_DRAW_H

#include "myriad/random.h"
#include "plans/target_data.h"

/* Draw number index of the seed: x[dimension]. Not of discrete targets. */
void myr_target_draw(const myr_target *target, uint64_t seed, uint64_t index, double *x);

#endif
