#include "marginal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"

static const double root_half = 0.70710678118654752, root_two_pi = 2.5066282746310005;

/* ---- mixtures of normals --------------------------------------------------------------------------- */

static double normals_cdf(const myr_marginal *marginal, double x) {
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
static double normals_lower(const myr_marginal *marginal, double x) {
    double sum = 0.0;
    for (int k = 0; k < marginal->parts; k++) {
        const double s = marginal->part_deviation[k], z = (x - marginal->part_mean[k]) / s;
        sum +=
            marginal->weight[k] * ((marginal->part_mean[k] - marginal->mean) * 0.5 * erfc(-root_half * z) -
                                   s * exp(-0.5 * z * z) / root_two_pi);
    }
    return sum;
}

/* Newton's steps between brackets that close in, by halves where a step would leave them. */
static double normals_quantile(const myr_marginal *marginal, double u, double near) {
    double low = marginal->part_mean[0], high = low;
    for (int k = 0; k < marginal->parts; k++) {
        low = fmin(low, marginal->part_mean[k] - 40.0 * marginal->part_deviation[k]);
        high = fmax(high, marginal->part_mean[k] + 40.0 * marginal->part_deviation[k]);
    }
    double x = near > low && near < high ? near : 0.5 * (low + high);
    for (int step = 0; step < 200; step++) {
        const double off = normals_cdf(marginal, x) - u;
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

myr_status myr_marginal_place_normals(myr_context *context, int parts, myr_marginal *marginal) {
    static const myr_law law = {normals_cdf, normals_lower, normals_quantile};
    const size_t bytes = 3 * (size_t)parts * sizeof *marginal->weight;
    marginal->law = &law;
    marginal->parts = parts;
    marginal->weight = malloc(bytes);
    if (!marginal->weight)
        return myr_fail_memory(context, bytes);
    marginal->part_mean = marginal->weight + parts;
    marginal->part_deviation = marginal->part_mean + parts;
    return MYR_OK;
}

/* ---- atoms ----------------------------------------------------------------------------------------- */

/* How many are at or below x. */
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

static double atoms_cdf(const myr_marginal *marginal, double x) {
    const size_t n = atoms_up_to(marginal, x);
    return n > 0 ? marginal->below[n - 1] : 0.0;
}

static double atoms_lower(const myr_marginal *marginal, double x) {
    const size_t n = atoms_up_to(marginal, x);
    return n > 0 ? marginal->part[n - 1] : 0.0;
}

static double atoms_quantile(const myr_marginal *marginal, double u, double near) {
    size_t low = 0, high = marginal->atoms - 1;
    (void)near;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (marginal->below[middle] >= u)
            high = middle;
        else
            low = middle + 1;
    }
    return marginal->at[low];
}

static int compare_atoms(const void *left, const void *right) {
    const double a = ((const myr_atom *)left)->at, b = ((const myr_atom *)right)->at;
    return (a > b) - (a < b);
}

/* Sums are in long double: a million weights. */
myr_status myr_marginal_place_atoms(myr_context *context, myr_atom *atoms, size_t count,
                                    myr_marginal *marginal) {
    static const myr_law law = {atoms_cdf, atoms_lower, atoms_quantile};
    const size_t bytes = 3 * count * sizeof *marginal->at;
    marginal->law = &law;
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

/* ---- all ------------------------------------------------------------------------------------------- */

void myr_marginal_place_law(const myr_law *law, double mean, double deviation, myr_marginal *marginal) {
    marginal->law = law;
    marginal->mean = mean;
    marginal->deviation = deviation;
}

/* Of normals and atoms. */
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
    if (!target->operations->marginal)
        return myr_target_lacks(context, target, "marginal distribution in closed form");
    myr_status status = target->operations->marginal(context, target, coordinate, direction, marginal);
    if (status == MYR_OK && (marginal->parts > 0 || marginal->atoms > 0))
        fill_moments(marginal);
    return status;
}

void myr_marginal_destroy(myr_marginal *marginal) {
    free(marginal->weight);
    free(marginal->at);
    memset(marginal, 0, sizeof *marginal);
}

double myr_marginal_cdf(const myr_marginal *marginal, double x) {
    return marginal->law->cdf(marginal, x);
}

double myr_marginal_lower(const myr_marginal *marginal, double x) {
    return marginal->law->lower(marginal, x);
}

double myr_marginal_quantile(const myr_marginal *marginal, double u, double near) {
    return marginal->law->quantile(marginal, u, near);
}
