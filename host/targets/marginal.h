/* A target's exact marginal on a line: of a coordinate, or of its projection on a direction. A mixture of
 * normals, atoms, or a law of the target's own. */
#ifndef MYRIAD_MARGINAL_H
#define MYRIAD_MARGINAL_H

#include <stddef.h>

#include "target_data.h"

typedef struct myr_marginal myr_marginal;

/* What a law can be asked; the public functions below say what each is. */
typedef struct myr_law {
    double (*cdf)(const myr_marginal *marginal, double x);
    double (*lower)(const myr_marginal *marginal, double x);
    double (*quantile)(const myr_marginal *marginal, double u, double near);
} myr_law;

struct myr_marginal {
    const myr_law *law;
    double mean, deviation; /* of the whole; numbers below are relative to nothing */
    /* A mixture: [parts] each; or */
    int parts;
    double *weight, *part_mean, *part_deviation;
    /* atoms, ascending, no two alike: [atoms]. below[j] = P(X <= at[j]), part[j] = E[X; X <= at[j]]. */
    size_t atoms;
    double *at, *below, *part;
};

/* Of the coordinate, or if direction is not NULL of direction[dimension] · X. */
myr_status myr_marginal_create(myr_context *context, const myr_target *target, int coordinate,
                               const double *direction, myr_marginal *marginal);
void myr_marginal_destroy(myr_marginal *marginal);

/* What the targets' own operations make it with: room for so many normals, which they fill in; atoms with
 * weights above 0, in any order, which are sorted; or a law, its mean and its deviation. */
typedef struct myr_atom {
    double at, weight;
} myr_atom;
myr_status myr_marginal_place_normals(myr_context *context, int parts, myr_marginal *marginal);
myr_status myr_marginal_place_atoms(myr_context *context, myr_atom *atoms, size_t count,
                                    myr_marginal *marginal);

void myr_marginal_place_law(const myr_law *law, double mean, double deviation, myr_marginal *marginal);

/* Entry c of a direction, or of a coordinate's axis. */
static inline double myr_along(const double *direction, int coordinate, int c) {
    if (direction)
        return direction[c];
    return c == coordinate ? 1.0 : 0.0;
}

/* F(x) = P(X <= x). */
double myr_marginal_cdf(const myr_marginal *marginal, double x);

/* E[X - mean; X <= x]: falls from 0 to its least at the mean and rises to 0 again. */
double myr_marginal_lower(const myr_marginal *marginal, double x);

/* The least x with F(x) >= u, 0 < u < 1; near: where it may be. Exact to rounding. */
double myr_marginal_quantile(const myr_marginal *marginal, double u, double near);

#endif
