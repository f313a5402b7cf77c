/* { "type": "gaussian", "mean": [m, …], "variance": [v, …] }, or "covariance": [[…], …] for the latter. */
#include "ground/failure.h"
#include "target_file.h"

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

myr_status myr_read_gaussian(const myr_json *json, myr_target **target) {
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
