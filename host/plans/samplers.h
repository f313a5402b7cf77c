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

/* Posterior means with noise, and ddim: samplers_posterior.c. */
myr_write_row myr_write_ddpm_none, myr_write_ddpm_small, myr_write_ddpm_large, myr_write_ddpm_exact;
myr_write_row myr_write_ddim, myr_write_ddim_half, myr_write_ddim_second;

/* In sigma, as k-diffusion: samplers_sigma.c. */
myr_write_row myr_write_euler, myr_write_euler_ancestral, myr_write_heun;

/* In lambda = log(a/s), with memory: samplers_dpmpp.c. */
myr_write_row myr_write_dpmpp_2m, myr_write_dpmpp_2m_sde;
myr_write_row myr_write_dpmpp_3m_sde, myr_write_dpmpp_3m_sde_corrected;

#endif
