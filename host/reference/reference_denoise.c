#include "reference_denoise.h"

#include <math.h>
#include <stddef.h>

#include "reference_random.h"
#include "targets/empirical.h"
#include "targets/gaussian.h"
#include "targets/mixture.h"

enum { stream_target = 2 };

/* Coordinates of a vector given in the target's axes. */
static void turn_gaussian(const myr_target *target, const double *in_axes, double *x) {
    const myr_gaussian *g = target->content;
    const int n = target->dimension;
    for (int r = 0; r < n; r++) {
        x[r] = in_axes[r];
        if (!g->axes)
            continue;
        x[r] = 0.0;
        for (int c = 0; c < n; c++)
            x[r] += g->axes[r * n + c] * in_axes[c];
    }
}

/* Var(x0 | x) of axis c: v s^2/(a^2 v + s^2). */
static double posterior_of_gaussian(const myr_target *target, int c, double a, double s) {
    const myr_gaussian *g = target->content;
    const double v = g->axis_variance[c];
    return v * s * s / (a * a * v + s * s);
}

/* The regression of x0 on x, axis by axis: with u = axes^T x, D = axes (m + g (u - a m)). */
static void denoise_gaussian(const myr_target *target, double a, double s, const double *x, double *d) {
    const myr_gaussian *g = target->content;
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
    turn_gaussian(target, in_axes, d);
}

/* log w_j - 1/2 sum_c [(x_c - a mu_jc)^2/(a^2 v_jc + s^2) + log(a^2 v_jc + s^2)]: the logarithm of
 * component j's share of the density at x, but for a constant. */
static double log_share(const myr_target *target, int j, double a, double s, const double *x) {
    const myr_mixture *m = myr_mixture_of(target);
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
    const myr_mixture *m = myr_mixture_of(target);
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
    const float *point = myr_empirical_of(target)->points + i * target->dimension;
    double sum = 0.0;
    for (int c = 0; c < target->dimension; c++)
        sum += (x[c] - a * point[c]) * (x[c] - a * point[c]);
    return sum;
}

/* D = sum_i w_i s_i, w_i proportional to exp(-(|x - a s_i|^2 - the least of these)/(2 s^2)): for s = 0,
 * too, where the nearest points share the weight. */
