/* What all targets share. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "target_data.h"

#define MYR_OPERATIONS(name) &myr_target_##name,
static const myr_target_operations *const targets[] = {MYR_TARGET_LIST(MYR_OPERATIONS)};
enum { TARGETS = sizeof targets / sizeof *targets };

const myr_target_operations *myr_target_operations_at(int index) {
    return index >= 0 && index < TARGETS ? targets[index] : NULL;
}

const char *myr_target_type_name(int index) {
    return index >= 0 && index < TARGETS ? targets[index]->type : NULL;
}

const char *myr_target_type_help(int index) {
    return index >= 0 && index < TARGETS ? targets[index]->help : NULL;
}

myr_status myr_target_allocate(myr_context *context, const myr_target_operations *operations, int dimension,
                               size_t content_bytes, myr_target **target) {
    if (!target)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "target is NULL; expected a place for the new target");
    *target = NULL;
    if (dimension < 1 || dimension > operations->most)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "dimension is %d; expected 1 to %d", dimension,
                        operations->most);
    myr_target *made = calloc(1, sizeof *made);
    double *moments = calloc(2 * (size_t)dimension, sizeof *moments);
    void *content = calloc(1, content_bytes);
    if (!made || !moments || !content) {
        free(made);
        free(moments);
        free(content);
        return myr_fail_memory(context,
                               sizeof *made + content_bytes + 2 * (size_t)dimension * sizeof *moments);
    }
    made->operations = operations;
    made->dimension = dimension;
    made->mean = moments;
    made->variance = moments + dimension;
    made->content = content;
    *target = made;
    return MYR_OK;
}

#undef myr_target_lacks /* the analyzer's */
myr_status myr_target_lacks(myr_context *context, const myr_target *target, const char *operation) {
    return myr_fail(context, MYR_UNSUPPORTED, "target: a target of the type %s has no %s",
                    target->operations->type, operation);
}

/* A number's place, as "means[3][1]". */
static const char *place(const char *name, int first, int second, char text[64]) {
    if (first < 0)
        snprintf(text, 64, "%s", name);
    else if (second < 0)
        snprintf(text, 64, "%s[%d]", name, first);
    else
        snprintf(text, 64, "%s[%d][%d]", name, first, second);
    return text;
}

myr_status myr_check_number(myr_context *context, const char *name, int first, int second, double value) {
    char text[64];
    if (fabs(value) <= MYR_LARGEST_NUMBER)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_ARGUMENT, "%s is %g; expected a number from %g to %g",
                    place(name, first, second, text), value, -MYR_LARGEST_NUMBER, MYR_LARGEST_NUMBER);
}

myr_status myr_check_positive(myr_context *context, const char *name, int first, int second, double value) {
    char text[64];
    if (value > 0.0 && value <= MYR_LARGEST_NUMBER)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_ARGUMENT, "%s is %g; expected a number above 0, at most %g",
                    place(name, first, second, text), value, MYR_LARGEST_NUMBER);
}

myr_status myr_check_array(myr_context *context, const char *name, const double *array) {
    return array ? MYR_OK : myr_fail(context, MYR_INVALID_ARGUMENT, "%s is NULL; expected an array", name);
}

void myr_target_destroy(myr_target *target) {
    if (!target)
        return;
    target->operations->free_content(target->content);
    free(target->content);
    free(target->mean); /* and variance, which lies behind it */
    free(target);
}

const char *myr_target_type(const myr_target *target) {
    return target ? target->operations->type : "";
}

int myr_target_dimension(const myr_target *target) {
    return target ? target->dimension : 0;
}

void myr_target_moments(const myr_target *target, double *mean, double *variance) {
    if (!target)
        return;
    size_t bytes = (size_t)target->dimension * sizeof(double);
    if (mean)
        memcpy(mean, target->mean, bytes);
    if (variance)
        memcpy(variance, target->variance, bytes);
}
