/* NAME.npy: data points, [n, d]; or [n], which are n of one coordinate. */
#include <stdio.h>

#include "ground/failure.h"
#include "io/npy_read.h"
#include "target_file.h"

#define MYR_QUOTE_VALUE(value) #value
#define MYR_QUOTE(macro) MYR_QUOTE_VALUE(macro)

myr_status myr_read_empirical(myr_context *context, const char *path, myr_target **target) {
    static const myr_npy_wanted wanted = {
        .type = MYR_F32,
        .dimensions = 2,
        .most = {MYR_MAX_POINTS, MYR_MAX_DATA_DIMENSION},
        .expected = "[n, d] or [n], n from 1 to " MYR_QUOTE(
            MYR_MAX_POINTS) " points of d from 1 to " MYR_QUOTE(MYR_MAX_DATA_DIMENSION) " coordinates",
    };
    myr_npy points;
    myr_status status = myr_npy_read(context, path, &wanted, &points);
    if (status != MYR_OK)
        return status;
    status = myr_target_adopt_points(context, (int64_t)points.shape[0], (int)points.shape[1], points.values,
                                     target);
    if (status != MYR_INVALID_ARGUMENT)
        return status;
    char reason[512];
    snprintf(reason, sizeof reason, "%s", myr_context_error(context));
    return myr_fail(context, MYR_INVALID_DATA, "%s: %s", path, reason);
}
