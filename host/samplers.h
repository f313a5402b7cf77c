/* Samplers: functions that write the rows of a plan. */
#ifndef MYRIAD_SAMPLERS_H
#define MYRIAD_SAMPLERS_H

#include "plan_table.h"
#include "process.h"

typedef struct myr_sampler {
    const char *name;
    const char *help;
    /* Writes row k, which leads from levels[k] to levels[k + 1]; levels[0 … k] are there to look back.
     * The row arrives with its levels filled in and all else 0. */
    void (*write_row)(const myr_level *levels, int64_t k, double eta, myr_row *row);
    const char *only;   /* the one process it is defined on; NULL: all */
    bool takes_eta;     /* else eta is 0 */
    double default_eta; /* of a sampler that takes it */
    bool affine_only;   /* its noise needs Var(x0 | x) in closed form */
    myr_limit limit;    /* at eta 0; eta adds eta^2 to the drift, and noise */
} myr_sampler;

/* The sampler of that name, or NULL. */
const myr_sampler *myr_sampler_find(const char *name);

/* Its limit of many steps at that eta. */
myr_limit myr_sampler_limit(const myr_sampler *sampler, double eta);

#endif
