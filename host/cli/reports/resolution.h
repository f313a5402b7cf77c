/* Whether float32, or float64, holds the samples that are written: near 1e7 floats are 1 apart. */
#ifndef MYRIAD_CLI_RESOLUTION_H
#define MYRIAD_CLI_RESOLUTION_H

#include <stdbool.h>

#include "myriad/myriad.h"

typedef struct cli_resolution {
    bool looked, doubles;
    double share;           /* of the variance, that rounding adds; of the worst coordinate */
    int coordinate;         /* the worst one */
    double largest, spread; /* the worst coordinate's largest number and standard deviation */
} cli_resolution;

/* Of a Gaussian's samples all is known beforehand: mean and spread. */
void cli_resolution_exact(cli_resolution *resolution, myr_context *context, const myr_plan *plan,
                          const myr_target *target, bool doubles);

/* Of others: looks at the first samples (or ends of trajectories) of a run; later ones are passed over. */
void cli_resolution_look(cli_resolution *resolution, const myr_target *target, const double *values,
                         uint64_t count, const myr_samples_shape *shape);

/* Prints a line if the type is too coarse for them. */
void cli_resolution_note(const cli_resolution *resolution, const char *path);

#endif
