/* Bounds for mixtures: kernels/mixture_row.h, operation by operation. u = 2^-24; table entries are rounded
 * once from double.
 *
 * Shares. U = scale x~ + offset is off by scale e, e being what x~ is off, by u of each of the two terms
 * for the table, and by u |U| for its own rounding; q = constant - sum U^2 by 2 |U| of that, its square, u
 * |constant|, and u of each of d partial sums. The reference adds up the same terms in double, from x with
 * the mean in it: 2^-50 of their sizes. Together E_j, in the exponent of 2.
 *
 * Weights. q - largest rounds once more, and so does each rescaling, whose exponents add up to that of the
 * weight; exp2 has a relative error of 1.8e-7 (exponential.h), or 2^-22 on the special-function unit, and
 * so has each rescaling. So a weight is off by a factor within exp(+-delta_j), delta_j = ln 2 (E_j + 4 u
 * |t_j|) + (1 + tiles) 2.5e-7; an error that all weights share cancels in the quotient. A weight below
 * 2^-64 counts as that, which moves the mean by at most 2^-64 of what K components hold.
 *
 * Means. gain x~ + shift, of the denoiser or of the score's term, is off by gain e, u of each term and u of
 * itself. d~ is their mean: it can never be further off than the furthest of them. Sums of K terms, rescaled
 * tile by tile, have gamma_(K + tiles).
 */
#include <math.h>

#include "rounding_path.h"
#include "targets/mixture.h"

static const double u = 0x1p-24;

/* A coordinate of a component at a level. */
typedef struct part {
    double scale, offset, gain, shift;
} part;

/* With another score than 0, gain and shift are those of score (x~ - a d~). */
static part part_of(const myr_target *target, int j, int c, double a, double s, double score) {
    const myr_mixture *m = myr_mixture_of(target);
    const double v = m->variances[j * target->dimension + c], S = a * a * v + s * s;
    const double mean = m->means[j * target->dimension + c] - target->mean[c];
    const double scale = sqrt(0.5 * 1.4426950408889634 / S);
    const double noise = s * s / S;
    if (score != 0.0)
        return (part){scale, -scale * a * mean, score * noise, -a * mean * score * noise};
    return (part){scale, -scale * a * mean, a * v / S, mean * noise};
}

/* log2 w_j - 1/2 sum log2 S: the size of its terms, too. */
static double constant_of(const myr_target *target, int j, double a, double s, double *size) {
    const myr_mixture *m = myr_mixture_of(target);
    double constant = log2(m->weights[j]);
    *size = fabs(constant);
    for (int c = 0; c < target->dimension; c++) {
        double half = 0.5 * log2(a * a * m->variances[j * target->dimension + c] + s * s);
        constant -= half;
        *size += fabs(half);
    }
    return constant;
}

/* Shares and what they are off; the largest. */
static double find_shares(const myr_rounding_path *p, double a, double s, const myr_rounded *x) {
    const myr_target *target = p->job->target;
    const int d = p->dimension, components = myr_mixture_of(target)->components;
    double largest_constant = -INFINITY, largest = -INFINITY, unused;
    for (int j = 0; j < components; j++)
        largest_constant = fmax(largest_constant, constant_of(target, j, a, s, &unused));
    for (int j = 0; j < components; j++) {
        double terms, q = constant_of(target, j, a, s, &terms) - largest_constant;
        double partial = fabs(q), error = u * fabs(q), reference = terms;
        for (int c = 0; c < d; c++) {
            const part t = part_of(target, j, c, a, s, 0.0);
            const double most = fabs(x->value[c]) + x->error[c];
            const double U = t.scale * x->value[c] + t.offset;
            double off = t.scale * x->error[c] + u * (t.scale * most + fabs(t.offset));
            off += u * (fabs(U) + off);
            q -= U * U;
            error += (2.0 * fabs(U) + off) * off;
            partial += (fabs(U) + off) * (fabs(U) + off);
            error += u * partial;
            reference += U * U + 2.0 * fabs(U) * t.scale * (most + 2.0 * a * fabs(target->mean[c]));
        }
        p->score[j] = q;
        p->score_error[j] = (1.0 + 4.0 * u) * error + 0x1p-50 * reference;
        largest = fmax(largest, q);
    }
    return largest;
}

