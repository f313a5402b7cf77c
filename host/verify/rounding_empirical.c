/* Bounds for data points: kernels/empirical_row.h and the products of matrices around it, operation by
 * operation but for the order of sums, which only the worst order is assumed of. u = 2^-24.
 *
 * Scores. The product x~.s~_i is off by gamma_d sum |x~_c s~_ic| in any order of its d terms (Higham, 2002,
 * "Accuracy and stability of numerical algorithms", section 3.1), gamma_d = d u/(1 - d u), by u of the same
 * for the rounding of s~, and by what x~ itself is off; h by 3 u; the rest is four roundings. Together E_i.
 *
 * Weights. (score - largest) sharp has three more roundings and sharp's own, exp2 a relative error
 * of 1.8e-7, and so does each rescaling, whose exponents add up to that of the weight. So a weight is off
 * by a factor within exp(+-delta_i), delta_i = ln 2 (E_i sharp + 4 u |t_i|) + (1 + rescalings) 2e-7; an
 * error that all weights share cancels in the quotient. A weight below 2^-64 counts as that, which moves the
 * mean by at most 2^-64 of what n points hold.
 *
 * Sums of n terms, in tiles, have gamma_K, K = tile + 3 tiles; so has the total. d~ is a mean of the points
 * with positive weights: it can never be further off than the furthest of them. */
#include <float.h>
#include <math.h>

#include "rounding_path.h"
#include "targets/empirical.h"

static const double u = 0x1p-24;

enum { largest_tile = 2048, smallest_tile = 128 };

static double point_of(const myr_target *target, int64_t i, int c) {
    return (double)myr_empirical_of(target)->points[i * target->dimension + c] - target->mean[c];
}

static double sharp_of(double s) {
    double sharp = 1.4426950408889634 / (s * s);
    return sharp < (double)FLT_MAX ? sharp : (double)FLT_MAX;
}

/* Scores and what they are off, the reference's own rounding included; the largest score. */
static double find_scores(const myr_rounding_path *p, double a, const myr_rounded *x) {
    const myr_target *target = p->job->target;
    const int d = p->dimension;
    const double gamma = d * u / (1.0 - d * u), reference = 0x1p-52 * (d + 4);
    double largest = -INFINITY;
    for (int64_t i = 0; i < myr_empirical_of(target)->count; i++) {
        double product = 0.0, size = 0.0, off = 0.0, norm = 0.0, far = 0.0;
        for (int c = 0; c < d; c++) {
            double s = point_of(target, i, c), m = fabs(target->mean[c]);
            double most = fabs(x->value[c]) + x->error[c];
            product += x->value[c] * s;
            size += most * fabs(s);
            off += x->error[c] * fabs(s);
            norm += s * s;
            far += (most + a * (fabs(s) + 2.0 * m)) * (most + a * (fabs(s) + 2.0 * m));
        }
        p->score[i] = a * product - 0.5 * a * a * norm;
        p->score_error[i] = a * (off + (gamma + 4.0 * u) * size) + 4.0 * u * a * a * norm +
                            u * fabs(p->score[i]) + reference * far;
        largest = fmax(largest, p->score[i]);
    }
    return largest;
}

void myr_bound_empirical_denoiser(const myr_rounding_path *p, double a, double s, double score,
                                  const myr_rounded *x, myr_rounded *d) {
    (void)score; /* a second stage of data points takes the output itself */
    const myr_target *target = p->job->target;
    const int64_t count = myr_empirical_of(target)->count;
    const int64_t most_tiles = count / smallest_tile + 1;
    const double tiles = (double)most_tiles, sharp = sharp_of(s);
    const double k = (count < largest_tile ? (double)count : largest_tile) + 3.0 * tiles;
    const double largest = find_scores(p, a, x);
    double total = 0.0, moved = 0.0;
    for (int64_t i = 0; i < count; i++) { /* scores to weights, their errors to factors */
        double t = (p->score[i] - largest) * sharp;
        double delta =
            0.6931471805599453 * (p->score_error[i] * sharp + 4.0 * u * fabs(t)) + (1.0 + tiles) * 2e-7;
        p->score[i] = exp2(fmax(t, -1000.0));
        p->score_error[i] = expm1(fmin(delta, 700.0));
        total += p->score[i];
        moved += p->score[i] * p->score_error[i];
    }
    const bool little = moved / total < 0.5;
    for (int c = 0; c < p->dimension; c++) {
        double mean = 0.0, size = 0.0, most = 0.0, away = 0.0, furthest = 0.0;
        for (int64_t i = 0; i < count; i++) {
            double point = point_of(target, i, c);
            mean += p->score[i] * point / total;
            size += p->score[i] * fabs(point) / total;
            most = fmax(most, fabs(point));
        }
        for (int64_t i = 0; i < count; i++) {
            double distance = fabs(point_of(target, i, c) - mean);
            away += p->score[i] * p->score_error[i] * distance / total;
            furthest = fmax(furthest, distance);
        }
        away = little ? fmin(away / (1.0 - moved / total), furthest) : furthest;
        size = little ? fmin(3.0 * size, most) : most;
        d->value[c] = mean;
        d->error[c] = away + (2.0 * k + 8.0) * u * size + 0x1p-63 * (double)count * most +
                      0x1p-50 * (most + fabs(target->mean[c])) + 0x1p-140;
    }
}
