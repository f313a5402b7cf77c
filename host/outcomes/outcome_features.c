/* Features of comparisons from .npy files. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "io/npy_read.h"
#include "outcomes.h"

static myr_status read_delta(myr_context *context, const myr_outcomes *o, const char *path,
                             myr_npy *array) {
    const myr_npy_wanted wanted = {
        MYR_F32, 2, {0, MYR_MAX_PARAMETERS}, "[comparisons, features], with at most 8192 features"};
    myr_status status = myr_npy_read(context, path, &wanted, array);
    if (status != MYR_OK)
        return status;
    if (array->dimensions != 2 || array->shape[0] != o->file_rows)
        status = myr_fail(context, MYR_INVALID_DATA,
                          "%s: an array of %llu rows in %d dimensions for %llu comparisons; expected two "
                          "dimensions, and a row for each",
                          path, (unsigned long long)array->shape[0], array->dimensions,
                          (unsigned long long)o->file_rows);
    const float *values = array->values;
    for (uint64_t n = 0; status == MYR_OK && n < array->count; n++)
        if (!isfinite(values[n]))
            status = myr_fail(context, MYR_INVALID_DATA,
                              "%s: row %llu, column %llu (from 0) is not a finite float; expected one",
                              path, (unsigned long long)(n / array->shape[1]),
                              (unsigned long long)(n % array->shape[1]));
    return status;
}

/* Whether each row of the file is one win of the first: then the file's array will do. */
static bool is_plain(const myr_outcomes *o) {
    bool plain = o->duel_count == o->file_rows;
    for (uint64_t d = 0; plain && d < o->duel_count; d++)
        plain = o->duels[d].row == d && o->duels[d].second_wins == 0.0;
    return plain;
}

/* Row n of the features: the d-th duel, won by the first or by the second. */
static void fill_row(myr_outcomes *o, const float *values, const double *reference, uint64_t parameters,
                     uint64_t n, uint64_t d, bool second) {
    const myr_duel *duel = &o->duels[d];
    const float sign = second ? -1.0f : 1.0f;
    if (o->delta)
        for (uint64_t p = 0; p < parameters; p++)
            o->delta[n * parameters + p] = sign * values[duel->row * parameters + p];
    o->feature_weight[n] = duel->count * (second ? duel->second_wins : duel->first_wins);
    if (reference)
        o->feature_reference[n] = sign * (reference[duel->first] - reference[duel->second]);
}

static void fill(myr_outcomes *o, const float *values, const double *reference, uint64_t parameters) {
    uint64_t n = 0;
    for (uint64_t d = 0; d < o->duel_count; d++) {
        o->feature_begin[d] = n;
        o->feature_count[d] = o->duels[d].count;
        if (o->duels[d].first_wins > 0.0)
            fill_row(o, values, reference, parameters, n++, d, false);
        if (o->duels[d].second_wins > 0.0)
            fill_row(o, values, reference, parameters, n++, d, true);
    }
    o->feature_begin[o->duel_count] = n;
}

static bool allocate(myr_outcomes *o, uint64_t rows, uint64_t parameters, bool copy, bool reference) {
    free(o->delta);
    free(o->feature_weight);
    free(o->feature_reference);
    free(o->feature_begin);
    free(o->feature_count);
    o->delta = copy ? malloc((size_t)(rows * parameters) * sizeof *o->delta) : NULL;
    o->feature_weight = malloc((size_t)rows * sizeof *o->feature_weight);
    o->feature_reference = reference ? malloc((size_t)rows * sizeof *o->feature_reference) : NULL;
    o->feature_begin = malloc((size_t)(o->duel_count + 1) * sizeof *o->feature_begin);
    o->feature_count = malloc((size_t)o->duel_count * sizeof *o->feature_count);
    return o->feature_begin && o->feature_count && (o->delta || !copy) && o->feature_weight &&
           (o->feature_reference || !reference);
}

static myr_status make(myr_context *context, myr_outcomes *o, myr_npy *array, const double *reference,
                       myr_features *features) {
    const uint64_t parameters = array->shape[1];
    const bool plain = is_plain(o);
    uint64_t rows = 0;
    for (uint64_t d = 0; d < o->duel_count; d++)
        rows += (o->duels[d].first_wins > 0.0) + (o->duels[d].second_wins > 0.0);
    if (!allocate(o, rows, parameters, !plain, reference != NULL))
        return myr_fail_memory(context, (size_t)(rows * parameters) * sizeof(float));
    fill(o, array->values, reference, parameters);
    if (plain) {
        o->delta = array->values;
        array->values = NULL;
    }
    myr_features made = MYR_FEATURES_INIT;
    made.count = rows;
    made.parameters = parameters;
    made.delta = (myr_array){o->delta, MYR_F32};
    made.weight = (myr_array){o->feature_weight, MYR_F64};
    made.reference_margin = (myr_array){o->feature_reference, MYR_F64};
    made.games = o->duel_count;
    made.game_begin = o->feature_begin;
    made.game_count = o->feature_count;
    myr_features_fill(features, &made);
    return MYR_OK;
}

myr_status myr_outcomes_features(myr_context *context, myr_outcomes *outcomes, const char *path,
                                 const double *reference, myr_features *features) {
    MYR_STANDARD_ENVIRONMENT;
    if (!outcomes || !path || !features)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "features: outcomes, path or features is NULL (expected all three)");
    if (outcomes->kind != MYR_COMPARISONS)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "features: rankings have none (expected comparisons)");
    myr_npy array;
    myr_status status = myr_features_ready(context, features);
    if (status != MYR_OK)
        return status;
    status = read_delta(context, outcomes, path, &array);
    if (status == MYR_OK)
        status = make(context, outcomes, &array, reference, features);
    free(array.values);
    return status;
}
