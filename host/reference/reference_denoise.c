#include "reference_denoise.h"

#include <math.h>
#include <stddef.h>

#include "reference_random.h"

enum { stream_target = 2 };

/* The regression of x0 on x, axis by axis: with u = axes^T x, D = axes (m + g (u - a m)). */
static void denoise_gaussian(const myr_target *target, double a, double s, const double *x, double *d) {
    const myr_gaussian *g = &target->gaussian;
    const int n = target->dimension;
    double in_axes[MYR_MAX_DIMENSION];
    for (int c = 0; c < n; c++) {
        double u = x[c], m = g->axis_mean[c], v = g->axis_variance[c];
        if (g->axes) {
            u = 0.0;
            for (int r = 0; r < n; r++)
                u += g->axes[r * n + c] * x[r];
        }
        in_axes[c] = m + a * v / (a * a * v + s * s) * (u - a * m);
    }
    myr_reference_from_axes(target, in_axes, d);
}

/* log w_j - 1/2 sum_c [(x_c - a mu_jc)^2/(a^2 v_jc + s^2) + log(a^2 v_jc + s^2)]: the logarithm of
 * component j's share of the density at x, but for a constant. */
static double log_share(const myr_target *target, int j, double a, double s, const double *x) {
    const myr_mixture *m = &target->mixture;
    double sum = log(m->weights[j]);
    for (int c = 0; c < target->dimension; c++) {
        double variance = a * a * m->variances[j * target->dimension + c] + s * s;
        double away = x[c] - a * m->means[j * target->dimension + c];
        sum -= 0.5 * (away * away / variance + log(variance));
    }
    return sum;
}

/* D = sum_j p_j (mu_j + g_j (x - a mu_j)), p = softmax of the log shares. */
static void denoise_mixture(const myr_target *target, double a, double s, const double *x, double *d) {
    const myr_mixture *m = &target->mixture;
    const int n = target->dimension;
    double share[MYR_MAX_COMPONENTS], largest = -INFINITY, total = 0.0;
    for (int j = 0; j < m->components; j++) {
        share[j] = log_share(target, j, a, s, x);
        largest = fmax(largest, share[j]);
    }
    for (int j = 0; j < m->components; j++) {
        share[j] = exp(share[j] - largest);
        total += share[j];
    }
    for (int c = 0; c < n; c++) {
        d[c] = 0.0;
        for (int j = 0; j < m->components; j++) {
            double mean = m->means[j * n + c], variance = m->variances[j * n + c];
            double gain = a * variance / (a * a * variance + s * s);
            d[c] += share[j] / total * (mean + gain * (x[c] - a * mean));
        }
    }
}

/* |x - a s_i|^2 */
static double squared_distance(const myr_target *target, int64_t i, double a, const double *x) {
    const float *point = target->empirical.points + i * target->dimension;
    double sum = 0.0;
    for (int c = 0; c < target->dimension; c++)
        sum += (x[c] - a * point[c]) * (x[c] - a * point[c]);
    return sum;
}

/* D = sum_i w_i s_i, w_i proportional to exp(-(|x - a s_i|^2 - the least of these)/(2 s^2)): for s = 0,
 * too, where the nearest points share the weight. */
static void denoise_empirical(const myr_target *target, double a, double s, const double *x, double *d) {
    const myr_empirical *e = &target->empirical;
    double nearest = INFINITY, total = 0.0;
    for (int64_t i = 0; i < e->count; i++)
        nearest = fmin(nearest, squared_distance(target, i, a, x));
    for (int c = 0; c < target->dimension; c++)
        d[c] = 0.0;
    for (int64_t i = 0; i < e->count; i++) {
        double further = squared_distance(target, i, a, x) - nearest;
        double weight = further > 0.0 ? exp(-further / (2.0 * s * s)) : 1.0;
        total += weight;
        for (int c = 0; c < target->dimension; c++)
            d[c] += weight * e->points[i * target->dimension + c];
    }
    for (int c = 0; c < target->dimension; c++)
        d[c] /= total;
}

void myr_reference_denoise(const myr_target *target, double a, double s, const double *x, double *d) {
    switch (target->kind) {
        case MYR_TARGET_GAUSSIAN:
            denoise_gaussian(target, a, s, x, d);
            break;
        case MYR_TARGET_MIXTURE:
            denoise_mixture(target, a, s, x, d);
            break;
        case MYR_TARGET_EMPIRICAL:
            denoise_empirical(target, a, s, x, d);
            break;
        case MYR_TARGET_DISCRETE: /* has a chain, and no denoiser */
            break;
    }
}

void myr_reference_from_axes(const myr_target *target, const double *in_axes, double *x) {
    const int n = target->dimension;
    const double *axes = target->kind == MYR_TARGET_GAUSSIAN ? target->gaussian.axes : NULL;
    for (int r = 0; r < n; r++) {
        x[r] = in_axes[r];
        if (!axes)
            continue;
        x[r] = 0.0;
        for (int c = 0; c < n; c++)
            x[r] += axes[r * n + c] * in_axes[c];
    }
}

/* Of a mixture, the first component whose cumulated weight, in units of 2^-32, exceeds word 0 of stream 2;
 * of data, point number floor(word n / 2^32). */
int64_t myr_reference_component(const myr_target *target, uint64_t seed, uint64_t trajectory) {
    const myr_mixture *m = &target->mixture;
    uint32_t words[4];
    myr_reference_words(seed, trajectory, stream_target, 0, words);
    if (target->kind == MYR_TARGET_EMPIRICAL)
        return (int64_t)floor((double)words[0] * (double)target->empirical.count * 0x1p-32);
    double cumulated = 0.0;
    for (int j = 0; j < m->components - 1; j++) {
        cumulated += m->weights[j];
        if ((double)words[0] < floor(cumulated * 0x1p32 + 0.5))
            return j;
    }
    return m->components - 1;
}

void myr_reference_part(const myr_target *target, int64_t j, int c, double *mean, double *variance) {
    const int64_t at = j * target->dimension + c;
    const bool data = target->kind == MYR_TARGET_EMPIRICAL;
    *mean = data ? (double)target->empirical.points[at] : target->mixture.means[at];
    *variance = data ? 0.0 : target->mixture.variances[at];
}
