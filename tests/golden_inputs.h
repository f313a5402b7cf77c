/* The inputs of the files of known answers for samplers, golden/samplers. Include after criterion.h. */
#ifndef MYRIAD_GOLDEN_INPUTS_H
#define MYRIAD_GOLDEN_INPUTS_H

#include <jansson.h>

#include "support.h"

enum { COORDINATES = 4 }; /* of toy_inputs.json */

static inline json_t *load(const char *name) {
    FILE *file = open_golden(name);
    json_error_t error;
    json_t *loaded = json_loadf(file, 0, &error);
    fclose(file);
    cr_assert_not_null(loaded, "%s: %s", name, error.text);
    return loaded;
}

/* ---- reading --------------------------------------------------------------------------------------- */

static inline double number_at(const json_t *object, const char *key, double otherwise) {
    const json_t *value = json_object_get(object, key);
    return value ? json_number_value(value) : otherwise;
}

static inline const char *text_at(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static inline size_t numbers_at(const json_t *object, const char *key, double *values, size_t most) {
    const json_t *array = json_object_get(object, key);
    size_t count = json_array_size(array);
    cr_assert_leq(count, most, "%s", key);
    for (size_t i = 0; i < count; i++)
        values[i] = json_number_value(json_array_get(array, i));
    return count;
}

/* ---- the two targets of the toy inputs ------------------------------------------------------------- */

static inline myr_target *make_gaussian(myr_context *context, const json_t *toy) {
    double mean[COORDINATES], variance[COORDINATES];
    numbers_at(toy, "mu", mean, COORDINATES);
    numbers_at(toy, "sd", variance, COORDINATES);
    for (int c = 0; c < COORDINATES; c++)
        variance[c] *= variance[c];
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_gaussian(context, COORDINATES, mean, variance, &target));
    return target;
}

/* The same scalar mixture in each coordinate: four trajectories of one coordinate each. */
static inline myr_target *make_mixture(myr_context *context, const json_t *toy) {
    double weights[2], means[2], variances[2];
    numbers_at(toy, "gmm_weights", weights, 2);
    numbers_at(toy, "gmm_means", means, 2);
    numbers_at(toy, "gmm_sds", variances, 2);
    for (int j = 0; j < 2; j++)
        variances[j] *= variances[j];
    myr_target *target = NULL;
    REQUIRE_OK(context, myr_target_create_mixture(context, 1, 2, weights, means, variances, &target));
    return target;
}

#endif
