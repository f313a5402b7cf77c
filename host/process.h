/* Forward processes and their grids: the levels that a sampler visits. */
#ifndef MYRIAD_PROCESS_H
#define MYRIAD_PROCESS_H

#include "myriad/plan.h"

/* A level x = a x0 + s e, with the variances rather than the scales: a process knows them without
 * cancellation, and the samplers' formulas want them. */
typedef struct myr_level {
    double a;
    double variance; /* s^2 */
    double added;    /* q = s^2 - r^2 s'^2, r = a/a': the noise variance between the next, cleaner level
                        and this one; 0 in the last level */
} myr_level;

typedef struct myr_process {
    const char *name;
    const char *help;
    /* Writes levels[0 … steps] of options->steps steps, the noisiest first, and the variance of the
     * start "prior", N(0, prior_variance). Fails with a message if the options do not suit the grid. */
    myr_status (*make_grid)(myr_context *context, const myr_plan_options *options, myr_level *levels,
                            double *prior_variance);
} myr_process;

/* The process of that name, or NULL. */
const myr_process *myr_process_find(const char *name);

#endif
