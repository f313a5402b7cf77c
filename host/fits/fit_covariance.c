/* The information's errors, and the sandwich's.
 *
 * The likelihood does not change along u_g, the constant of a group's items; there H + ridge has the
 * eigenvalue ridge. So with s u uᵀ added for each the matrix is invertible, and the covariance within the
 * plane of sums 0 is
 *
 *     C = (H + ridge + s sum_g u_g u_gᵀ)^-1 - sum_g u_g u_gᵀ / (ridge + s) */
#include "fit_covariance.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>

#include "ground/environment.h"
#include "ground/failure.h"

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

/* Square roots of the diagonal of C J C, J = sum g gᵀ over the trials: of row i of C, less the baseline's,
 * the spread. J has nothing along u_g. */
static bool sandwich(const myr_model *model, const double *x, double *inverse, int64_t baseline,
                     double *scratch, int threads, double *errors) {
    const size_t n = model->parameters, b = baseline >= 0 ? (size_t)baseline : n;
    double *scores = malloc((size_t)(myr_model_score_count(model) + 1) * sizeof *scores);
    if (!scores)
        return false;
    myr_model_scores(model, x, scores, scratch);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            inverse[i * n + j] = inverse[j * n + i];
    for (size_t i = 0; b < n && i < model->items; i++)
        for (size_t j = 0; i != b && j < n; j++)
            inverse[i * n + j] -= inverse[b * n + j];
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (size_t i = 0; i < n; i++)
            errors[i] = i == b ? 0.0 : sqrt(myr_model_spread(model, scores, inverse + i * n));
    }
    free(scores);
    return true;
}

myr_status myr_model_errors(myr_context *context, const myr_model *model, const double *x,
                            const myr_errors *how, double *scratch, double *errors) {
    const size_t n = model->parameters;
    double *matrix = malloc(n * n * sizeof *matrix);
    if (!matrix)
        return myr_fail_memory(context, n * n * sizeof *matrix);
    myr_model_hessian(model, model->weights, x, matrix, scratch);
    const double s = myr_add_gauge(model, matrix);
    bool enough = true;
    for (size_t i = 0; i < n; i++)
        errors[i] = NAN;
    const bool good = myr_invert(n, matrix);
    for (size_t i = 0; good && !how->sandwich && i < n; i++)
        errors[i] = sqrt(variance(model, matrix, s, i, how->baseline));
    if (good && how->sandwich)
        enough = sandwich(model, x, matrix, how->baseline, scratch, how->threads, errors);
    free(matrix);
    return enough ? MYR_OK : myr_fail_memory(context, myr_model_score_count(model) * sizeof *errors);
}
