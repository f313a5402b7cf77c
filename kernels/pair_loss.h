/* The losses on one pair, pointwise code of cpu and cuda: (w, l) -> (loss, d loss/dw, d loss/dl), float,
 * exact arithmetic. The formulas are in docs/mathematics.md, section 20; TRL's conventions are noted where they are not
 * the formula's own.
 *
 * Notation: cw = beta w, cl = beta l, x the margin, h = beta x, sigma the logistic function; s is
 * myr_logistic_make's. sigma'(h) = sigma(h) sigma(-h). */
#ifndef MYRIAD_PAIR_LOSS_H
#define MYRIAD_PAIR_LOSS_H

#include "backends/loss_list.h"
#include "exponential.h"

/* What the options come to, in float. */
typedef struct myr_loss_constants {
    float beta;
    float smoothed;               /* s, label_smoothing; robust: over 1 - 2s */
    float log_odds;               /* exo_pair: log(1 - s) - log s */
    float log_kept, log_smoothed; /* exo_pair: log(1 - s) and log s */
    float target;                 /* 1/(2 beta) */
    float per_tau;                /* 1/tau */
    float rate, per_rate;         /* of alpha_divergence: its coefficient - 1, and 1 over that */
} myr_loss_constants;

typedef struct myr_margin_value {
    float loss, slope; /* slope: d loss/dx */
} myr_margin_value;

typedef struct myr_pair_value {
    float loss, dw, dl;
} myr_pair_value;

/* A slope in units of beta to one. */
static MYR_HD float myr_slope(const myr_loss_constants *c, float slope) {
    return c->beta * myr_without_tail(slope);
}

/* Losses of the margin alone; s is myr_logistic_make(h). */

/* (1 - s) (-log sigma(h)) + s (-log sigma(-h)), s here label_smoothing; -log sigma(-h) = h - log sigma(h).
 */
static MYR_HD myr_margin_value myr_margin_sigmoid(const myr_loss_constants *c, float x, myr_logistic s) {
    myr_margin_value v;
    v.loss = myr_fmaf(c->smoothed, c->beta * x, s.log_up);
    v.slope = myr_slope(c, c->smoothed - s.down);
    return v;
}

static MYR_HD myr_margin_value myr_margin_sigmoid_norm(const myr_loss_constants *c, float x,
                                                       myr_logistic s) {
    return myr_margin_sigmoid(c, x, s);
}

/* ((1 - s) (-log sigma(h)) - s (-log sigma(-h)))/(1 - 2s) = -log sigma(h) - s/(1 - 2s) h: its mean over
 * flips at rate s is the sigmoid loss. */
static MYR_HD myr_margin_value myr_margin_robust(const myr_loss_constants *c, float x, myr_logistic s) {
    myr_margin_value v;
    v.loss = myr_fmaf(-c->smoothed, c->beta * x, s.log_up);
    v.slope = -myr_slope(c, c->smoothed + s.down);
    return v;
}

/* max(0, 1 - h); at the kink the slope is 0. */
static MYR_HD myr_margin_value myr_margin_hinge(const myr_loss_constants *c, float x, myr_logistic s) {
    float short_of = myr_fmaf(-c->beta, x, 1.0f);
    myr_margin_value v;
    (void)s;
    v.loss = short_of > 0.0f ? short_of : 0.0f;
    v.slope = short_of > 0.0f ? -c->beta : 0.0f;
    return v;
}

/* (x - 1/(2 beta))^2 */
static MYR_HD myr_margin_value myr_margin_ipo(const myr_loss_constants *c, float x, myr_logistic s) {
    float off = x - c->target;
    myr_margin_value v;
    (void)s;
    v.loss = off * off;
    v.slope = 2.0f * off;
    return v;
}

/* sigma(h) (log sigma(h) - log(1 - s)) + sigma(-h) (log sigma(-h) - log s); since log sigma(h) - log
 * sigma(-h) = h, the slope is beta sigma'(h) (h - log((1 - s)/s)). */
static MYR_HD myr_margin_value myr_margin_exo_pair(const myr_loss_constants *c, float x, myr_logistic s) {
    myr_margin_value v;
    v.loss = myr_fmaf(s.up, -s.log_up - c->log_kept, s.down * (-s.log_down - c->log_smoothed));
    v.slope = myr_slope(c, s.up * s.down) * (c->beta * x - c->log_odds);
    return v;
}

/* (1 - m) (-log sigma(h)) + m exp(-h), m = sigma(h/tau). exp(-h) m = exp(-h + log sigma(h/tau)), which
 * is at most 1, for tau <= 1. The slope in h: -(1 - m) sigma(-h) - m'(-log sigma(h)) + m' exp(-h) - m
 * exp(-h), m' = m (1 - m)/tau. 1 - m is 0 below 2^-40: it is a factor of terms that at m = 1 lie beside
 * exp(-h), which is as large, so that with 1/tau, at most 1000, they are 2^-30 of the result, and their
 * products would be subnormal. */
