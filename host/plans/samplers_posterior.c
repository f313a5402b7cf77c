/* Samplers made from the posterior q(x' | x, x0), for any a.
 *
 * With a, s the level left, a', s' the level entered: r = a/a', q = s^2 - r^2 s'^2, which the grid knows
 * without cancellation. */
#include <math.h>

#include "samplers.h"

/* The mean of q(x' | x, x0) with the denoiser's output for x0: A = r s'^2/s^2, B = a' q/s^2. */
static void write_ddpm_none(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                            myr_row *row) {
    (void)settings;
    const myr_level *from = &levels[k], *to = &levels[k + 1];
    row->A = from->a / to->a * to->variance / from->variance;
    row->B = to->a * (from->added / from->variance);
}

/* With its variance given x0: C^2 = s'^2 q/s^2. */
static void write_ddpm_small(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                             myr_row *row) {
    write_ddpm_none(levels, k, settings, row);
    row->C = sqrt(levels[k + 1].variance * (levels[k].added / levels[k].variance));
}

/* With the variance that the forward process adds: C^2 = q. */
static void write_ddpm_large(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                             myr_row *row) {
    write_ddpm_none(levels, k, settings, row);
    row->C = sqrt(levels[k].added);
}

/* With the exact Var(x' | x) = s'^2 q/s^2 + B^2 Var(x0 | x). */
static void write_ddpm_exact(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                             myr_row *row) {
    write_ddpm_small(levels, k, settings, row);
    row->E = row->B;
}

/* C^2 = eta^2 s'^2 q/s^2, A = sqrt(s'^2 - C^2)/s, B = a' - a A. Written with p = r^2 s'^2 = s^2 - q and
 * X = r A, so that nothing cancels when steps are many:
 *     s'^2 - C^2 = s'^2 ((1 - eta^2) s^2 + eta^2 p)/s^2,
 *     B = a' (1 - X) = a' (1 - X^2)/(1 + X),  1 - X^2 = q (q + (1 + eta^2) p)/s^4. */
void myr_write_ddim(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                    myr_row *row) {
    const myr_level *from = &levels[k], *to = &levels[k + 1];
    const double eta = settings->eta, square = eta * eta;
    double r = from->a / to->a;
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
static void write_ddim_half(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                            myr_row *row) {
    (void)settings;
    write_ve_pull(&levels[k], 0.5, row);
}

static void write_ddim_second(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                              myr_row *row) {
    (void)settings;
    write_ve_pull(&levels[k], 0.5 + 0.125 * (levels[k].added / levels[k].variance), row);
}

static const myr_sampler samplers[] = {
    {.name = "ddpm-none",
     .help = "posterior mean without noise: the samples collapse",
     .write_row = write_ddpm_none,
     .drift = 2.0},
    {.name = "ddpm-small",
     .help = "posterior mean, noise of the posterior given x0",
     .write_row = write_ddpm_small,
     .drift = 2.0,
     .noise = true},
    {.name = "ddpm-large",
     .help = "posterior mean, noise of the forward step",
     .write_row = write_ddpm_large,
     .drift = 2.0,
     .noise = true},
    {.name = "ddpm-exact",
     .help = "the exact posterior, for Gaussian targets",
     .write_row = write_ddpm_exact,
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
     .write_row = write_ddim_half,
     .only = "ve",
     .drift = 1.0},
    {.name = "ddim-second",
     .help = "ddim with its factor replaced by 1/2 + Dt/(8 t) (ve only)",
     .write_row = write_ddim_second,
     .only = "ve",
     .drift = 1.0},
};

const myr_sampler_family myr_posterior_samplers = {samplers, sizeof samplers / sizeof *samplers};
