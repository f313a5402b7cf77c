/* Euler's and Heun's steps of dx/dsigma = (x - D(x; sigma))/sigma, with churn (Karras et al. 2022,
 * algorithm 2) or ancestral noise, as in k-diffusion. All on x/a with sigma = s/a: see sigma_step.h. */
#include <math.h>

#include "samplers.h"
#include "sigma_step.h"

/* Churn: sigma^ = (1 + raise) sigma, and noise of variance sigma^^2 - sigma^2 = sigma^2 raise (2 + raise).
 * It changes the step: sigma'/sigma^ = ratio/(1 + raise), 1 - that = (raise + rest)/(1 + raise). */
static void add_churn(const myr_level *from, const myr_sampler_settings *settings, myr_sigma_step *step,
                      myr_row *row) {
    const double sigma = row->s / from->a, raise = settings->raise;
    if (raise == 0.0 || sigma < settings->raise_from || sigma > settings->raise_to)
        return;
    row->n = row->s * sqrt(raise * (2.0 + raise)) * settings->noise_scale;
    row->s *= 1.0 + raise;
    step->ratio /= 1.0 + raise;
    step->rest = (raise + step->rest) / (1.0 + raise);
}

/* x' = x + (sigma' - sigma) (x - d)/sigma = ratio x + rest d */
static void write_first_stage(const myr_level *from, const myr_level *to, const myr_sigma_step *step,
                              myr_row *row) {
    row->A = to->a / from->a * step->ratio;
    row->B = to->a * step->rest;
}

static void write_euler(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                        myr_row *row) {
    const myr_level *from = &levels[k], *to = &levels[k + 1];
    myr_sigma_step step = myr_sigma_step_make(from, to);
    add_churn(from, settings, &step, row);
    write_first_stage(from, to, &step, row);
}

/* The second stage takes the mean of both slopes,
 *     x' = x + (sigma' - sigma)/2 ((x - d)/sigma + (y - d')/sigma')
 *        = (1 - rest/2) x + rest/2 d + h (d' - y),  h = rest/(2 ratio);
 * a step to sigma' = 0 has none. */
static void write_heun(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                       myr_row *row) {
    const myr_level *from = &levels[k], *to = &levels[k + 1];
    myr_sigma_step step = myr_sigma_step_make(from, to);
    add_churn(from, settings, &step, row);
    write_first_stage(from, to, &step, row);
    if (to->variance == 0.0)
        return;
    row->two_stage = 1;
    row->a_second = row->a_next;
    row->s_second = row->s_next;
    row->A2 = to->a / from->a * (1.0 - 0.5 * step.rest);
    row->B2 = to->a * (0.5 * step.rest);
    row->Y = -0.5 * step.rest / step.ratio;
    row->H = to->a * (0.5 * step.rest / step.ratio);
}

/* sigma_up = min(sigma', eta sqrt(sigma'^2 (sigma^2 - sigma'^2)/sigma^2)), the minimum being the second for
 * eta <= 1; sigma_down^2 = sigma'^2 - sigma_up^2; Euler's step to sigma_down, then noise. That is ddim's
 * row, with C^2 = sigma_up^2 and A = sigma_down/sigma, on x/a. */
static void write_euler_ancestral(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                                  myr_row *row) {
    myr_write_ddim(levels, k, settings, row);
    row->C *= settings->noise_scale;
}

static const myr_sampler samplers[] = {
    {.name = "euler",
     .help = "Euler's step in sigma; takes churn",
     .write_row = write_euler,
     .scales_by_a = true,
     .takes_churn = true,
     .takes_noise_scale = true,
     .drift = 1.0},
    {.name = "euler-ancestral",
     .help = "Euler's step to a lower sigma, then noise up to the next; eta 1 by default",
     .write_row = write_euler_ancestral,
     .scales_by_a = true,
     .takes_noise_scale = true,
     .default_eta = 1.0,
     .drift = 1.0,
     .eta_power = 2},
    {.name = "heun",
     .help = "Heun's two stages in sigma, second order (EDM); takes churn",
     .write_row = write_heun,
     .scales_by_a = true,
     .takes_churn = true,
     .takes_noise_scale = true,
     .drift = 1.0},
};

const myr_sampler_family myr_sigma_samplers = {samplers, sizeof samplers / sizeof *samplers};