static MYR_HD myr_margin_value myr_margin_discopop(const myr_loss_constants *c, float x, myr_logistic s) {
    float h = c->beta * x;
    myr_logistic m = myr_logistic_make(h * c->per_tau);
    float exponential = myr_exp(-h - m.log_up);
    float rest = m.down < 0x1p-40f ? 0.0f : m.down, modulated = rest * c->per_tau;
    myr_margin_value v;
    v.loss = myr_fmaf(rest, s.log_up, exponential);
    float slope = myr_fmaf(-rest, s.down, -modulated * m.up * s.log_up);
    exponential = myr_without_tail(exponential);
    v.slope = myr_slope(c, slope + myr_fmaf(modulated, exponential, -exponential));
    return v;
}

/* -x: no end to it */
static MYR_HD myr_margin_value myr_margin_unlikelihood(const myr_loss_constants *c, float x,
                                                       myr_logistic s) {
    myr_margin_value v;
    (void)c;
    (void)s;
    v.loss = -x;
    v.slope = -1.0f;
    return v;
}

/* Losses of w and l each by itself, or with the margin. */

/* -log sigma(cw) + 1/2 (-log sigma(-cw)) + 1/2 (-log sigma(-cl)) */
static MYR_HD myr_pair_value myr_pair_nca_pair(const myr_loss_constants *c, float w, float l) {
    myr_logistic chosen = myr_logistic_make(c->beta * w), rejected = myr_logistic_make(c->beta * l);
    myr_pair_value v;
    v.loss = chosen.log_up + 0.5f * (chosen.log_down + rejected.log_down);
    v.dw = myr_slope(c, myr_fmaf(0.5f, chosen.up, -chosen.down));
    v.dl = myr_slope(c, 0.5f * rejected.up);
    return v;
}

/* -log sigma(cw) - log sigma(-cl) of w and l less shift/beta (pair_view.h); the shift counts as a constant.
 */
static MYR_HD myr_pair_value myr_pair_bco_pair(const myr_loss_constants *c, float w, float l) {
    myr_logistic chosen = myr_logistic_make(c->beta * w);
    myr_logistic rejected = myr_logistic_make(c->beta * l);
    myr_pair_value v;
    v.loss = chosen.log_up + rejected.log_down;
    v.dw = -myr_slope(c, chosen.down);
    v.dl = myr_slope(c, rejected.up);
    return v;
}

/* (w - 1/(2 beta))^2 + (l + 1/(2 beta))^2 */
static MYR_HD myr_pair_value myr_pair_sppo_hard(const myr_loss_constants *c, float w, float l) {
    float high = w - c->target, low = l + c->target;
    myr_pair_value v;
    v.loss = myr_fmaf(high, high, low * low);
    v.dw = 2.0f * high;
    v.dl = 2.0f * low;
    return v;
}

/* 1 - sigma(cw) + sigma(cl) */
static MYR_HD myr_pair_value myr_pair_apo_zero(const myr_loss_constants *c, float w, float l) {
    myr_logistic chosen = myr_logistic_make(c->beta * w), rejected = myr_logistic_make(c->beta * l);
    myr_pair_value v;
    v.loss = chosen.down + rejected.up;
    v.dw = -myr_slope(c, chosen.up * chosen.down);
    v.dl = myr_slope(c, rejected.up * rejected.down);
    return v;
}

/* sigma(cw) + 1 - sigma(cw - cl) */
static MYR_HD myr_pair_value myr_pair_apo_down(const myr_loss_constants *c, float w, float l) {
    myr_logistic chosen = myr_logistic_make(c->beta * w), margin = myr_logistic_make(c->beta * (w - l));
    float slope = myr_without_tail(margin.up * margin.down);
    myr_pair_value v;
    v.loss = chosen.up + margin.down;
    v.dw = myr_slope(c, myr_fmaf(chosen.up, myr_without_tail(chosen.down), -slope));
    v.dl = c->beta * slope;
    return v;
}

/* -log pi(y_w), which is -w here */
static MYR_HD myr_pair_value myr_pair_sft(const myr_loss_constants *c, float w, float l) {
    (void)c;
    (void)l;
    myr_pair_value v;
    v.loss = -w;
    v.dw = -1.0f;
    v.dl = 0.0f;
    return v;
}

/* Divergences: the margin is g(w) - g(l), of alpha_divergence over its rate: two that are capped differ
 * by 0. */
typedef struct myr_margin_part {
    float g, slope;
} myr_margin_part;

static MYR_HD myr_margin_part myr_part_reverse_kl(const myr_loss_constants *c, float u) {
    (void)c;
    myr_margin_part p;
    p.g = u;
    p.slope = 1.0f;
    return p;
}

