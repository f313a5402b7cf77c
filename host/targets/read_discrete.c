/* { "type": "discrete", "weights": [w, …], "transitions": …, "prior": [w, …] }, the prior at will. The
 * transitions are a matrix, [[q, …], …], for all steps; or a list of matrices, one a step; or a name,
 * "uniform", "absorbing" or "birth-death", with "beta", a number for all steps or a list, one a step, and
 * for "absorbing" at will "absorbing_state" (else the last). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discrete.h"
#include "ground/failure.h"
#include "myriad/plan.h"

typedef struct discrete_file {
    const myr_json *json;
    int states;
    int64_t matrices;
    double *transitions; /* [matrices][states][states] */
    double weights[MYR_MAX_STATES], prior[MYR_MAX_STATES];
    bool has_prior;
} discrete_file;

static myr_status allocate(discrete_file *file, size_t matrices) {
    const size_t entries = (size_t)file->states * (size_t)file->states;
    const size_t most = MYR_MAX_TRANSITION_BYTES / (entries * sizeof(double));
    if (matrices < 1 || matrices > most)
        return myr_fail(file->json->context, MYR_INVALID_DATA,
                        "%s: there are %zu transition matrices; expected 1 to %zu of %d states",
                        file->json->path, matrices, most, file->states);
    file->matrices = (int64_t)matrices;
    file->transitions = malloc(matrices * entries * sizeof(double));
    return file->transitions ? MYR_OK
                             : myr_fail_memory(file->json->context, matrices * entries * sizeof(double));
}

/* [[q, …], …], or [[[q, …], …], …]. */
static myr_status read_matrices(discrete_file *file, const json_t *value) {
    const size_t entries = (size_t)file->states * (size_t)file->states;
    const bool many = json_is_array(json_array_get(json_array_get(value, 0), 0));
    myr_status status = allocate(file, many ? json_array_size(value) : 1);
    if (status == MYR_OK && !many)
        return myr_json_matrix_value(file->json, "transitions", value, file->states, file->states,
                                     file->transitions);
    for (int64_t m = 0; status == MYR_OK && m < file->matrices; m++) {
        char place[64];
        snprintf(place, sizeof place, "transitions[%lld]", (long long)m);
        status = myr_json_matrix_value(file->json, place, json_array_get(value, (size_t)m), file->states,
                                       file->states, file->transitions + (size_t)m * entries);
    }
    return status;
}

static myr_status read_absorbing_state(const discrete_file *file, const char *name, int *state) {
    double number = file->states;
    myr_status status = MYR_OK;
    *state = file->states;
    if (!json_object_get(file->json->object, "absorbing_state"))
        return MYR_OK;
    if (strcmp(name, "absorbing") != 0)
        return myr_fail(file->json->context, MYR_INVALID_DATA,
                        "%s: field \"absorbing_state\" is there; expected it with \"absorbing\" alone",
                        file->json->path);
    status = myr_json_real(file->json, "absorbing_state", &number);
    if (status == MYR_OK && !(number >= 1.0 && number <= file->states && number == floor(number)))
        return myr_fail(file->json->context, MYR_INVALID_DATA,
                        "%s: absorbing_state is %g; expected a state, 1 to %d", file->json->path, number,
                        file->states);
    *state = (int)number;
    return status;
}

/* The chain by that name; its limit is the prior, where the file has none. */
static myr_status make_matrices(discrete_file *file, const char *name, const double *betas) {
    const size_t entries = (size_t)file->states * (size_t)file->states;
    int absorbing = 0;
    myr_status status = read_absorbing_state(file, name, &absorbing);
    for (int64_t m = 0; status == MYR_OK && m < file->matrices; m++)
        status = myr_json_refuse(
            file->json, myr_transition_matrix(file->json->context, name, file->states, betas[m], absorbing,
                                              file->transitions + (size_t)m * entries));
    if (status == MYR_OK && !file->has_prior && strcmp(name, "absorbing") == 0) {
        memset(file->prior, 0, sizeof file->prior);
        file->prior[absorbing - 1] = 1.0;
        file->has_prior = true;
    }
    return status;
}

static myr_status read_named(discrete_file *file, const char *name) {
    json_t *beta;
    double one = 0.0, *betas = &one;
    myr_status status = myr_json_field(file->json, "beta", &beta);
    if (status != MYR_OK)
        return status;
    const bool many = json_is_array(beta);
    status = allocate(file, many ? json_array_size(beta) : 1);
    if (status == MYR_OK && many) {
        betas = malloc((size_t)file->matrices * sizeof *betas);
        if (!betas)
            return myr_fail_memory(file->json->context, (size_t)file->matrices * sizeof *betas);
    }
    if (status == MYR_OK)
        status = many ? myr_json_vector(file->json, "beta", (int)file->matrices, betas)
                      : myr_json_real(file->json, "beta", betas);
    if (status == MYR_OK)
        status = make_matrices(file, name, betas);
    if (betas != &one)
        free(betas);
    return status;
}

static myr_status read_transitions(discrete_file *file) {
    json_t *value;
    myr_status status = myr_json_field(file->json, "transitions", &value);
    if (status != MYR_OK)
        return status;
    if (json_is_string(value))
        return read_named(file, json_string_value(value));
    static const char *const of_names[] = {"beta", "absorbing_state"};
    for (int n = 0; n < 2; n++)
        if (json_object_get(file->json->object, of_names[n]))
            return myr_fail(file->json->context, MYR_INVALID_DATA,
                            "%s: field \"%s\" is there; expected it with transitions by name alone",
                            file->json->path, of_names[n]);
    return read_matrices(file, value);
}

static myr_status read_weights(discrete_file *file) {
    const myr_json *json = file->json;
    myr_status status = myr_json_length(json, "weights", MYR_MAX_STATES, &file->states);
    if (status == MYR_OK)
        status = myr_json_vector(json, "weights", file->states, file->weights);
    file->has_prior = json_object_get(json->object, "prior") != NULL;
    if (status == MYR_OK && file->has_prior)
        status = myr_json_vector(json, "prior", file->states, file->prior);
    return status;
}

myr_status myr_read_discrete(const myr_json *json, myr_target **target) {
    static const char *const fields[] = {"type",  "weights",         "transitions", "beta",
                                         "prior", "absorbing_state", NULL};
    discrete_file file = {.json = json};
    myr_status status = myr_json_check_fields(json, fields);
    if (status == MYR_OK)
        status = read_weights(&file);
    if (status == MYR_OK)
        status = read_transitions(&file);
    if (status == MYR_OK)
        status = myr_json_refuse(
            json, myr_target_create_discrete(json->context, file.states, file.weights, file.matrices,
                                             file.transitions, file.has_prior ? file.prior : NULL, target));
    free(file.transitions);
    return status;
}
