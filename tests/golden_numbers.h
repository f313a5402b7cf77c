/* Known answers in JSON files, for the suites of the reductions over tokens. Include after criterion.h. */
#ifndef MYRIAD_TEST_GOLDEN_NUMBERS_H
#define MYRIAD_TEST_GOLDEN_NUMBERS_H

#include <jansson.h>

#include "support.h"

static inline json_t *load_golden(const char *name) {
    FILE *file = open_golden(name);
    json_error_t error;
    json_t *loaded = json_loadf(file, 0, &error);
    fclose(file);
    cr_assert_not_null(loaded, "%s: %s", name, error.text);
    return loaded;
}

/* All numbers of nested arrays, in order; returns how many. */
static inline size_t flatten(const json_t *value, double *to, size_t most) {
    if (!json_is_array(value)) {
        cr_assert(json_is_number(value) && most > 0);
        *to = json_number_value(value);
        return 1;
    }
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(value); i++)
        count += flatten(json_array_get(value, i), to + count, most - count);
    return count;
}

static inline void read_numbers(const json_t *object, const char *key, double *to, size_t count) {
    const json_t *value = json_object_get(object, key);
    cr_assert_not_null(value, "%s", key);
    cr_assert_eq(flatten(value, to, count), count, "%s", key);
}

static inline double read_number(const json_t *object, const char *key, double otherwise) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

/* Fails unless got is within the relative bound of the known number. */
static inline void expect_near(double got, double known, double bound, const char *what, size_t at) {
    cr_expect(fabs(got - known) <= bound * fabs(known),
              "%s[%zu]: %.17g, known %.17g, relative error %.2g > %g", what, at, got, known,
              fabs(got / known - 1.0), bound);
}

#endif
