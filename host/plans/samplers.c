/* The families of samplers, in the order in which help shows them. A sampler is a function that writes a row and its line
 * in the list of its family's file; a new family is a file, its name in samplers.h and its line here. */
#include "samplers.h"

#include <math.h>
#include <string.h>

#include "targets/target_data.h"

/* Draws from a chain, which writes no rows. */
static const myr_sampler of_chains[] = {
    {.name = "ancestral",
     .help = "draws from the exact reverse chain p(x_{t-1} | x_t) (discrete only)",
     .only = "discrete"},
};

static const myr_sampler_family chains = {of_chains, sizeof of_chains / sizeof *of_chains};

static const myr_sampler_family *const families[] = {&myr_posterior_samplers, &myr_sigma_samplers,
                                                     &myr_dpmpp_samplers, &chains};
enum { FAMILIES = sizeof families / sizeof *families };

/* By the number in the whole list; NULL past its end. */
static const myr_sampler *sampler_at(int index) {
    for (int f = 0; index >= 0 && f < FAMILIES; f++) {
        if ((size_t)index < families[f]->count)
            return &families[f]->samplers[index];
        index -= (int)families[f]->count;
    }
    return NULL;
}

const char *myr_sampler_name(int index) {
    const myr_sampler *sampler = sampler_at(index);
    return sampler ? sampler->name : NULL;
}

const char *myr_sampler_help(int index) {
    const myr_sampler *sampler = sampler_at(index);
    return sampler ? sampler->help : NULL;
}

const myr_sampler *myr_sampler_find(const char *name) {
    const myr_sampler *sampler = NULL;
    for (int index = 0; name && (sampler = sampler_at(index)); index++)
        if (strcmp(name, sampler->name) == 0)
            return sampler;
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
    if (myr_target_chain(target) || !found->write_row)
        return myr_target_chain(target) && !found->write_row;
    return !found->affine_only || myr_target_affine(target);
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
