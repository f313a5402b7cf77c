/* DPM-Solver++ with memory, in lambda = log(a/s) (Lu et al. 2022; the SDE forms as in k-diffusion), on x/a
 * with sigma = s/a: see sigma_step.h. h is the step in lambda, h1 and h2 the two before it. First order at
 * the first step and at one to sigma' = 0; the samplers of three outputs take two at their second step. */
#include <math.h>

#include "samplers.h"
#include "sigma_step.h"

/* The step from level k to k + 1, and those before it; h1, h2 are 0 where there is none. */
typedef struct recent {
    myr_sigma_step now;
    double h1, h2;
} recent;

static recent look_back(const myr_level *levels, int64_t k) {
    recent steps = {.now = myr_sigma_step_make(&levels[k], &levels[k + 1])};
    if (k >= 1)
        steps.h1 = myr_sigma_step_make(&levels[k - 1], &levels[k]).h;
    if (k >= 2)
        steps.h2 = myr_sigma_step_make(&levels[k - 2], &levels[k - 1]).h;
    return steps;
}

/* phi_2(x) = (e^-x - 1)/x + 1 = x/2! - x^2/3! + …, phi_3(x) = phi_2(x)/x - 1/2 = -x/3! + x^2/4! - …; by the
 * series where the formulas cancel. */
static double phi_2(double x) {
    if (x > 0.5)
        return expm1(-x) / x + 1.0;
    double term = 0.5 * x, sum = 0.0;
    for (int n = 3; n < 20; n++) {
        sum += term;
        term *= -x / n;
    }
    return sum;
}

static double phi_3(double x) {
    if (x > 0.5)
        return phi_2(x) / x - 0.5;
    double term = -x / 6.0, sum = 0.0;
    for (int n = 4; n < 21; n++) {
        sum += term;
        term *= -x / n;
    }
    return sum;
}

/* Coefficients on x/a become those on x. */
static void write_scaled(const myr_level *from, const myr_level *to, double x, double d, double d1,
                         double d2, myr_row *row) {
    row->A = to->a / from->a * x;
    row->B = to->a * d;
    row->P = to->a * d1;
    row->Q = to->a * d2;
}

/* The first-order step of the SDE, x' = e^{-(1 + eta) h} x + (1 - e^{-(1 + eta) h}) d + noise of variance
 * sigma'^2 (1 - e^{-2 eta h}): its coefficients of x and d, and the noise. */
static void first_order(const myr_sigma_step *step, const myr_sampler_settings *settings, double *by_x,
                        double *by_d, myr_row *row) {
    const double eta = settings->eta, h = step->h;
    *by_x = step->ratio;
    *by_d = step->rest;
    if (eta == 0.0 || isinf(h))
        return;
    *by_x *= exp(-eta * h);
    *by_d = -expm1(-(1.0 + eta) * h);
    row->C = row->s_next * sqrt(-expm1(-2.0 * eta * h)) * settings->noise_scale;
}

/* x' = e^{-(1 + eta) h} x + (1 - e^{-(1 + eta) h}) (d + h/(2 h1) (d - d1)) + noise */
static void write_dpmpp_2m_sde(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                               myr_row *row) {
    recent steps = look_back(levels, k);
    double by_x, by_d, by_d1 = 0.0;
    first_order(&steps.now, settings, &by_x, &by_d, row);
    if (steps.h1 > 0.0 && !isinf(steps.now.h)) {
        double extrapolated = by_d * (0.5 * steps.now.h / steps.h1);
        by_d += extrapolated;
        by_d1 = -extrapolated;
    }
    write_scaled(&levels[k], &levels[k + 1], by_x, by_d, by_d1, 0.0, row);
}

/* DPM-Solver++(2M) is the one above with eta = 0. */
static void write_dpmpp_2m(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                           myr_row *row) {
    write_dpmpp_2m_sde(levels, k, settings, row);
}

/* To the first-order step those of three outputs add phi_2 D1 - share phi_3 D2, with phi at x = (1 + eta) h
 * and divided differences of the outputs, in units of h:
 *     u = (d - d1) h/h1,  w = (d1 - d2) h/h2,
 *     D1 = u + (u - w) h1/(h1 + h2),  D2 = (u - w) h/(h1 + h2);
 * at the second step, phi_2 u. At the share s of the step the parabola through the outputs is d + D1 s + D2
 * s^2, and the integrals of x e^{-x (1 - s)} times s and s^2 are phi_2 and -2 phi_3: third order needs
 * share 2, as D2 is half the second derivative. k-diffusion's program has 1, which leaves second order. */
static void write_dpmpp_3m(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                           double share, myr_row *row) {
    recent steps = look_back(levels, k);
    double by_x, by_d, by_d1 = 0.0, by_d2 = 0.0;
    first_order(&steps.now, settings, &by_x, &by_d, row);
    if (steps.h1 > 0.0 && !isinf(steps.now.h)) {
        const double h = steps.now.h, h1 = steps.h1, h2 = steps.h2, x = (1.0 + settings->eta) * h;
        double by_u = phi_2(x), by_w = 0.0;
        if (h2 > 0.0) {
            double by_difference = (phi_2(x) * h1 - share * phi_3(x) * h) / (h1 + h2);
            by_u += by_difference;
            by_w = -by_difference;
        }
        double per_u = by_u * h / h1, per_w = h2 > 0.0 ? by_w * h / h2 : 0.0;
        by_d += per_u;
        by_d1 = per_w - per_u;
        by_d2 = -per_w;
    }
    write_scaled(&levels[k], &levels[k + 1], by_x, by_d, by_d1, by_d2, row);
}

static void write_dpmpp_3m_sde(const myr_level *levels, int64_t k, const myr_sampler_settings *settings,
                               myr_row *row) {
    write_dpmpp_3m(levels, k, settings, 1.0, row);
}

static void write_dpmpp_3m_sde_corrected(const myr_level *levels, int64_t k,
                                         const myr_sampler_settings *settings, myr_row *row) {
    write_dpmpp_3m(levels, k, settings, 2.0, row);
}

static const myr_sampler samplers[] = {
    {.name = "dpmpp-2m",
     .help = "DPM-Solver++(2M): second order, one output remembered",
     .write_row = write_dpmpp_2m,
     .scales_by_a = true,
     .drift = 1.0},
    {.name = "dpmpp-2m-sde",
     .help = "DPM-Solver++(2M) SDE, midpoint; eta 1 by default",
     .write_row = write_dpmpp_2m_sde,
     .scales_by_a = true,
     .takes_noise_scale = true,
     .default_eta = 1.0,
     .drift = 1.0,
     .eta_power = 1},
    {.name = "dpmpp-3m-sde",
     .help = "DPM-Solver++(3M) SDE as published: second order; eta 1 by default",
     .write_row = write_dpmpp_3m_sde,
     .scales_by_a = true,
     .takes_noise_scale = true,
     .default_eta = 1.0,
     .drift = 1.0,
     .eta_power = 1},
    {.name = "dpmpp-3m-sde-corrected",
     .help = "the same with its third term doubled: third order; eta 1 by default",
     .write_row = write_dpmpp_3m_sde_corrected,
     .scales_by_a = true,
     .takes_noise_scale = true,
     .default_eta = 1.0,
     .drift = 1.0,
     .eta_power = 1},
};

const myr_sampler_family myr_dpmpp_samplers = {samplers, sizeof samplers / sizeof *samplers};