/* Weights in p->score and the factors, less 1, by which they may be off in p->score_error. */
static void find_weights(const myr_rounding_path *p, double largest, double tiles, double *total,
                         double *moved) {
    const double exponential = p->job->fast ? 0x1p-22 + 4.0 * u : 2.5e-7;
    *total = *moved = 0.0;
    for (int j = 0; j < myr_mixture_of(p->job->target)->components; j++) {
        double t = p->score[j] - largest;
        double delta =
            0.6931471805599453 * (p->score_error[j] + 4.0 * u * fabs(t)) + (1.0 + tiles) * exponential;
        p->score[j] = exp2(fmax(t, -1000.0));
        p->score_error[j] = expm1(fmin(delta, 700.0));
        *total += p->score[j];
        *moved += p->score[j] * p->score_error[j];
    }
}

/* The reference has d, which lies between the components' means and x/a, and takes it from x. */
static double reference_score_error(const myr_target *target, int c, double a, double score,
                                    const myr_rounded *x) {
    double furthest = 0.0;
    for (int j = 0; j < myr_mixture_of(target)->components; j++)
        furthest = fmax(furthest, fabs(myr_mixture_of(target)->means[j * target->dimension + c]));
    return 0x1p-50 * fabs(score) * (2.0 * fabs(x->value[c]) + 2.0 * a * (furthest + fabs(target->mean[c])));
}

void myr_bound_mixture_denoiser(const myr_rounding_path *p, double a, double s, double score,
                                const myr_rounded *x, myr_rounded *d) {
    const myr_target *target = p->job->target;
    const int components = myr_mixture_of(target)->components;
    const int most_tiles = components / 8 + 1;
    const double tiles = most_tiles, gamma = (components + 2.0 * tiles + 8.0) * u;
    double total, moved;
    find_weights(p, find_shares(p, a, s, x), tiles, &total, &moved);
    const bool little = moved / total < 0.5;
    for (int c = 0; c < p->dimension; c++) {
        double mean = 0.0, own = 0.0, size = 0.0, most = 0.0, most_own = 0.0, away = 0.0, furthest = 0.0;
        for (int j = 0; j < components; j++) {
            const part t = part_of(target, j, c, a, s, score);
            const double g = t.gain * x->value[c] + t.shift, gain = fabs(t.gain);
            double off =
                gain * x->error[c] + u * (gain * (fabs(x->value[c]) + x->error[c]) + fabs(t.shift));
            off += u * (fabs(g) + off);
            mean += p->score[j] * g / total;
            own += p->score[j] * off / total;
            size += p->score[j] * (fabs(g) + off) / total;
            most = fmax(most, fabs(g) + off);
            most_own = fmax(most_own, off);
        }
        for (int j = 0; j < components; j++) {
            const part t = part_of(target, j, c, a, s, score);
            double distance = fabs(t.gain * x->value[c] + t.shift - mean);
            away += p->score[j] * p->score_error[j] * distance / total;
            furthest = fmax(furthest, distance);
        }
        if (little) {
            away = fmin(away / (1.0 - moved / total), furthest);
            own *= 3.0; /* weights at most half as large again, their total half as large */
            size *= 3.0;
        }
        d->value[c] = mean;
        d->error[c] = away + (little ? own : most_own) + 2.0 * gamma * (little ? size : most) +
                      0x1p-63 * components * most + 0x1p-50 * (most + fabs(target->mean[c])) + 0x1p-140;
        if (score != 0.0)
            d->error[c] += reference_score_error(target, c, a, score, x);
    }
}