static void denoise_empirical(const myr_target *target, double a, double s, const double *x, double *d) {
    const myr_empirical *e = myr_empirical_of(target);
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

/* I1(k)/I0(k): both by their power series, all of whose terms are above 0, or far out, where the smallest term is below
 * e^-80, by Hankel's expansions (DLMF 10.25.2, 10.40.1), whose common factor e^k/sqrt(2 pi k) cancels. */
static double bessel_ratio(double k) {
    double term[2] = {1.0, 0.5 * k}, sum[2] = {term[0], term[1]};
    if (k < 40.0) {
        for (int n = 1; n < 200; n++)
            for (int order = 0; order < 2; order++) {
                term[order] *= 0.25 * k * k / (n * (n + order));
                sum[order] += term[order];
            }
        return sum[1] / sum[0];
    }
    for (int order = 0; order < 2; order++) {
        term[order] = sum[order] = 1.0;
        for (int n = 1; n < 40; n++) {
            term[order] *= -(4.0 * order * order - (2.0 * n - 1.0) * (2.0 * n - 1.0)) / (n * 8.0 * k);
            sum[order] += term[order];
        }
    }
    return sum[1] / sum[0];
}

/* With x - a m at the angle phi and k = a R |x - a m|/s^2, the angle of x0 - m has a density proportional to
 * exp(k cos(angle - phi)): the mean of its cosine is I1(k)/I0(k). */
static void denoise_ring(const myr_target *target, double a, double s, const double *x, double *d) {
    const double radius = *(const double *)target->content;
    const double away[2] = {x[0] - a * target->mean[0], x[1] - a * target->mean[1]};
    const double length = hypot(away[0], away[1]);
    const double mean_cosine = s > 0.0 ? bessel_ratio(a * radius * length / (s * s)) : 1.0;
    for (int c = 0; c < 2; c++)
        d[c] = target->mean[c] + (length > 0.0 ? radius * mean_cosine * away[c] / length : 0.0);
}

/* ---- starts in a component ------------------------------------------------------------------------- */

/* Word 0 of stream 2. */
static uint32_t choice(uint64_t seed, uint64_t trajectory) {
    uint32_t words[4];
    myr_reference_words(seed, trajectory, stream_target, 0, words);
    return words[0];
}

/* The first component whose cumulated weight, in units of 2^-32, exceeds the word. */
static int64_t choose_component(const myr_target *target, uint32_t word) {
    const myr_mixture *m = myr_mixture_of(target);
    double cumulated = 0.0;
    for (int j = 0; j < m->components - 1; j++) {
        cumulated += m->weights[j];
        if ((double)word < floor(cumulated * 0x1p32 + 0.5))
            return j;
    }
    return m->components - 1;
}

static void part_of_mixture(const myr_target *target, int64_t j, int c, double *mean, double *variance) {
    const myr_mixture *m = myr_mixture_of(target);
    *mean = m->means[j * target->dimension + c];
    *variance = m->variances[j * target->dimension + c];
}

/* Point number floor(word n / 2^32). */
static int64_t choose_point(const myr_target *target, uint32_t word) {
    return (int64_t)floor((double)word * (double)myr_empirical_of(target)->count * 0x1p-32);
}

static void part_of_points(const myr_target *target, int64_t j, int c, double *mean, double *variance) {
    *mean = (double)myr_empirical_of(target)->points[j * target->dimension + c];
    *variance = 0.0;
}

/* ---- the list -------------------------------------------------------------------------------------- */

/* What the reference has for each target with a denoiser. One that is new is a function, and a line here. */
struct myr_reference_target {
    const myr_target_operations *operations;
    void (*denoise)(const myr_target *target, double a, double s, const double *x, double *d);
    void (*turn)(const myr_target *target, const double *in_axes, double *x); /* NULL: it has no axes */
    double (*posterior)(const myr_target *target, int c, double a, double s);
    int64_t (*choose)(const myr_target *target, uint32_t word); /* a component; NULL: no start in one */
    void (*part)(const myr_target *target, int64_t j, int c, double *mean, double *variance);
};

static const struct myr_reference_target denoisers[] = {
    {&myr_target_gaussian, denoise_gaussian, .turn = turn_gaussian, .posterior = posterior_of_gaussian},
    {&myr_target_mixture, denoise_mixture, .choose = choose_component, .part = part_of_mixture},
    {&myr_target_empirical, denoise_empirical, .choose = choose_point, .part = part_of_points},
    {.operations = &myr_target_ring, .denoise = denoise_ring},
};
enum { DENOISERS = sizeof denoisers / sizeof *denoisers };

/* NULL: none. */
static const struct myr_reference_target *find(const myr_target *target) {
    for (int n = 0; n < DENOISERS; n++)
        if (denoisers[n].operations == target->operations)
            return &denoisers[n];
    return NULL;
}

bool myr_reference_has(const myr_target *target) {
    return find(target) != NULL;
}

void myr_reference_denoise(const myr_target *target, double a, double s, const double *x, double *d) {
    find(target)->denoise(target, a, s, x, d);
}

void myr_reference_from_axes(const myr_target *target, const double *in_axes, double *x) {
    const struct myr_reference_target *of = find(target);
    if (of->turn)
        of->turn(target, in_axes, x);
    for (int c = 0; !of->turn && c < target->dimension; c++)
        x[c] = in_axes[c];
}

double myr_reference_posterior(const myr_target *target, int c, double a, double s) {
    return find(target)->posterior(target, c, a, s);
}

int64_t myr_reference_component(const myr_target *target, uint64_t seed, uint64_t trajectory) {
    return find(target)->choose(target, choice(seed, trajectory));
}

void myr_reference_part(const myr_target *target, int64_t j, int c, double *mean, double *variance) {
    find(target)->part(target, j, c, mean, variance);
}