/* log sigma(u) */
static MYR_HD myr_margin_part myr_part_js_divergence(const myr_loss_constants *c, float u) {
    (void)c;
    myr_logistic s = myr_logistic_make(u);
    myr_margin_part p;
    p.g = -myr_without_tail(s.log_up);
    p.slope = s.down;
    return p;
}

/* exp(rate u) - 1. The exponent is capped where floats end, at 88.7228, and the slope is 0 beyond. */
static MYR_HD myr_margin_part myr_part_alpha_divergence(const myr_loss_constants *c, float u) {
    float exponent = c->rate * u;
    myr_margin_part p;
    p.g = myr_expm1(exponent);
    p.slope = exponent > MYR_EXP_HIGHEST ? 0.0f : myr_exp(exponent);
    return p;
}

/* The same by number. kind and divergence are literal in every loop and kernel, so that the choice costs
 * nothing. */

/* From e = myr_margin_exponential, which losses that are MYR_LOGISTIC take: a loop over many margins may
 * have it computed by another. */
static MYR_HD myr_margin_value myr_margin_loss_from(int kind, const myr_loss_constants *c, float x,
                                                    float e) {
    const myr_logistic s = myr_logistic_of(c->beta * x, e);
    myr_margin_value none = {0.0f, 0.0f};
    switch (kind) {
#define MYR_CASE(name, traits, help) \
    case MYR_LOSS_##name:            \
        return myr_margin_##name(c, x, s);
        MYR_MARGIN_LOSS_LIST(MYR_CASE)
#undef MYR_CASE
        default:
            return none;
    }
}

static MYR_HD float myr_margin_exponential(const myr_loss_constants *c, float x) {
    return myr_logistic_exponential(c->beta * x);
}

static MYR_HD myr_margin_value myr_margin_loss(int kind, const myr_loss_constants *c, float x) {
    return myr_margin_loss_from(kind, c, x, myr_margin_exponential(c, x));
}

static MYR_HD myr_margin_part myr_divergence_part(int divergence, const myr_loss_constants *c, float u) {
    switch (divergence) {
#define MYR_CASE(name, help)    \
    case MYR_DIVERGENCE_##name: \
        return myr_part_##name(c, u);
        MYR_DIVERGENCE_LIST(MYR_CASE)
#undef MYR_CASE
        default:
            return myr_part_reverse_kl(c, u);
    }
}

/* The slope of a margin's loss times that of the margin's part; both may be small. In units of beta it is
 * without its tail. */
static MYR_HD float myr_slope_product(const myr_loss_constants *c, float a, float b) {
    const double product = (double)a * (double)b;
    return (fabs(product) < (double)(c->beta * MYR_TAIL) ? 0.0f : a) * b;
}

/* The margin by a divergence, of parts per token: f'(pi/pi_ref) over the answers' lengths, or 1. js's g
 * leaves out a constant, ln 2, that counts where the two are not equal. */
static MYR_HD float myr_divergence_margin(int divergence, const myr_loss_constants *c, float chosen,
                                          float rejected, float length_w, float length_l) {
    const float difference = chosen / length_w - rejected / length_l;
    if (divergence == MYR_DIVERGENCE_alpha_divergence)
        return difference * c->per_rate;
    if (divergence == MYR_DIVERGENCE_js_divergence)
        return myr_fmaf(0x1.62e43p-1f, 1.0f / length_w - 1.0f / length_l, difference);
    return difference;
}

/* margin: w - l, perhaps per token, which may be known better than from w and l as floats. length_w and
 * length_l are what a divergence's score is divided by, 1 for none; slopes are in w and l, undivided. */
static MYR_HD myr_pair_value myr_pair_loss(int kind, int divergence, const myr_loss_constants *c, float w,
                                           float l, float margin, float length_w, float length_l) {
    myr_pair_value v = {0.0f, 0.0f, 0.0f};
    if (kind < MYR_MARGIN_LOSSES && divergence == MYR_DIVERGENCE_reverse_kl) {
        myr_margin_value taken = myr_margin_loss(kind, c, margin);
        v.loss = taken.loss;
        v.dw = taken.slope;
        v.dl = -taken.slope;
        return v;
    }
    if (kind < MYR_MARGIN_LOSSES) {
        myr_margin_part chosen = myr_divergence_part(divergence, c, w);
        myr_margin_part rejected = myr_divergence_part(divergence, c, l);
        myr_margin_value taken = myr_margin_loss(
            kind, c, myr_divergence_margin(divergence, c, chosen.g, rejected.g, length_w, length_l));
        v.loss = taken.loss;
        v.dw = myr_slope_product(c, taken.slope, chosen.slope);
        v.dl = -myr_slope_product(c, taken.slope, rejected.slope);
        return v;
    }
    switch (kind) {
#define MYR_CASE(name, traits, help) \
    case MYR_LOSS_##name:            \
        return myr_pair_##name(c, w, l);
        MYR_ANSWER_LOSS_LIST(MYR_CASE)
#undef MYR_CASE
        default:
            return v;
    }
}

#endif
