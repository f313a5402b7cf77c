/* How far float arithmetic may be from the reference: bounds derived from the operations that the fast
 * backends make, not fitted to what they return. */
#ifndef MYRIAD_ROUNDING_H
#define MYRIAD_ROUNDING_H

#include "backends/backend.h"

/* The error of the two normals that a pair of words gives; fast: by the GPU's special-function unit. */
void myr_bound_normal_pair(uint32_t w0, uint32_t w1, bool fast, double bound[2]);

/* The same for the four words of a block. */
void myr_bound_normals(const uint32_t words[4], bool fast, double bound[4]);

/* The errors of the job's trajectories after its rows, bounds[count][dimension], along the reference's own path: each
 * row's rounding times the derivative of the result by that row's. NaN where there is no memory for them. */
void myr_bound_trajectories(const myr_job *job, double *bounds);

/* The same, all coordinates at once, for denoisers that take the whole vector and have a bound: error[dimension].
 * For a few rows: it grows with each. Errors: MYR_UNSUPPORTED of a target that has none. */
bool myr_bounds_vector(const myr_target *target);
myr_status myr_bound_vector(myr_context *context, const myr_job *job, uint64_t n, double *error);

#endif
