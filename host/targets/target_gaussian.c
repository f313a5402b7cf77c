/* Gaussian targets. One with a full covariance is turned into its eigenvectors' axes, where it is one with
 * independent coordinates. A file is { "type": "gaussian", "mean": [m, …], "variance": [v, …] }, or has
 * "covariance": [[…], …] in the latter's place. */
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gaussian.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/generator.h"
#include "ground/product.h"
#include "io/json_fields.h"
#include "marginal.h"
#include "myriad/random.h"

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
    myr_status status =
        myr_target_allocate(context, &myr_target_gaussian, dimension, sizeof(myr_gaussian), target);
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
    myr_gaussian *g = (*target)->content;
    memcpy(g->axis_mean, mean, bytes);
    memcpy(g->axis_variance, variance, bytes);
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
    myr_gaussian *g = target->content;
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
    myr_gaussian *g = target->content;
    size_t bytes = (size_t)d * (size_t)d * sizeof(double);
    myr_status status = check_full(context, d, mean, covariance);
    if (status != MYR_OK)
        return status;
    g->axes = malloc(bytes);
    if (!g->axes)
        return myr_fail_memory(context, bytes);
    memcpy(target->mean, mean, (size_t)d * sizeof *mean);
    for (int c = 0; c < d; c++)
        target->variance[c] = covariance[c * d + c];
    status = check_definite(context, d, covariance, g->axes);
    return status == MYR_OK ? decompose(context, covariance, target) : status;
}

myr_status myr_target_create_gaussian_full(myr_context *context, int dimension, const double *mean,
                                           const double *covariance, myr_target **target) {
    MYR_STANDARD_ENVIRONMENT;
    myr_status status =
        myr_target_allocate(context, &myr_target_gaussian, dimension, sizeof(myr_gaussian), target);
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

/* ---- files ----------------------------------------------------------------------------------------- */

static myr_status read_diagonal(const myr_json *json, int d, const double *mean, myr_target **target) {
    double variance[MYR_MAX_DIMENSION];
    myr_status status = myr_json_vector(json, "variance", d, variance);
    if (status != MYR_OK)
        return status;
    return myr_json_refuse(json, myr_target_create_gaussian(json->context, d, mean, variance, target));
}

static myr_status read_full(const myr_json *json, int d, const double *mean, myr_target **target) {
    double covariance[MYR_MAX_DIMENSION * MYR_MAX_DIMENSION];
    myr_status status = myr_json_matrix(json, "covariance", d, d, covariance);
    if (status != MYR_OK)
        return status;
    return myr_json_refuse(json,
                           myr_target_create_gaussian_full(json->context, d, mean, covariance, target));
}

static myr_status read_json(const myr_json *json, myr_target **target) {
    static const char *const fields[] = {"type", "mean", "variance", "covariance", NULL};
    double mean[MYR_MAX_DIMENSION];
    int dimension = 0;
    bool diagonal = json_object_get(json->object, "variance") != NULL;
    bool full = json_object_get(json->object, "covariance") != NULL;
    myr_status status = myr_json_check_fields(json, fields);
    if (status == MYR_OK)
        status = myr_json_length(json, "mean", MYR_MAX_DIMENSION, &dimension);
    if (status == MYR_OK)
        status = myr_json_vector(json, "mean", dimension, mean);
    if (status != MYR_OK)
        return status;
    if (diagonal == full)
        return myr_fail(
            json->context, MYR_INVALID_DATA,
            "%s: %s of the fields \"variance\" and \"covariance\" %s there; expected one of the two",
            json->path, full ? "both" : "none", full ? "are" : "is");
    return full ? read_full(json, dimension, mean, target) : read_diagonal(json, dimension, mean, target);
}

/* ---- operations ------------------------------------------------------------------------------------ */

static void free_content(void *content) {
    myr_gaussian *g = content;
    free(g->axes);
}

static const myr_gaussian *affine(const myr_target *target) {
    return target->content;
}

static void draw(const myr_target *target, uint64_t seed, uint64_t index, double *x) {
    const myr_gaussian *g = target->content;
    const int d = target->dimension;
    myr_normals normals = myr_normals_make(seed, index, MYR_STREAM_EXACT);
    double in_axes[MYR_MAX_DIMENSION];
    for (int c = 0; c < d; c++) /* block 0 is a choice's, of targets that make one */
        in_axes[c] = g->axis_mean[c] + sqrt(g->axis_variance[c]) * myr_normals_draw(&normals, 4 + c);
    for (int r = 0; r < d; r++) {
        x[r] = g->axes ? 0.0 : in_axes[r];
        for (int c = 0; g->axes && c < d; c++)
            x[r] += g->axes[r * d + c] * in_axes[c];
    }
}

/* On a direction v: mean v·m, variance sum over the axes u of their variance times (v·u)^2. */
static myr_status marginal(myr_context *context, const myr_target *target, int coordinate,
                           const double *direction, myr_marginal *to) {
    const myr_gaussian *g = target->content;
    const int d = target->dimension;
    double mean = 0.0, variance = 0.0;
    myr_status status = myr_marginal_place_normals(context, 1, to);
    if (status != MYR_OK)
        return status;
    for (int c = 0; c < d; c++) {
        const double v = myr_along(direction, coordinate, c);
        double along = g->axes ? 0.0 : v;
        for (int r = 0; g->axes && r < d; r++)
            along += g->axes[r * d + c] * myr_along(direction, coordinate, r);
        mean += v * target->mean[c];
        variance += along * along * g->axis_variance[c];
    }
    to->weight[0] = 1.0;
    to->part_mean[0] = mean;
    to->part_deviation[0] = sqrt(variance);
    return MYR_OK;
}

static double covariance(const myr_target *target, int i, int j) {
    const myr_gaussian *g = target->content;
    const int d = target->dimension;
    double sum = !g->axes && i == j ? target->variance[i] : 0.0;
    for (int a = 0; g->axes && a < d; a++)
        sum += g->axes[i * d + a] * g->axes[j * d + a] * g->axis_variance[a];
    return sum;
}

static myr_status example(myr_context *context, int index, myr_target **target) {
    static const double mean[] = {0.5, -2.0, 3.0}, variance[] = {0.01, 1.0};
    static const double full[] = {1.0, 0.6, -0.3, 0.6, 2.0, 0.1, -0.3, 0.1, 0.5};
    if (index == 0)
        return myr_target_create_gaussian(context, 2, mean, variance, target);
    return index == 1 ? myr_target_create_gaussian_full(context, 3, mean, full, target) : MYR_OK;
}

const myr_target_operations myr_target_gaussian = {
    .type = "gaussian",
    .help = "independent coordinates, or with any covariance (FILE.json)",
    .most = MYR_MAX_DIMENSION,
    .read = read_json,
    .free_content = free_content,
    .example = example,
    .affine = affine,
    .draw = draw,
    .marginal = marginal,
    .covariance = covariance,
};
