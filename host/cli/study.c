#include "study.h"

#include <math.h>

#include "output.h"

static void fill_nan(double *values, int count) {
    for (int c = 0; c < count; c++)
        values[c] = NAN;
}

myr_status cli_study_exact(myr_context *context, const myr_plan *plan, const myr_target *target,
                           cli_study *study) {
    int dimension = myr_plan_dimension(plan);
    myr_status status = myr_plan_exact(context, plan, target, study->exact_mean, study->exact_variance);
    if (status == MYR_UNSUPPORTED) {
        fill_nan(study->exact_mean, dimension);
        fill_nan(study->exact_variance, dimension);
    } else if (status != MYR_OK) {
        return status;
    }
    status = myr_plan_limit(context, plan, target, study->limit);
    if (status == MYR_UNSUPPORTED) {
        fill_nan(study->limit, dimension);
        return MYR_OK;
    }
    return status;
}

void cli_study_statistics(const myr_target *target, const myr_moment *moments, cli_study *study) {
    myr_target_moments(target, NULL, study->target_variance);
    for (int c = 0; c < myr_target_dimension(target); c++) {
        double exact = study->exact_variance[c];
        study->mean[c] = moments[c].mean;
        study->mean_error[c] = myr_moment_mean_error(&moments[c]);
        study->variance[c] = myr_moment_variance(&moments[c]);
        study->variance_error[c] = myr_moment_variance_error(&moments[c]);
        /* Two trajectories are needed for an error, and a spread: without, z says nothing. */
        study->z[c] =
            study->variance_error[c] > 0.0 ? (study->variance[c] - exact) / study->variance_error[c] : NAN;
        study->bias[c] = (isnan(exact) ? study->variance[c] : exact) / study->target_variance[c] - 1.0;
    }
}

void cli_study_set_json(json_t *result, const cli_study *study, int dimension) {
    cli_json_set(result, "mean", cli_json_numbers(study->mean, dimension));
    cli_json_set(result, "mean_se", cli_json_numbers(study->mean_error, dimension));
    cli_json_set(result, "variance", cli_json_numbers(study->variance, dimension));
    cli_json_set(result, "variance_se", cli_json_numbers(study->variance_error, dimension));
    cli_json_set(result, "exact_mean", cli_json_numbers(study->exact_mean, dimension));
    cli_json_set(result, "exact_variance", cli_json_numbers(study->exact_variance, dimension));
    cli_json_set(result, "z", cli_json_numbers(study->z, dimension));
    cli_json_set(result, "limit", cli_json_numbers(study->limit, dimension));
    cli_json_set(result, "target_variance", cli_json_numbers(study->target_variance, dimension));
}
