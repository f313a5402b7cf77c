/* Reading JSON field by field: what is wrong, where in which file, and what was expected, in one line. */
#ifndef MYRIAD_JSON_FIELDS_H
#define MYRIAD_JSON_FIELDS_H

#include <jansson.h>

#include "myriad/context.h"

/* A file's object, for messages. */
typedef struct myr_json {
    myr_context *context;
    const char *path; /* of the file */
    json_t *object;
} myr_json;

/* The whole file as one object, to be let go with json_decref(json->object). Fields that occur twice, and
 * what is not JSON, are refused with their line and column. */
myr_status myr_json_load(myr_context *context, const char *path, myr_json *json);

/* Refuses fields that are not in the list, which ends with NULL. */
myr_status myr_json_check_fields(const myr_json *json, const char *const *known);

/* A field that must be there; the last one is NULL and status says why if it is not. */
myr_status myr_json_field(const myr_json *json, const char *name, json_t **value);

/* The length of a field that is an array, from 1 to most. */
myr_status myr_json_length(const myr_json *json, const char *name, int most, int *length);

/* A field that is an array of length numbers, or one of rows arrays of length numbers each. */
myr_status myr_json_vector(const myr_json *json, const char *name, int length, double *values);
myr_status myr_json_matrix(const myr_json *json, const char *name, int rows, int length, double *values);

/* The value of a field as such a matrix; place is what messages call it. */
myr_status myr_json_matrix_value(const myr_json *json, const char *place, const json_t *value, int rows,
                                 int length, double *values);

/* A field that is a number. */
myr_status myr_json_real(const myr_json *json, const char *name, double *number);

/* A field that is a string. */
myr_status myr_json_string(const myr_json *json, const char *name, const char **text);

/* What a creator said of the file's numbers, in the file's name: a wrong argument is invalid data here. */
myr_status myr_json_refuse(const myr_json *json, myr_status status);

#endif
