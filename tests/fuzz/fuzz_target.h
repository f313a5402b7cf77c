/* A target's file, of whatever bytes: it is refused in one line, or gives a target that can be run. */
#ifndef MYRIAD_FUZZ_TARGET_H
#define MYRIAD_FUZZ_TARGET_H

#include <math.h>
#include <string.h>

#include "fuzz_file.h"
#include "myriad/myriad.h"

/* What a target promises: a dimension, and moments that are finite. */
static inline void fuzz_check_target(const myr_target *target) {
    int dimension = myr_target_dimension(target);
    fuzz_expect(dimension >= 1);
    double *moments = malloc(2 * (size_t)dimension * sizeof *moments);
    fuzz_expect(moments != NULL);
    myr_target_moments(target, moments, moments + dimension);
    for (int c = 0; c < dimension; c++)
        fuzz_expect(isfinite(moments[c]) && moments[dimension + c] >= 0.0);
    free(moments);
}

static inline int fuzz_target(const char *extension, const uint8_t *data, size_t size) {
    const char *path = fuzz_write_file(extension, data, size);
    myr_context *context;
    fuzz_expect(myr_context_create(&context) == MYR_OK);
    myr_target *target = NULL;
    myr_status status = myr_target_load(context, path, &target);
    if (status == MYR_OK) {
        fuzz_check_target(target);
    } else {
        const char *error = myr_context_error(context);
        fuzz_expect(status == MYR_INVALID_DATA || status == MYR_OUT_OF_MEMORY);
        fuzz_expect(target == NULL && error[0] != '\0' && strchr(error, '\n') == NULL);
        fuzz_expect(strncmp(error, path, strlen(path)) == 0 || status == MYR_OUT_OF_MEMORY);
    }
    myr_target_destroy(target);
    myr_context_destroy(context);
    return 0;
}

#endif
