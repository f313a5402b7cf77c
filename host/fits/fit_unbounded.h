/* Where outcomes without a finite maximum have their estimates: at infinity, or finite all the same. */
#ifndef MYRIAD_FIT_UNBOUNDED_H
#define MYRIAD_FIT_UNBOUNDED_H

#include <stdbool.h>
#include <stdint.h>

#include "fit_solve.h"

/* The estimates of weights that have no finite maximum, [parameters], relative to the baseline (-1: none):
 * finite, INFINITY, -INFINITY, or NAN where the weights do not tell. x is the maximum of the data. False if out of
 * memory. */
bool myr_unbounded_estimates(const myr_model *model, const double *weights, const myr_solver *solver,
                             myr_solve_space *space, const double *x, int64_t baseline, double *estimate);

/* Which coefficients of features have no end: rows [count][size], winner minus loser, are overwritten. fate [size]: 0 for a
 * coefficient that is finite at the maximum, INFINITY or -INFINITY for one that only grows or only falls along every direction
 * in which the likelihood has no end, NAN for what is not determined, or would take too long. False if out of memory. */
bool myr_cone_fates(double *rows, uint64_t count, uint64_t size, double *fate);

#endif
