/* The list of all samplers. One that is new is a function that writes a row, in a file of its family, its
 * name in samplers.h, and a line here. */
#include "samplers.h"

#include <math.h>
#include <string.h>

#include "targets/target_data.h"

static const myr_sampler samplers[] = {
    {.name = "ddpm-none",
     .help = "posterior mean without noise: the samples collapse",
     .write_row = myr_write_ddpm_none,
     .drift = 2.0},
    {.name = "ddpm-small",
     .help = "posterior mean, noise of the posterior given x0",
     .write_row = myr_write_ddpm_small,
     .drift = 2.0,
     .noise = true},
    {.name = "ddpm-large",
     .help = "posterior mean, noise of the forward step",
     .write_row = myr_write_ddpm_large,
     .drift = 2.0,
     .noise = true},
    {.name = "ddpm-exact",
     .help = "the exact posterior, for Gaussian targets",
     .write_row = myr_write_ddpm_exact,
     .affine_only = true,
     .drift = 2.0,
     .noise = true},
    {.name = "ddim",
     .help = "DDIM; eta 0 (the default) is deterministic, eta 1 is ddpm-small",
     .write_row = myr_write_ddim,
     .default_eta = 0.0,
     .drift = 1.0,
     .eta_power = 2},
    {.name = "ddim-half",
     .help = "ddim with its factor replaced by 1/2 (ve only)",
     .write_row = myr_write_ddim_half,
     .only = "ve",
     .drift = 1.0},
    {.name = "ddim-second",
     .help = "ddim with its factor replaced by 1/2 + Dt/(8 t) (ve only)",
     .write_row = myr_write_ddim_second,
     .only = "ve",
     .drift = 1.0},
    {.name = "euler",
     .help = "Euler's step in sigma; takes churn",
     .write_row = myr_write_euler,
     .scales_by_a = true,
     .takes_churn = true,
     .takes_noise_scale = true,
     .drift = 1.0},
    {.name = "euler-ancestral",
     .help = "Euler's step to a lower sigma, then noise up to the next; eta 1 by default",
     .write_row = myr_write_euler_ancestral,
     .scales_by_a = true,
     .takes_noise_scale = true,
     .default_eta = 1.0,
     .drift = 1.0,
     .eta_power = 2},
    {.name = "heun",
     .help = "Heun's two stages in sigma, second order (EDM); takes churn",
     .write_row = myr_write_heun,
     .scales_by_a = true,
     .takes_churn = true,
     .takes_noise_scale = true,
     .drift = 1.0},
    {.name = "dpmpp-2m",
     .help = "DPM-Solver++(2M): second order, one output remembered",
     .write_row = myr_write_dpmpp_2m,
     .scales_by_a = true,
     .drift = 1.0},
    {.name = "dpmpp-2m-sde",
     .help = "DPM-Solver++(2M) SDE, midpoint; eta 1 by default",
     .write_row = myr_write_dpmpp_2m_sde,
     .scales_by_a = true,
     .takes_noise_scale = true,
     .default_eta = 1.0,
     .drift = 1.0,
     .eta_power = 1},
    {.name = "dpmpp-3m-sde",
     .help = "DPM-Solver++(3M) SDE as published: second order; eta 1 by default",
     .write_row = myr_write_dpmpp_3m_sde,
     .scales_by_a = true,
     .takes_noise_scale = true,
     .default_eta = 1.0,
     .drift = 1.0,
     .eta_power = 1},
    {.name = "dpmpp-3m-sde-corrected",
     .help = "the same with its third term doubled: third order; eta 1 by default",
     .write_row = myr_write_dpmpp_3m_sde_corrected,
     .scales_by_a = true,
     .takes_noise_scale = true,
     .default_eta = 1.0,
     .drift = 1.0,
     .eta_power = 1},
    {.name = "ancestral",
     .help = "draws from the exact reverse chain p(x_{t-1} | x_t) (discrete only)",
     .only = "discrete"},
};

enum { SAMPLERS = sizeof samplers / sizeof *samplers };

const char *myr_sampler_name(int index) {
    return index >= 0 && index < SAMPLERS ? samplers[index].name : NULL;
}

const char *myr_sampler_help(int index) {
    return index >= 0 && index < SAMPLERS ? samplers[index].help : NULL;
}

const myr_sampler *myr_sampler_find(const char *name) {
    for (int index = 0; name && index < SAMPLERS; index++)
        if (strcmp(name, samplers[index].name) == 0)
            return &samplers[index];
    return NULL;
}

bool myr_sampler_takes(const char *sampler, const char *option) {
    const myr_sampler *found = myr_sampler_find(sampler);
    if (!found || !option)
        return false;
    return (strcmp(option, "eta") == 0 && found->eta_power > 0) ||
           (strcmp(option, "churn") == 0 && found->takes_churn) ||
           (strcmp(option, "noise_scale") == 0 && found->takes_noise_scale);
}

bool myr_sampler_supports(const char *sampler, const char *process) {
    const myr_sampler *found = myr_sampler_find(sampler);
    const myr_process *on = myr_process_find(process);
    if (!found || !on)
        return false;
    return found->only ? strcmp(found->only, process) == 0 : !on->discrete;
}

bool myr_sampler_supports_target(const char *sampler, const myr_target *target) {
    const myr_sampler *found = myr_sampler_find(sampler);
    if (!found || !target)
        return false;
    if (target->kind == MYR_TARGET_DISCRETE || !found->write_row)
        return target->kind == MYR_TARGET_DISCRETE && !found->write_row;
    return !found->affine_only || target->kind == MYR_TARGET_GAUSSIAN;
}

myr_limit myr_sampler_limit(const myr_sampler *sampler, const myr_sampler_settings *settings) {
    myr_limit limit = {.known = settings->raise == 0.0, .drift = sampler->drift};
    bool fresh = sampler->noise;
    if (sampler->eta_power > 0 && settings->eta > 0.0) {
        limit.drift += pow(settings->eta, sampler->eta_power);
        fresh = true;
    }
    limit.noise = fresh ? settings->noise_scale * settings->noise_scale : 0.0;
    return limit;
}
