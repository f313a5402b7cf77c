/* Exact draws from a target. */
#ifndef MYRIAD_TARGET_DRAW_H
#define MYRIAD_TARGET_DRAW_H

#include <stdbool.h>

#include "myriad/random.h"
#include "targets/target_data.h"

/* Whether there are such draws: of all targets but discrete ones. */
bool myr_target_draws(const myr_target *target);

/* Draw number index of the seed: x[dimension]. */
void myr_target_draw(const myr_target *target, uint64_t seed, uint64_t index, double *x);

#endif
