/* Bounds along a path of rows, for denoisers that take the whole vector: what the files of their own share
 * with rounding_path.c. */
#ifndef MYRIAD_ROUNDING_PATH_H
#define MYRIAD_ROUNDING_PATH_H

#include "rounding.h"
#include "tables/second_stage.h"

/* Values, relative to the mean path, and the errors of their float counterparts, [dimension] each. */
typedef struct myr_rounded {
    double *value, *error;
} myr_rounded;

typedef struct myr_rounding_path {
    const myr_job *job;
    int dimension;
    myr_rounded x, d1, d2, d, y, second;
    double *score, *score_error; /* [points or components], for the denoiser */
} myr_rounding_path;

/* d~ at a level, and how far it may be off; or, unless score is 0, score (x~ - a d~). */
typedef void myr_bound_denoiser(const myr_rounding_path *path, double a, double s, double score,
                                const myr_rounded *x, myr_rounded *d);
myr_bound_denoiser myr_bound_empirical_denoiser, myr_bound_mixture_denoiser, myr_bound_ring_denoiser;

#endif
