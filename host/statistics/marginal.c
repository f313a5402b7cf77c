#include "marginal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "targets/discrete.h"
#include "targets/empirical.h"
#include "targets/gaussian.h"
#include "targets/mixture.h"

static const double root_half = 0.70710678118654752, root_two_pi = 2.5066282746310005;

/* ---- mixtures of normals --------------------------------------------------------------------------- */

static myr_status allocate_parts(myr_context *context, int parts, myr_marginal *marginal) {
    const size_t bytes = 3 * (size_t)parts * sizeof *marginal->weight;
    marginal->parts = parts;
    marginal->weight = malloc(bytes);
    if (!marginal->weight)
        return myr_fail_memory(context, bytes);
    marginal->part_mean = marginal->weight + parts;
    marginal->part_deviation = marginal->part_mean + parts;
    return MYR_OK;
}

/* On a direction v: mean v·m, variance sum over the axes u of their variance times (v·u)^2. */
static void fill_gaussian(const myr_target *target, const double *v, myr_marginal *marginal) {
    const int d = target->dimension;
    const double *axes = myr_target_affine(target)->axes;
    double mean = 0.0, variance = 0.0;
    for (int c = 0; c < d; c++) {
        double along = axes ? 0.0 : v[c];
        for (int r = 0; axes && r < d; r++)
            along += axes[r * d + c] * v[r];
        mean += v[c] * target->mean[c];
        variance += along * along * myr_target_affine(target)->axis_variance[c];
    }
    marginal->weight[0] = 1.0;
    marginal->part_mean[0] = mean;
    marginal->part_deviation[0] = sqrt(variance);
}

static void fill_mixture(const myr_target *target, const double *v, myr_marginal *marginal) {
    const int d = target->dimension;
    for (int k = 0; k < myr_mixture_of(target)->components; k++) {
        double mean = 0.0, variance = 0.0;
        for (int c = 0; c < d; c++) {
            mean += v[c] * myr_mixture_of(target)->means[k * d + c];
            variance += v[c] * v[c] * myr_mixture_of(target)->variances[k * d + c];
        }
        marginal->weight[k] = myr_mixture_of(target)->weights[k];
        marginal->part_mean[k] = mean;
        marginal->part_deviation[k] = sqrt(variance);
    }
}

/* ---- atoms ----------------------------------------------------------------------------------------- */

typedef struct atom {
    double at, weight;
} atom;

static int compare_atoms(const void *left, const void *right) {
    const double a = ((const atom *)left)->at, b = ((const atom *)right)->at;
    return (a > b) - (a < b);
}

/* Sorts them, and makes the sums of those that are alike. Sums are in long double: a million weights. */
static myr_status fill_atoms(myr_context *context, atom *atoms, size_t count, myr_marginal *marginal) {
    const size_t bytes = 3 * count * sizeof *marginal->at;
    marginal->at = malloc(bytes);
    if (!marginal->at)
        return myr_fail_memory(context, bytes);
    marginal->below = marginal->at + count;
    marginal->part = marginal->below + count;
    qsort(atoms, count, sizeof *atoms, compare_atoms);
    long double total = 0.0L, mean = 0.0L;
    for (size_t i = 0; i < count; i++) {
        total += atoms[i].weight;
        mean += (long double)atoms[i].weight * atoms[i].at;
    }
    long double below = 0.0L, part = 0.0L;
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        below += atoms[i].weight / total;
        part += atoms[i].weight / total * (atoms[i].at - mean / total);
        if (i + 1 < count && atoms[i + 1].at == atoms[i].at)
            continue;
        marginal->at[used] = atoms[i].at;
        marginal->below[used] = (double)below;
        marginal->part[used++] = (double)part;
    }
    marginal->below[used - 1] = 1.0;
    marginal->part[used - 1] = 0.0;
    marginal->atoms = used;
    return MYR_OK;
}

static myr_status create_atoms(myr_context *context, const myr_target *target, const double *v,
                               int coordinate, myr_marginal *marginal) {
    const bool states = target->operations == &myr_target_discrete;
    const size_t d = (size_t)target->dimension;
    const size_t count =
        states ? (size_t)myr_target_chain(target)->states : (size_t)myr_empirical_of(target)->count;
    atom *atoms = malloc(count * sizeof *atoms);
    if (!atoms)
        return myr_fail_memory(context, count * sizeof *atoms);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        atom a = {(double)i + 1.0, states ? myr_target_chain(target)->weights[i] : 1.0};
        if (!states)
            a.at = v ? 0.0 : (double)myr_empirical_of(target)->points[i * d + (size_t)coordinate];
        for (size_t c = 0; !states && v && c < d; c++)
            a.at += v[c] * (double)myr_empirical_of(target)->points[i * d + c];
        if (a.weight > 0.0)
            atoms[used++] = a;
    }
    myr_status status = fill_atoms(context, atoms, used, marginal);
    free(atoms);
    return status;
}

/* ---- both ------------------------------------------------------------------------------------------ */

