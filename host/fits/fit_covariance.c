/* The likelihood does not change along u_g, the constant of a group's items; there H + ridge has the
 * eigenvalue ridge. So with s u uᵀ added for each the matrix is invertible, and the covariance within the
 * plane of sums 0 is
 *
 *     C = (H + ridge + s sum_g u_g u_gᵀ)^-1 - sum_g u_g u_gᵀ / (ridge + s) */
#include "fit_covariance.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>

#include "failure.h"

bool myr_invert(uint64_t size, double *matrix) {
    const lapack_int n = (lapack_int)size;
    return LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'U', n, matrix, n) == 0 &&
           LAPACKE_dpotri(LAPACK_COL_MAJOR, 'U', n, matrix, n) == 0;
}

static double entry(const double *matrix, size_t n, size_t i, size_t j) {
    return i > j ? matrix[i * n + j] : matrix[j * n + i];
}

static double variance(const myr_model *model, const double *inverse, double s, size_t i,
                       int64_t baseline) {
    const size_t n = model->parameters, b = (size_t)baseline;
    const double own = entry(inverse, n, i, i);
    if (i >= model->items)
        return own;
    if (baseline >= 0)
        return i == b ? 0.0 : own + entry(inverse, n, b, b) - 2.0 * entry(inverse, n, i, b);
    uint32_t g = 0;
    while (model->group[g + 1] <= i)
        g++;
    return own - 1.0 / ((model->ridge + s) * (double)(model->group[g + 1] - model->group[g]));
}

myr_status myr_model_errors(myr_context *context, const myr_model *model, const double *x, int64_t baseline,
                            double *scratch, double *errors) {
    const size_t n = model->parameters;
    double *matrix = malloc(n * n * sizeof *matrix);
    if (!matrix)
        return myr_fail_memory(context, n * n * sizeof *matrix);
    myr_model_hessian(model, model->weights, x, matrix, scratch);
    const double s = myr_add_gauge(model, matrix);
    const bool good = myr_invert(n, matrix);
    for (size_t i = 0; i < n; i++)
        errors[i] = good ? sqrt(variance(model, matrix, s, i, baseline)) : NAN;
    free(matrix);
    return MYR_OK;
}
