/* Targets: checked copies of what the caller described. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "target_data.h"

/* Means and variances stay below this size, so that their products with a table stay finite. */
#define LARGEST 1e30

static myr_status check_gaussian(myr_context *context, int dimension, const double *mean,
                                 const double *variance) {
    if (dimension < 1 || dimension > MYR_MAX_DIMENSION)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "dimension is %d; expected 1 to %d", dimension,
                        MYR_MAX_DIMENSION);
    if (!mean || !variance)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "%s is NULL; expected an array",
                        mean ? "variance" : "mean");
    for (int c = 0; c < dimension; c++) {
        if (!(fabs(mean[c]) <= LARGEST))
            return myr_fail(context, MYR_INVALID_ARGUMENT,
                            "mean[%d] is %g; expected a number from %g to %g", c, mean[c], -LARGEST,
                            LARGEST);
        if (!(variance[c] > 0.0 && variance[c] <= LARGEST))
            return myr_fail(context, MYR_INVALID_ARGUMENT,
                            "variance[%d] is %g; expected a number above 0, at most %g", c, variance[c],
                            LARGEST);
    }
    return MYR_OK;
}

myr_status myr_target_create_gaussian(myr_context *context, int dimension, const double *mean,
                                      const double *variance, myr_target **target) {
    if (!target)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "target is NULL; expected a place for the new target");
    *target = NULL;
    myr_status status = check_gaussian(context, dimension, mean, variance);
    if (status != MYR_OK)
        return status;
    myr_target *made = calloc(1, sizeof *made);
    if (!made)
        return myr_fail_memory(context, sizeof *made);
    made->kind = MYR_TARGET_GAUSSIAN;
    made->dimension = dimension;
    memcpy(made->mean, mean, (size_t)dimension * sizeof *mean);
    memcpy(made->variance, variance, (size_t)dimension * sizeof *variance);
    *target = made;
    return MYR_OK;
}

void myr_target_destroy(myr_target *target) {
    free(target);
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
