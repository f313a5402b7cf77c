/* { "type": "mixture", "weights": [w, …], "means": [[m, …], …], "variances": [[v, …], …] }: an entry of
 * each a component, an inner entry a coordinate. */
#include <stdlib.h>

#include "ground/failure.h"
#include "target_file.h"

/* The length of the first component's mean: the dimension. */
static myr_status find_dimension(const myr_json *json, int components, int *dimension) {
    json_t *means;
    myr_status status = myr_json_field(json, "means", &means);
    if (status != MYR_OK)
        return status;
    const json_t *first = json_array_get(means, 0);
    if (json_array_size(means) != (size_t)components || !json_is_array(first)) {
        double none;
        *dimension = 1; /* the reader of matrices says what is wrong */
        return myr_json_matrix(json, "means", components, 0, &none);
    }
    size_t size = json_array_size(first);
    if (size < 1 || size > MYR_MAX_DIMENSION)
        return myr_fail(json->context, MYR_INVALID_DATA, "%s: means[0] has %zu entries; expected 1 to %d",
                        json->path, size, MYR_MAX_DIMENSION);
    *dimension = (int)size;
    return MYR_OK;
}

static myr_status read_components(const myr_json *json, int components, int dimension, double *values,
                                  myr_target **target) {
    double *weights = values, *means = weights + components;
    double *variances = means + (size_t)components * (size_t)dimension;
    myr_status status = myr_json_vector(json, "weights", components, weights);
    if (status == MYR_OK)
        status = myr_json_matrix(json, "means", components, dimension, means);
    if (status == MYR_OK)
        status = myr_json_matrix(json, "variances", components, dimension, variances);
    if (status != MYR_OK)
        return status;
    return myr_json_refuse(json, myr_target_create_mixture(json->context, dimension, components, weights,
                                                           means, variances, target));
}

myr_status myr_read_mixture(const myr_json *json, myr_target **target) {
    static const char *const fields[] = {"type", "weights", "means", "variances", NULL};
    int components = 0, dimension = 0;
    myr_status status = myr_json_check_fields(json, fields);
    if (status == MYR_OK)
        status = myr_json_length(json, "weights", MYR_MAX_COMPONENTS, &components);
    if (status == MYR_OK)
        status = find_dimension(json, components, &dimension);
    if (status != MYR_OK)
        return status;
    size_t bytes = (size_t)components * (1 + 2 * (size_t)dimension) * sizeof(double);
    double *values = malloc(bytes);
    if (!values)
        return myr_fail_memory(json->context, bytes);
    status = read_components(json, components, dimension, values, target);
    free(values);
    return status;
}
