#ifndef MYRIAD_MOMENTS_BY_H
#define MYRIAD_MOMENTS_BY_H

#include "backends/backend.h"

/* Moments from a function that fills a range, under limits. */
#define MOMENTS_BY(name, limits_type, function)                                                        \
    static inline myr_status name(myr_context *context, const limits_type *limits, const myr_job *job, \
                                  myr_moment *moments) {                                               \
        myr_range *range = NULL;                                                                       \
        myr_status status = myr_range_begin(context, job, &range);                                     \
        if (status == MYR_OK)                                                                          \
            status = function(context, limits, job, range);                                            \
        if (status == MYR_OK)                                                                          \
            myr_range_moments(range, moments);                                                         \
        myr_range_destroy(range);                                                                      \
        return status;                                                                                 \
    }

#endif
