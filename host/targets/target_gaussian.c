/* Gaussian targets. One with a full covariance is turned into its eigenvectors' axes, where it is one with
 * independent coordinates. */
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/blas_room.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "target_data.h"

static myr_status check_diagonal(myr_context *context, int dimension, const double *mean,
                                 const double *variance) {
    myr_status status = myr_check_array(context, "mean", mean);
    if (status == MYR_OK)
        status = myr_check_array(context, "variance", variance);
    for (int c = 0; status == MYR_OK && c < dimension; c++) {
        status = myr_check_number(context, "mean", c, -1, mean[c]);
        if (status == MYR_OK)
            status = myr_check_positive(context, "variance", c, -1, variance[c]);
    }
    return status;
}

myr_status myr_target_create_gaussian(myr_context *context, int dimension, const double *mean,
                                      const double *variance, myr_target **target) {
    MYR_STANDARD_ENVIRONMENT;
    myr_status status = myr_target_allocate(context, MYR_TARGET_GAUSSIAN, dimension, target);
    if (status != MYR_OK)
        return status;
    status = check_diagonal(context, dimension, mean, variance);
    if (status != MYR_OK) {
        myr_target_destroy(*target);
        *target = NULL;
        return status;
    }
    size_t bytes = (size_t)dimension * sizeof(double);
    memcpy((*target)->mean, mean, bytes);
    memcpy((*target)->variance, variance, bytes);
    memcpy((*target)->gaussian.axis_mean, mean, bytes);
    memcpy((*target)->gaussian.axis_variance, variance, bytes);
    return MYR_OK;
}

/* Entries that should be equal may differ by this much, relative to the standard deviations: what remains
 * of a matrix that was computed and written with 13 digits or more. */
static const double asymmetry = 1e-12;

static myr_status check_symmetric(myr_context *context, int d, const double *covariance) {
    for (int r = 0; r < d; r++)
        for (int c = 0; c < r; c++) {
            double here = covariance[r * d + c], there = covariance[c * d + r];
            double size = sqrt(covariance[r * d + r]) * sqrt(covariance[c * d + c]);
            if (!(fabs(here - there) <= asymmetry * size))
                return myr_fail(
                    context, MYR_INVALID_ARGUMENT,
                    "covariance[%d][%d] is %.17g; expected the value of covariance[%d][%d], %.17g, "
                    "for the matrix to be symmetric",
                    r, c, here, c, r, there);
        }
    return MYR_OK;
}

static myr_status check_full(myr_context *context, int d, const double *mean, const double *covariance) {
    myr_status status = myr_check_array(context, "mean", mean);
    if (status == MYR_OK)
        status = myr_check_array(context, "covariance", covariance);
    for (int r = 0; status == MYR_OK && r < d; r++) {
        status = myr_check_number(context, "mean", r, -1, mean[r]);
        for (int c = 0; status == MYR_OK && c < d; c++)
            status = r == c ? myr_check_positive(context, "covariance", r, c, covariance[r * d + c])
                            : myr_check_number(context, "covariance", r, c, covariance[r * d + c]);
    }
    return status == MYR_OK ? check_symmetric(context, d, covariance) : status;
}

/* Cholesky's factorisation stops at the first leading block that is not positive definite. What it would
 * take the root of there is the variance of a coordinate given those before it. */
static myr_status check_definite(myr_context *context, int d, const double *covariance, double *work) {
    memcpy(work, covariance, (size_t)d * (size_t)d * sizeof *work);
    lapack_int stopped = LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', d, work, d);
    if (stopped == 0)
        return MYR_OK;
    if (stopped < 0) /* LAPACKE's own copy of the matrix; the arguments are right */
        return myr_fail_memory(context, (size_t)d * (size_t)d * sizeof *work);
    int at = (int)stopped - 1;
    return myr_fail(context, MYR_INVALID_ARGUMENT,
                    "covariance[%d][%d] is %.17g; expected more, for the matrix to be positive definite: "
                    "coordinate %d would have no variance left, given those before it",
                    at, at, covariance[at * d + at], at);
}

/* An eigenvector has two signs: its largest entry shall be positive. */
static void choose_signs(int d, double *axes) {
    for (int c = 0; c < d; c++) {
        int largest = 0;
        for (int r = 1; r < d; r++)
            if (fabs(axes[r * d + c]) > fabs(axes[largest * d + c]))
                largest = r;
        const double sign = axes[largest * d + c] < 0.0 ? -1.0 : 1.0;
        for (int r = 0; r < d; r++)
            axes[r * d + c] *= sign;
    }
}

/* covariance = axes diag(axis_variance) axes^T, by LAPACK's dsyev. */
static myr_status decompose(myr_context *context, const double *covariance, myr_target *target) {
    const int d = target->dimension;
    myr_gaussian *g = &target->gaussian;
    for (int r = 0; r < d; r++)
        for (int c = 0; c < d; c++)
            g->axes[r * d + c] = 0.5 * (covariance[r * d + c] + covariance[c * d + r]);
    lapack_int failed = LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'V', 'L', d, g->axes, d, g->axis_variance);
    if (failed < 0)
        return myr_fail_memory(context, (size_t)d * (size_t)d * sizeof *g->axes);
    /* A matrix may pass Cholesky and yet have an eigenvalue that is lost in the rounding of the largest. */
    if (failed != 0 || !(g->axis_variance[0] > 0.0))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "covariance: its smallest eigenvalue is %g and its largest %g; expected both well "
                        "above 0",
                        g->axis_variance[0], g->axis_variance[d - 1]);
    choose_signs(d, g->axes);
    for (int c = 0; c < d; c++)
        for (int r = 0; r < d; r++)
            g->axis_mean[c] += g->axes[r * d + c] * target->mean[r];
    return MYR_OK;
}

static myr_status fill_full(myr_context *context, const double *mean, const double *covariance,
                            myr_target *target) {
    const int d = target->dimension;
    size_t bytes = (size_t)d * (size_t)d * sizeof(double);
    myr_status status = check_full(context, d, mean, covariance);
    if (status != MYR_OK)
        return status;
    target->gaussian.axes = malloc(bytes);
    if (!target->gaussian.axes)
        return myr_fail_memory(context, bytes);
    for (int c = 0; c < d; c++) {
        target->mean[c] = mean[c];
        target->variance[c] = covariance[c * d + c];
    }
    status = check_definite(context, d, covariance, target->gaussian.axes);
    return status == MYR_OK ? decompose(context, covariance, target) : status;
}

myr_status myr_target_create_gaussian_full(myr_context *context, int dimension, const double *mean,
                                           const double *covariance, myr_target **target) {
    MYR_STANDARD_ENVIRONMENT;
    myr_status status = myr_target_allocate(context, MYR_TARGET_GAUSSIAN, dimension, target);
    if (status != MYR_OK)
        return status;
    status = myr_blas_room(context, 1);
    if (status == MYR_OK)
        status = fill_full(context, mean, covariance, *target);
    if (status != MYR_OK) {
        myr_target_destroy(*target);
        *target = NULL;
    }
    return status;
}
