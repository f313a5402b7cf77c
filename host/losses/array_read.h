/* Parts of the callers' arrays, wherever they lie. */
#ifndef MYRIAD_ARRAY_READ_H
#define MYRIAD_ARRAY_READ_H

#include "backends/reductions.h"

/* Elements first … first + count - 1, in double. */
myr_status myr_array_read(myr_context *context, const myr_compute *compute, myr_array array, uint64_t first,
                          uint64_t count, double *values);

#endif
