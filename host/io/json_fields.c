#include "json_fields.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "whole_file.h"

/* jansson does not say whether it lacked memory: where all that a text of this size can become may be had,
 * it does not, and what it says then counts. An empty array, "[],", becomes less than 192. */
static bool memory_suffices(size_t size) {
    void *volatile all = malloc(64 * size + 65536); /* or the compiler would leave it out */
    free(all);
    return all != NULL;
}

static myr_status parse(myr_json *json, const char *bytes, size_t size) {
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL;
    json_error_t error;
    json->object = json_loadb(bytes, size, flags, &error);
    if (!json->object && !memory_suffices(size))
        return myr_fail_memory(json->context, 64 * size);
    if (!json->object)
        json->object = json_loadb(bytes, size, flags, &error);
    return json->object ? MYR_OK
                        : myr_fail(json->context, MYR_INVALID_DATA,
                                   "%s: line %d, column %d: %s; expected a JSON object", json->path,
                                   error.line, error.column, error.text);
}

myr_status myr_json_load(myr_context *context, const char *path, myr_json *json) {
    char *bytes;
    size_t size;
    *json = (myr_json){.context = context, .path = path};
    myr_status status = myr_read_whole(context, path, &bytes, &size);
    if (status != MYR_OK)
        return status;
    status = parse(json, bytes, size);
    free(bytes);
    if (status != MYR_OK)
        return status;
    if (json_is_object(json->object))
        return MYR_OK;
    json_decref(json->object);
    return myr_fail(context, MYR_INVALID_DATA, "%s: holds another kind of value; expected a JSON object",
                    path);
}

/* The list as "a, b, c". */
static const char *list_fields(const char *const *known, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (int n = 0; known[n] && used < size; n++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", n ? ", " : "", known[n]);
    return text;
}

myr_status myr_json_check_fields(const myr_json *json, const char *const *known) {
    const char *name;
    json_t *value;
    char names[256];
    json_object_foreach(json->object, name, value) {
        int n = 0;
        while (known[n] && strcmp(known[n], name) != 0)
            n++;
        if (!known[n])
            return myr_fail(json->context, MYR_INVALID_DATA,
                            "%s: field \"%.64s\" is unknown; expected one of %s", json->path, name,
                            list_fields(known, names, sizeof names));
    }
    return MYR_OK;
}

myr_status myr_json_field(const myr_json *json, const char *name, json_t **value) {
    *value = json_object_get(json->object, name);
    return *value ? MYR_OK
                  : myr_fail(json->context, MYR_INVALID_DATA, "%s: field \"%s\" is missing; expected it",
                             json->path, name);
}

static const char *kind_of(const json_t *value) {
    switch (json_typeof(value)) {
        case JSON_OBJECT:
            return "an object";
        case JSON_ARRAY:
            return "an array";
        case JSON_STRING:
            return "a string";
        case JSON_INTEGER:
        case JSON_REAL:
            return "a number";
        case JSON_TRUE:
        case JSON_FALSE:
            return "true or false";
        default:
            return "null";
    }
}

static myr_status refuse_kind(const myr_json *json, const char *place, const json_t *value,
                              const char *expected) {
    return myr_fail(json->context, MYR_INVALID_DATA, "%s: %s is %s; expected %s", json->path, place,
                    kind_of(value), expected);
}

myr_status myr_json_length(const myr_json *json, const char *name, int most, int *length) {
    json_t *value;
    myr_status status = myr_json_field(json, name, &value);
    if (status != MYR_OK)
        return status;
    if (!json_is_array(value))
        return refuse_kind(json, name, value, "an array");
    size_t size = json_array_size(value);
    if (size < 1 || size > (size_t)most)
        return myr_fail(json->context, MYR_INVALID_DATA, "%s: %s has %zu entries; expected 1 to %d",
                        json->path, name, size, most);
    *length = (int)size;
    return MYR_OK;
}

static myr_status read_numbers(const myr_json *json, const char *place, const json_t *array, int length,
                               double *values) {
    if (!json_is_array(array))
        return refuse_kind(json, place, array, "an array of numbers");
    if (json_array_size(array) != (size_t)length)
        return myr_fail(json->context, MYR_INVALID_DATA, "%s: %s has %zu entries; expected %d", json->path,
                        place, json_array_size(array), length);
    for (int n = 0; n < length; n++) {
        const json_t *value = json_array_get(array, (size_t)n);
        if (!json_is_number(value)) {
            char entry[192];
            snprintf(entry, sizeof entry, "%s[%d]", place, n);
            return refuse_kind(json, entry, value, "a number");
        }
        values[n] = json_number_value(value);
    }
    return MYR_OK;
}

myr_status myr_json_vector(const myr_json *json, const char *name, int length, double *values) {
    json_t *value;
    myr_status status = myr_json_field(json, name, &value);
    return status == MYR_OK ? read_numbers(json, name, value, length, values) : status;
}

myr_status myr_json_matrix_value(const myr_json *json, const char *place, const json_t *value, int rows,
                                 int length, double *values) {
    if (!json_is_array(value))
        return refuse_kind(json, place, value, "an array of arrays of numbers");
    if (json_array_size(value) != (size_t)rows)
        return myr_fail(json->context, MYR_INVALID_DATA, "%s: %s has %zu entries; expected %d", json->path,
                        place, json_array_size(value), rows);
    myr_status status = MYR_OK;
    for (int r = 0; status == MYR_OK && r < rows; r++) {
        char row[128];
        snprintf(row, sizeof row, "%s[%d]", place, r);
        status = read_numbers(json, row, json_array_get(value, (size_t)r), length,
                              values + (size_t)r * (size_t)length);
    }
    return status;
}

myr_status myr_json_matrix(const myr_json *json, const char *name, int rows, int length, double *values) {
    json_t *value;
    myr_status status = myr_json_field(json, name, &value);
    return status == MYR_OK ? myr_json_matrix_value(json, name, value, rows, length, values) : status;
}

myr_status myr_json_real(const myr_json *json, const char *name, double *number) {
    json_t *value;
    myr_status status = myr_json_field(json, name, &value);
    if (status != MYR_OK)
        return status;
    if (!json_is_number(value))
        return refuse_kind(json, name, value, "a number");
    *number = json_number_value(value);
    return MYR_OK;
}

myr_status myr_json_string(const myr_json *json, const char *name, const char **text) {
    json_t *value;
    myr_status status = myr_json_field(json, name, &value);
    if (status != MYR_OK)
        return status;
    if (!json_is_string(value))
        return refuse_kind(json, name, value, "a string");
    *text = json_string_value(value);
    return MYR_OK;
}

myr_status myr_json_refuse(const myr_json *json, myr_status status) {
    if (status != MYR_INVALID_ARGUMENT)
        return status;
    char message[512];
    snprintf(message, sizeof message, "%s", myr_context_error(json->context));
    return myr_fail(json->context, MYR_INVALID_DATA, "%s: %s", json->path, message);
}
