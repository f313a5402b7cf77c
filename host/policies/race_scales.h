/* What cpu and cuda stretch arrival times with. */
#ifndef MYRIAD_RACE_SCALES_H
#define MYRIAD_RACE_SCALES_H

#include "backends/backend.h"

/* exp(-r) of every entry [prompts][answers], to be freed; NULL without memory. */
double *myr_race_scales(const myr_ranking_draw *draw);

#endif