static void fill_moments(myr_marginal *marginal) {
    double mean = 0.0, variance = 0.0;
    for (int k = 0; k < marginal->parts; k++)
        mean += marginal->weight[k] * marginal->part_mean[k];
    for (size_t j = 0; j < marginal->atoms; j++)
        mean += (marginal->below[j] - (j > 0 ? marginal->below[j - 1] : 0.0)) * marginal->at[j];
    for (int k = 0; k < marginal->parts; k++) {
        const double off = marginal->part_mean[k] - mean, s = marginal->part_deviation[k];
        variance += marginal->weight[k] * (s * s + off * off);
    }
    for (size_t j = 0; j < marginal->atoms; j++) {
        const double off = marginal->at[j] - mean;
        variance += (marginal->below[j] - (j > 0 ? marginal->below[j - 1] : 0.0)) * off * off;
    }
    marginal->mean = mean;
    marginal->deviation = sqrt(variance);
}

myr_status myr_marginal_create(myr_context *context, const myr_target *target, int coordinate,
                               const double *direction, myr_marginal *marginal) {
    memset(marginal, 0, sizeof *marginal);
    double unit[MYR_MAX_DIMENSION] = {0};
    const double *v = direction;
    myr_status status;
    if (target->operations == &myr_target_gaussian || target->operations == &myr_target_mixture) {
        const bool gaussian = target->operations == &myr_target_gaussian;
        if (!v) {
            unit[coordinate] = 1.0;
            v = unit;
        }
        status = allocate_parts(context, gaussian ? 1 : myr_mixture_of(target)->components, marginal);
        if (status == MYR_OK)
            (gaussian ? fill_gaussian : fill_mixture)(target, v, marginal);
    } else {
        status = create_atoms(context, target, v, coordinate, marginal);
    }
    if (status == MYR_OK)
        fill_moments(marginal);
    return status;
}

void myr_marginal_destroy(myr_marginal *marginal) {
    free(marginal->weight);
    free(marginal->at);
    memset(marginal, 0, sizeof *marginal);
}

/* Atoms at or below x. */
static size_t atoms_up_to(const myr_marginal *marginal, double x) {
    size_t low = 0, high = marginal->atoms;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (marginal->at[middle] <= x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double myr_marginal_cdf(const myr_marginal *marginal, double x) {
    if (marginal->atoms > 0) {
        const size_t n = atoms_up_to(marginal, x);
        return n > 0 ? marginal->below[n - 1] : 0.0;
    }
    double sum = 0.0;
    for (int k = 0; k < marginal->parts; k++)
        sum += marginal->weight[k] * 0.5 *
               erfc(-root_half * (x - marginal->part_mean[k]) / marginal->part_deviation[k]);
    return sum;
}

static double density(const myr_marginal *marginal, double x) {
    double sum = 0.0;
    for (int k = 0; k < marginal->parts; k++) {
        const double z = (x - marginal->part_mean[k]) / marginal->part_deviation[k];
        sum += marginal->weight[k] / marginal->part_deviation[k] * exp(-0.5 * z * z) / root_two_pi;
    }
    return sum;
}

/* Of N(m, s^2), E[X - c; X <= x] = (m - c) Phi(z) - s phi(z), z = (x - m)/s. */
double myr_marginal_lower(const myr_marginal *marginal, double x) {
    if (marginal->atoms > 0) {
        const size_t n = atoms_up_to(marginal, x);
        return n > 0 ? marginal->part[n - 1] : 0.0;
    }
    double sum = 0.0;
    for (int k = 0; k < marginal->parts; k++) {
        const double s = marginal->part_deviation[k], z = (x - marginal->part_mean[k]) / s;
        sum +=
            marginal->weight[k] * ((marginal->part_mean[k] - marginal->mean) * 0.5 * erfc(-root_half * z) -
                                   s * exp(-0.5 * z * z) / root_two_pi);
    }
    return sum;
}

static double atom_quantile(const myr_marginal *marginal, double u) {
    size_t low = 0, high = marginal->atoms - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (marginal->below[middle] >= u)
            high = middle;
        else
            low = middle + 1;
    }
    return marginal->at[low];
}

/* Newton's steps between brackets that close in, by halves where a step would leave them. */
double myr_marginal_quantile(const myr_marginal *marginal, double u, double near) {
    if (marginal->atoms > 0)
        return atom_quantile(marginal, u);
    double low = marginal->part_mean[0], high = low;
    for (int k = 0; k < marginal->parts; k++) {
        low = fmin(low, marginal->part_mean[k] - 40.0 * marginal->part_deviation[k]);
        high = fmax(high, marginal->part_mean[k] + 40.0 * marginal->part_deviation[k]);
    }
    double x = near > low && near < high ? near : 0.5 * (low + high);
    for (int step = 0; step < 200; step++) {
        const double off = myr_marginal_cdf(marginal, x) - u;
        if (off < 0.0)
            low = x;
        else
            high = x;
        double next = x - off / density(marginal, x);
        if (fabs(next - x) <= 1e-15 * marginal->deviation)
            break;
        if (!(next > low && next < high))
            next = 0.5 * (low + high);
        x = next;
    }
    return x;
}
