/* Targets: the distribution of the clean samples x0. A target provides the denoiser
 * D(x; a, s) = E[x0 | a x0 + s e = x], e ~ N(0, I). */
#ifndef MYRIAD_TARGET_H
#define MYRIAD_TARGET_H

#include <stdint.h>

#include "myriad/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Coordinates: of Gaussians and mixtures, and of data. */
#define MYR_MAX_DIMENSION 64
#define MYR_MAX_DATA_DIMENSION 4096

typedef struct myr_target myr_target;

/* A Gaussian with independent coordinates: x0[c] ~ N(mean[c], variance[c]), c = 0 … dimension − 1.
 * mean and variance are [dimension], dimension 1 … MYR_MAX_DIMENSION; means finite, variances finite and
 * above 0, at most 1e30 in size. Here and below no array is NULL unless it says so, and all are copied;
 * *target is NULL on failure. Errors: MYR_INVALID_ARGUMENT, MYR_OUT_OF_MEMORY. */
MYR_API myr_status myr_target_create_gaussian(myr_context *context, int dimension, const double *mean,
                                              const double *variance, myr_target **target);

/* A Gaussian with any covariance: mean [dimension], covariance [dimension][dimension], symmetric and
 * positive definite. It runs in the axes of its eigenvectors, where its coordinates are independent: a plan's
 * start, and the normals of a trajectory, number c, belong to axis c (eigenvalues ascend; an eigenvector's
 * largest entry is positive).
 * States, samples and moments are those of the coordinates. Errors: as above. */
MYR_API myr_status myr_target_create_gaussian_full(myr_context *context, int dimension, const double *mean,
                                                   const double *covariance, myr_target **target);

/* A mixture of Gaussians with independent coordinates: weights[components], means and variances
 * [components][dimension]. 1 … MYR_MAX_COMPONENTS components; weights finite and above 0, which are divided
 * by their sum; means and variances as above. Errors: as above. */
#define MYR_MAX_COMPONENTS 1024
MYR_API myr_status myr_target_create_mixture(myr_context *context, int dimension, int components,
                                             const double *weights, const double *means,
                                             const double *variances, myr_target **target);

/* Data: x0 is one of the points[count][dimension], each as likely as the others. 1 … MYR_MAX_POINTS points
 * of 1 … MYR_MAX_DATA_DIMENSION coordinates, finite, at most 1e15 in size; the same point may be there
 * several times. Errors: as above. */
#define MYR_MAX_POINTS 1000000
MYR_API myr_status myr_target_create_empirical(myr_context *context, int64_t count, int dimension,
                                               const float *points, myr_target **target);

/* A distribution of states 1 … S with a Markov chain that forgets it: x0 is state i + 1 with a probability
 * proportional to weights[i], i = 0 … S - 1, and step t of the chain leads from state i + 1 to j + 1 with
 * probability transitions[t - 1][i][j], [matrices][states][states]. matrices is 1, and that matrix serves
 * every step, or the number of steps, a matrix a step. prior: [states], weights of x_T for the start
 * "prior"; NULL: every state alike.
 *
 * states 1 … MYR_MAX_STATES. Weights and prior: finite, not negative, at most 1e30, at least one above 0;
 * they are divided by their sum. Transitions: 0 … 1, the entries of each row sum to 1 within 1e-6 and are
 * divided by their sum; all of them take at most MYR_MAX_TRANSITION_BYTES. Everything is copied. Errors: as
 * above.
 *
 * It runs on the process "discrete" alone. Its one coordinate is the state's number, 1 … S. */
#define MYR_MAX_STATES 256
#define MYR_MAX_TRANSITION_BYTES 1073741824
MYR_API myr_status myr_target_create_discrete(myr_context *context, int states, const double *weights,
                                              int64_t matrices, const double *transitions,
                                              const double *prior, myr_target **target);

/* A ring: the circle of the radius about mean[2] in the plane, every angle alike. The mean finite, the radius above 0, at
 * most 1e30 in size. Errors: as above. */
MYR_API myr_status myr_target_create_ring(myr_context *context, const double *mean, double radius,
                                          myr_target **target);

/* Transition matrices by name, to matrix[states][states]; beta is 0 … 1:
 *
 *     "uniform"      with probability beta to a state drawn uniformly from all, the own one included
 *     "absorbing"    with probability beta to absorbing_state, 1 … states
 *     "birth-death"  with probability beta/2 to each neighbour in number; at an end that part stays
 *
 * absorbing_state is not looked at for the others. Errors: MYR_INVALID_ARGUMENT. */
MYR_API myr_status myr_transition_matrix(myr_context *context, const char *name, int states, double beta,
                                         int absorbing_state, double *matrix);

/* The number of states of a discrete target, and the steps that its matrices are for: 0 if any number is; 0
 * for other targets and for NULL. */
MYR_API int myr_target_states(const myr_target *target);
MYR_API int64_t myr_target_steps(const myr_target *target);

/* Reads a target from a file (path not NULL), NAME.json or (data) NAME.npy, or either from
 * standard input, "-"; docs/targets.md has the formats. Errors: MYR_IO_ERROR,
 * MYR_INVALID_DATA (the file, what is wrong where, and what was expected),
 * MYR_INVALID_ARGUMENT (a name without an extension that is known), MYR_OUT_OF_MEMORY. */
MYR_API myr_status myr_target_load(myr_context *context, const char *path, myr_target **target);

/* Frees it. NULL is allowed. Plans made for the target stay valid. */
MYR_API void myr_target_destroy(myr_target *target);

/* What it is, as the files and myr_target_type_name() name it; "" for NULL. */
MYR_API const char *myr_target_type(const myr_target *target);

/* The types, in the order of their list: name and one line of help; NULL past the end. */
MYR_API const char *myr_target_type_name(int index);
MYR_API const char *myr_target_type_help(int index);

/* The number of coordinates; 0 for NULL. */
MYR_API int myr_target_dimension(const myr_target *target);

/* How many points data has; 0 for other targets and for NULL. */
MYR_API int64_t myr_target_points(const myr_target *target);

/* The target's own mean and variance, [dimension] each; either array may be NULL. Nothing for a NULL
 * target. */
MYR_API void myr_target_moments(const myr_target *target, double *mean, double *variance);

#ifdef __cplusplus
}
#endif
#endif
