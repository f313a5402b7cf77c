#include "reference_loss.h"

#include <math.h>

/* 1/(1 + exp(-x)) */
static double logistic(double x) {
    return x >= 0.0 ? 1.0 / (1.0 + exp(-x)) : exp(x) / (1.0 + exp(x));
}

/* log(1 + exp(x)); -log sigma(x) is softplus(-x) */
static double softplus(double x) {
    return x > 0.0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double logistic_slope(double x) {
    return logistic(x) * logistic(-x);
}

/* Losses of the margin x, with h = beta x. */

static myr_reference_value sigmoid(const myr_loss *loss, double x) {
    double h = loss->beta * x, s = loss->smoothing;
    return (myr_reference_value){(1.0 - s) * softplus(-h) + s * softplus(h),
                                 loss->beta * (-(1.0 - s) * logistic(-h) + s * logistic(h)), 0.0};
}

static myr_reference_value sigmoid_norm(const myr_loss *loss, double x) {
    return sigmoid(loss, x);
}

static myr_reference_value hinge(const myr_loss *loss, double x) {
    double short_of = 1.0 - loss->beta * x;
    if (short_of <= 0.0)
        return (myr_reference_value){0.0, 0.0, 0.0};
    return (myr_reference_value){short_of, -loss->beta, 0.0};
}

static myr_reference_value ipo(const myr_loss *loss, double x) {
    double off = x - 1.0 / (2.0 * loss->beta);
    return (myr_reference_value){off * off, 2.0 * off, 0.0};
}

static myr_reference_value robust(const myr_loss *loss, double x) {
    double h = loss->beta * x, s = loss->smoothing, rest = 1.0 - 2.0 * s;
    return (myr_reference_value){((1.0 - s) * softplus(-h) - s * softplus(h)) / rest,
                                 loss->beta * (-(1.0 - s) * logistic(-h) - s * logistic(h)) / rest, 0.0};
}

/* The divergence of (sigma(h), sigma(-h)) from (1 - s, s). The derivatives of the two logarithms cancel. */
static myr_reference_value exo_pair(const myr_loss *loss, double x) {
    double h = loss->beta * x, s = loss->smoothing;
    double up = -softplus(-h) - log(1.0 - s), down = -softplus(h) - log(s);
    return (myr_reference_value){logistic(h) * up + logistic(-h) * down,
                                 loss->beta * logistic_slope(h) * (h - log(1.0 - s) + log(s)), 0.0};
}

/* (1 - m) (-log sigma(h)) + m exp(-h), m = sigma(h/tau); where exp(-h) could overflow m makes up for it. */
static myr_reference_value discopop(const myr_loss *loss, double x) {
    double h = loss->beta * x, m = logistic(h / loss->tau), rest = logistic(-h / loss->tau);
    double exponential = exp(-h - softplus(-h / loss->tau)); /* m exp(-h) */
    double slope = -rest * logistic(-h) - m * rest / loss->tau * softplus(-h) +
                   rest / loss->tau * exponential - exponential;
    return (myr_reference_value){rest * softplus(-h) + exponential, loss->beta * slope, 0.0};
}

static myr_reference_value unlikelihood(const myr_loss *loss, double x) {
    (void)loss;
    return (myr_reference_value){-x, -1.0, 0.0};
}

/* Losses of w and l. */

static myr_reference_value nca_pair(const myr_loss *loss, double w, double l) {
    double b = loss->beta;
    return (myr_reference_value){softplus(-b * w) + 0.5 * softplus(b * w) + 0.5 * softplus(b * l),
                                 b * (-logistic(-b * w) + 0.5 * logistic(b * w)),
                                 b * 0.5 * logistic(b * l)};
}

static myr_reference_value bco_pair(const myr_loss *loss, double w, double l) {
    double b = loss->beta, chosen = b * w - loss->shift, rejected = b * l - loss->shift;
    return (myr_reference_value){softplus(-chosen) + softplus(rejected), -b * logistic(-chosen),
                                 b * logistic(rejected)};
}

static myr_reference_value sppo_hard(const myr_loss *loss, double w, double l) {
    double high = w - 0.5 / loss->beta, low = l + 0.5 / loss->beta;
    return (myr_reference_value){high * high + low * low, 2.0 * high, 2.0 * low};
}

static myr_reference_value apo_zero(const myr_loss *loss, double w, double l) {
    double b = loss->beta;
    return (myr_reference_value){logistic(-b * w) + logistic(b * l), -b * logistic_slope(b * w),
                                 b * logistic_slope(b * l)};
}

static myr_reference_value apo_down(const myr_loss *loss, double w, double l) {
    double b = loss->beta, margin = logistic_slope(b * (w - l));
    return (myr_reference_value){logistic(b * w) + logistic(-b * (w - l)),
                                 b * (logistic_slope(b * w) - margin), b * margin};
}

static myr_reference_value sft(const myr_loss *loss, double w, double l) {
    (void)loss;
    (void)l;
    return (myr_reference_value){-w, -1.0, 0.0};
}

/* The scores f'(t) of the divergences, t = exp(u) = pi/pi_ref, and their slopes in u. Of alpha_divergence,
 * (t^(c - 1) - 1)/(c - 1), the division by c - 1 comes when two are subtracted, so that two that are capped
 * differ by 0. */

static double reverse_kl(const myr_loss *loss, double u, double *slope) {
    (void)loss;
    *slope = 1.0;
    return u;
}

/* log(2t/(t + 1)) */
static double js_divergence(const myr_loss *loss, double u, double *slope) {
    (void)loss;
    *slope = logistic(-u);
    return log(2.0) - softplus(-u);
}

/* The exponent is capped at log(DBL_MAX) to four decimals, as in TRL 0.28; beyond, the function is flat. */
static double alpha_divergence(const myr_loss *loss, double u, double *slope) {
    const double highest = 709.7827;
    double exponent = loss->rate * u;
    *slope = exponent > highest ? 0.0 : exp(exponent);
    return expm1(exponent > highest ? highest : exponent);
}

static double score(const myr_loss *loss, double u, double *slope) {
    static double (*const divergences[])(const myr_loss *, double, double *) = {
#define DIVERGENCE_LINE(name, help) name,
        MYR_DIVERGENCE_LIST(DIVERGENCE_LINE)};
    return divergences[loss->divergence](loss, u, slope);
}

myr_reference_value myr_reference_margin(const myr_loss *loss, double margin) {
    static myr_reference_value (*const losses[])(const myr_loss *, double) = {
#define LOSS_LINE(name, traits, help) [MYR_LOSS_##name] = (name),
        MYR_MARGIN_LOSS_LIST(LOSS_LINE)};
    return losses[loss->kind](loss, margin);
}

myr_reference_value myr_reference_pair(const myr_loss *loss, double w, double l, double length_w,
                                       double length_l) {
    static myr_reference_value (*const losses[])(const myr_loss *, double,
                                                 double) = {MYR_ANSWER_LOSS_LIST(LOSS_LINE)};
    if (loss->kind >= MYR_MARGIN_LOSSES)
        return losses[loss->kind](loss, w, l);
    double slope_w, slope_l;
    double margin = score(loss, w, &slope_w) / length_w - score(loss, l, &slope_l) / length_l;
    if (loss->divergence == MYR_DIVERGENCE_alpha_divergence)
        margin /= loss->rate;
    myr_reference_value v = myr_reference_margin(loss, margin);
    return (myr_reference_value){v.loss, v.slope_w * slope_w / length_w, -v.slope_w * slope_l / length_l};
}
