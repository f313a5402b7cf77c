/* Mixtures of Gaussians. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "target_data.h"

static myr_status check(myr_context *context, int dimension, int components, const double *weights,
                        const double *means, const double *variances) {
    if (components < 1 || components > MYR_MAX_COMPONENTS)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "components is %d; expected 1 to %d", components,
                        MYR_MAX_COMPONENTS);
    myr_status status = myr_check_array(context, "weights", weights);
    if (status == MYR_OK)
        status = myr_check_array(context, "means", means);
    if (status == MYR_OK)
        status = myr_check_array(context, "variances", variances);
    for (int j = 0; status == MYR_OK && j < components; j++) {
        status = myr_check_positive(context, "weights", j, -1, weights[j]);
        for (int c = 0; status == MYR_OK && c < dimension; c++) {
            status = myr_check_number(context, "means", j, c, means[j * dimension + c]);
            if (status == MYR_OK)
                status = myr_check_positive(context, "variances", j, c, variances[j * dimension + c]);
        }
    }
    return status;
}

static myr_status copy(myr_context *context, int components, const double *weights, const double *means,
                       const double *variances, myr_target *target) {
    myr_mixture *m = &target->mixture;
    size_t vector = (size_t)components * sizeof(double), matrix = vector * (size_t)target->dimension;
    m->components = components;
    m->weights = malloc(vector);
    m->means = malloc(matrix);
    m->variances = malloc(matrix);
    if (!m->weights || !m->means || !m->variances)
        return myr_fail_memory(context, vector + 2 * matrix);
    double sum = 0.0;
    for (int j = 0; j < components; j++)
        sum += weights[j];
    for (int j = 0; j < components; j++)
        m->weights[j] = weights[j] / sum;
    memcpy(m->means, means, matrix);
    memcpy(m->variances, variances, matrix);
    return MYR_OK;
}

/* E = sum w_j mu_j, Var = sum w_j (v_j + (mu_j - E)^2). */
static void find_moments(myr_target *target) {
    const myr_mixture *m = &target->mixture;
    const int d = target->dimension;
    for (int c = 0; c < d; c++) {
        for (int j = 0; j < m->components; j++)
            target->mean[c] += m->weights[j] * m->means[j * d + c];
        for (int j = 0; j < m->components; j++) {
            double away = m->means[j * d + c] - target->mean[c];
            target->variance[c] += m->weights[j] * (m->variances[j * d + c] + away * away);
        }
    }
}

myr_status myr_target_create_mixture(myr_context *context, int dimension, int components,
                                     const double *weights, const double *means, const double *variances,
                                     myr_target **target) {
    MYR_STANDARD_ENVIRONMENT;
    myr_status status = myr_target_allocate(context, MYR_TARGET_MIXTURE, dimension, target);
    if (status != MYR_OK)
        return status;
    status = check(context, dimension, components, weights, means, variances);
    if (status == MYR_OK)
        status = copy(context, components, weights, means, variances, *target);
    if (status == MYR_OK) {
        find_moments(*target);
        return MYR_OK;
    }
    myr_target_destroy(*target);
    *target = NULL;
    return status;
}
