/* What all targets share. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "target_data.h"

static void free_gaussian(myr_target *target) {
    free(target->gaussian.axes);
}

static void free_mixture(myr_target *target) {
    free(target->mixture.weights);
    free(target->mixture.means);
    free(target->mixture.variances);
}

static void free_empirical(myr_target *target) {
    free(target->empirical.points);
}

static void free_discrete(myr_target *target) {
    free(target->discrete.weights); /* and prior and transitions, which lie behind it */
}

/* By kind. */
static const struct {
    const char *type, *help;
    int most; /* coordinates */
    void (*free_data)(myr_target *target);
} kinds[] = {
    [MYR_TARGET_GAUSSIAN] = {"gaussian", "independent coordinates, or with any covariance (FILE.json)",
                             MYR_MAX_DIMENSION, free_gaussian},
    [MYR_TARGET_MIXTURE] = {"mixture", "a mixture of Gaussians (FILE.json)", MYR_MAX_DIMENSION,
                            free_mixture},
    [MYR_TARGET_EMPIRICAL] = {"empirical", "data points [n, d] (FILE.npy)", MYR_MAX_DATA_DIMENSION,
                              free_empirical},
    [MYR_TARGET_DISCRETE] = {"discrete", "states, with transition matrices (FILE.json)", 1, free_discrete},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *myr_target_type_name(int index) {
    return index >= 0 && index < KINDS ? kinds[index].type : NULL;
}

const char *myr_target_type_help(int index) {
    return index >= 0 && index < KINDS ? kinds[index].help : NULL;
}

myr_status myr_target_allocate(myr_context *context, myr_target_kind kind, int dimension,
                               myr_target **target) {
    if (!target)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "target is NULL; expected a place for the new target");
    *target = NULL;
    if (dimension < 1 || dimension > kinds[kind].most)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "dimension is %d; expected 1 to %d", dimension,
                        kinds[kind].most);
    myr_target *made = calloc(1, sizeof *made);
    double *moments = calloc(2 * (size_t)dimension, sizeof *moments);
    if (!made || !moments) {
        free(made);
        free(moments);
        return myr_fail_memory(context, sizeof *made + 2 * (size_t)dimension * sizeof *moments);
    }
    made->kind = kind;
    made->dimension = dimension;
    made->mean = moments;
    made->variance = moments + dimension;
    *target = made;
    return MYR_OK;
}

/* A number's place, as "means[3][1]". */
static const char *place(const char *name, int first, int second, char text[64]) {
    if (second < 0)
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
    kinds[target->kind].free_data(target);
    free(target->mean); /* and variance, which lies behind it */
    free(target);
}

const char *myr_target_type(const myr_target *target) {
    return target ? kinds[target->kind].type : "";
}

int myr_target_dimension(const myr_target *target) {
    return target ? target->dimension : 0;
}

int64_t myr_target_points(const myr_target *target) {
    return target && target->kind == MYR_TARGET_EMPIRICAL ? target->empirical.count : 0;
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
