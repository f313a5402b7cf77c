/* The likelihood has no finite maximum along theta if no row prefers the loser by it: Delta theta >= 0 for all
 * (Albert and Anderson 1984). These directions are a cone, and theta_p >= 0 in all of it exactly if the
 * p-th unit vector is a combination of the rows with coefficients of 0 or more (Farkas 1902). So with both
 * signs of it coefficient p is finite, with one of them it goes one way, with none either way.
 *
 * Whether a vector is such a combination is said by non-negative least squares (Lawson and Hanson 1974): the
 * distance of it from the cone of the rows. */
#include "fit_unbounded.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows and targets have the length 1, and what is rational in the features is solved to some 1e-15. */
static const double near = 1e-9;
static const double most_work = 2e9;

typedef struct least {
    const double *rows;
    uint64_t count;
    size_t size;
    size_t used;
    uint64_t *row;             /* [size]: those in use */
    double *share, *next;      /* [size]: coefficients of the rows in use, and those of least squares */
    double *residual, *matrix; /* [size], [size][size] */
} least;

static double dot(const double *a, const double *b, size_t size) {
    double sum = 0.0;
    for (size_t p = 0; p < size; p++)
        sum += a[p] * b[p];
    return sum;
}

static double set_residual(least *l, const double *target) {
    memcpy(l->residual, target, l->size * sizeof *target);
    for (size_t k = 0; k < l->used; k++)
        for (size_t p = 0; p < l->size; p++)
            l->residual[p] -= l->share[k] * l->rows[l->row[k] * l->size + p];
    return sqrt(dot(l->residual, l->residual, l->size));
}

/* The row that leads on best; false if none does. */
static bool add_row(least *l) {
    double best = near;
    uint64_t found = UINT64_MAX;
    for (uint64_t i = 0; i < l->count; i++) {
        const double along = dot(l->rows + i * l->size, l->residual, l->size);
        if (along > best) {
            best = along;
            found = i;
        }
    }
    if (found == UINT64_MAX || l->used == l->size)
        return false;
    l->row[l->used] = found;
    l->share[l->used++] = 0.0;
    return true;
}

static bool solve(least *l, const double *target) {
    const lapack_int size = (lapack_int)l->size, used = (lapack_int)l->used;
    for (size_t k = 0; k < l->used; k++)
        memcpy(l->matrix + k * l->size, l->rows + l->row[k] * l->size, l->size * sizeof *target);
    memcpy(l->next, target, l->size * sizeof *target);
    return LAPACKE_dgels(LAPACK_COL_MAJOR, 'N', size, used, 1, l->matrix, size, l->next, size) == 0;
}

/* As far towards the solution as all coefficients are 0 or more; those that are 0 then leave. True if that
 * is all the way. */
static bool go(least *l) {
    double way = 1.0;
    for (size_t k = 0; k < l->used; k++)
        if (l->next[k] <= 0.0)
            way = fmin(way, l->share[k] / (l->share[k] - l->next[k]));
    size_t kept = 0;
    for (size_t k = 0; k < l->used; k++) {
        const double share = l->share[k] + way * (l->next[k] - l->share[k]);
        if (l->next[k] <= 0.0 && share <= 1e-14)
            continue;
        l->row[kept] = l->row[k];
        l->share[kept++] = share;
    }
    const bool all = kept == l->used && way == 1.0;
    l->used = kept;
    return all;
}

static bool in_cone(least *l, const double *target) {
    l->used = 0;
    double distance = set_residual(l, target);
    for (size_t round = 0; round < 4 * l->size + 8 && distance > near; round++) {
        if (!add_row(l))
            return false;
        for (bool all = false; !all && l->used > 0;) {
            if (!solve(l, target))
                return false;
            all = go(l);
        }
        distance = set_residual(l, target);
    }
    return distance <= near;
}

/* Columns on one scale, rows of length 1, those of zeros left out; returns how many are left. */
static uint64_t normalise(double *rows, uint64_t count, size_t size) {
    uint64_t kept = 0;
    for (size_t p = 0; p < size; p++) {
        double largest = 0.0;
        for (uint64_t i = 0; i < count; i++)
            largest = fmax(largest, fabs(rows[i * size + p]));
        for (uint64_t i = 0; largest > 0.0 && i < count; i++)
            rows[i * size + p] /= largest;
    }
    for (uint64_t i = 0; i < count; i++) {
        const double length = sqrt(dot(rows + i * size, rows + i * size, size));
        for (size_t p = 0; length > 0.0 && p < size; p++)
            rows[kept * size + p] = rows[i * size + p] / length;
        kept += length > 0.0;
    }
    return kept;
}

bool myr_cone_fates(double *rows, uint64_t count, uint64_t size, double *fate) {
    const size_t P = (size_t)size;
    double *memory = malloc(P * (P + 5) * sizeof *memory);
    uint64_t *row = malloc(P * sizeof *row);
    least l = {.rows = rows, .size = P, .row = row};
    const bool enough = memory && row;
    const double work = (double)count * (double)P * (double)P * (double)P;
    if (enough && work <= most_work) {
        l.share = memory + P * P;
        l.next = l.share + P;
        l.residual = l.next + P;
        l.matrix = memory;
        double *unit = l.residual + P;
        l.count = normalise(rows, count, P);
        memset(unit, 0, P * sizeof *unit);
        for (size_t p = 0; p < P; p++) {
            unit[p] = 1.0;
            const bool up = in_cone(&l, unit);
            unit[p] = -1.0;
            const bool down = in_cone(&l, unit);
            unit[p] = 0.0;
            fate[p] = up && down ? 0.0 : up ? INFINITY : down ? -INFINITY : NAN;
        }
    } else {
        for (size_t p = 0; p < P; p++)
            fate[p] = NAN;
    }
    free(memory);
    free(row);
    return enough;
}
