/* Samplers: functions that write the rows of a plan. */
#ifndef MYRIAD_SAMPLERS_H
#define MYRIAD_SAMPLERS_H

#include "plan_table.h"
#include "process.h"

/* What the options set, defaults resolved. */
typedef struct myr_sampler_settings {
    double eta;
    double raise;                /* churn: sigma is raised by the factor 1 + raise */
    double raise_from, raise_to; /* churn raises at levels with sigma = s/a in this range */
    double noise_scale;
} myr_sampler_settings;

/* Writes row k, which leads from levels[k] to levels[k + 1]; levels[0 … k] are there to look back. The row
 * arrives with its levels filled in and all else 0. */
typedef void myr_write_row(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                           myr_row *row);

typedef struct myr_sampler {
    const char *name;
    const char *help;
    myr_write_row *write_row; /* NULL of one on the process discrete: it runs the chain */
    const char *only;         /* the one process it is defined on; NULL: all but discrete */
    bool scales_by_a;         /* published for a = 1: it acts on x/a, and a = 0 is refused */
    bool takes_churn;
    bool takes_noise_scale;
    double default_eta; /* of a sampler that takes it */
    bool affine_only;   /* its noise needs Var(x0 | x) in closed form */
    double drift;       /* of the limit of many steps (docs/mathematics.md) at eta 0 */
    int eta_power;      /* eta adds eta^power to the drift, and noise; 0: it takes no eta */
    bool noise;         /* the limit has noise, whatever eta */
} myr_sampler;

/* The sampler of that name, or NULL. */
const myr_sampler *myr_sampler_find(const char *name);

/* Its limit of many steps. */
myr_limit myr_sampler_limit(const myr_sampler *sampler, const myr_sampler_settings *settings);

/* Samplers that have much in common, in one file, which lists them. */
typedef struct myr_sampler_family {
    const myr_sampler *samplers;
    size_t count;
} myr_sampler_family;

extern const myr_sampler_family myr_posterior_samplers; /* posterior means with noise, and ddim */
extern const myr_sampler_family myr_sigma_samplers;     /* in sigma, as k-diffusion */
extern const myr_sampler_family myr_dpmpp_samplers;     /* in lambda = log(a/s), with memory */

/* DDIM's row, which other families make theirs of too. */
myr_write_row myr_write_ddim;

#endif
