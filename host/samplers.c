/* Every sampler: a function that writes a row, and a line in the list at the end.
 *
 * With a, s the level left, a', s' the level entered: r = a/a', q = s^2 - r^2 s'^2, which the grid knows
 * without cancellation. */
#include "samplers.h"

#include <math.h>
#include <string.h>

/* The mean of q(x' | x, x0) with the denoiser's output for x0: A = r s'^2/s^2, B = a' q/s^2. */
static void write_ddpm_none(const myr_level *levels, int64_t k, double eta, myr_row *row) {
    (void)eta;
    const myr_level *from = &levels[k], *to = &levels[k + 1];
    row->A = from->a / to->a * to->variance / from->variance;
    row->B = to->a * (from->added / from->variance);
}

/* … and its variance, given x0: C^2 = s'^2 q/s^2. */
static void write_ddpm_small(const myr_level *levels, int64_t k, double eta, myr_row *row) {
    write_ddpm_none(levels, k, eta, row);
    row->C = sqrt(levels[k + 1].variance * (levels[k].added / levels[k].variance));
}

/* … or the variance that the forward process adds: C^2 = q. */
static void write_ddpm_large(const myr_level *levels, int64_t k, double eta, myr_row *row) {
    write_ddpm_none(levels, k, eta, row);
    row->C = sqrt(levels[k].added);
}

/* … or the exact Var(x' | x) = s'^2 q/s^2 + B^2 Var(x0 | x). */
static void write_ddpm_exact(const myr_level *levels, int64_t k, double eta, myr_row *row) {
    write_ddpm_small(levels, k, eta, row);
    row->E = row->B;
}

/* C^2 = eta^2 s'^2 q/s^2, A = sqrt(s'^2 - C^2)/s, B = a' - a A. Written with p = r^2 s'^2 = s^2 - q and
 * X = r A, so that nothing cancels when steps are many:
 *     s'^2 - C^2 = s'^2 ((1 - eta^2) s^2 + eta^2 p)/s^2,
 *     B = a' (1 - X) = a' (1 - X^2)/(1 + X),  1 - X^2 = q (q + (1 + eta^2) p)/s^4. */
static void write_ddim(const myr_level *levels, int64_t k, double eta, myr_row *row) {
    const myr_level *from = &levels[k], *to = &levels[k + 1];
    double r = from->a / to->a, square = eta * eta;
    double p = r * r * to->variance, q = from->added;
    double share = q / from->variance;
    row->C = eta * sqrt(to->variance * share);
    row->A = sqrt(to->variance * ((1.0 - square) * from->variance + square * p)) / from->variance;
    row->B = to->a * share * ((q + (1.0 + square) * p) / from->variance) / (1.0 + r * row->A);
}

/* x <- x + h (Dt/t) (d - x); Dt/t = q/s^2 on ve. */
static void write_ve_pull(const myr_level *from, double h, myr_row *row) {
    row->B = h * (from->added / from->variance);
    row->A = 1.0 - row->B;
}

/* h = 1/2 and 1/2 + Dt/(8 t): the first terms of sqrt(t)/(sqrt(t - Dt) + sqrt(t)), which is ddim. */
static void write_ddim_half(const myr_level *levels, int64_t k, double eta, myr_row *row) {
    (void)eta;
    write_ve_pull(&levels[k], 0.5, row);
}

static void write_ddim_second(const myr_level *levels, int64_t k, double eta, myr_row *row) {
    (void)eta;
    write_ve_pull(&levels[k], 0.5 + 0.125 * (levels[k].added / levels[k].variance), row);
}

/* Limits of many steps (docs/mathematics.md): the drift's exponent, and whether fresh noise comes in. */
#define MEAN_ONLY \
    { true, 2.0, false }
#define DIFFUSION \
    { true, 2.0, true }
#define FLOW \
    { true, 1.0, false }

static const myr_sampler samplers[] = {
    {.name = "ddpm-none",
     .help = "posterior mean without noise: the samples collapse",
     .write_row = write_ddpm_none,
     .limit = MEAN_ONLY},
    {.name = "ddpm-small",
     .help = "posterior mean, noise of the posterior given x0",
     .write_row = write_ddpm_small,
     .limit = DIFFUSION},
    {.name = "ddpm-large",
     .help = "posterior mean, noise of the forward step",
     .write_row = write_ddpm_large,
     .limit = DIFFUSION},
    {.name = "ddpm-exact",
     .help = "the exact posterior, for Gaussian targets",
     .write_row = write_ddpm_exact,
     .affine_only = true,
     .limit = DIFFUSION},
    {.name = "ddim",
     .help = "DDIM; eta 0 (the default) is deterministic, eta 1 is ddpm-small",
     .write_row = write_ddim,
     .takes_eta = true,
     .default_eta = 0.0,
     .limit = FLOW},
    {.name = "ddim-half",
     .help = "ddim with its factor replaced by 1/2 (ve only)",
     .write_row = write_ddim_half,
     .only = "ve",
     .limit = FLOW},
    {.name = "ddim-second",
     .help = "ddim with its factor replaced by 1/2 + Dt/(8 t) (ve only)",
     .write_row = write_ddim_second,
     .only = "ve",
     .limit = FLOW},
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

bool myr_sampler_supports(const char *sampler, const char *process) {
    const myr_sampler *found = myr_sampler_find(sampler);
    return found && myr_process_find(process) && (!found->only || strcmp(found->only, process) == 0);
}

myr_limit myr_sampler_limit(const myr_sampler *sampler, double eta) {
    myr_limit limit = sampler->limit;
    limit.drift += eta * eta;
    limit.noise = limit.noise || eta > 0.0;
    return limit;
}
