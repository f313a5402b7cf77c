/* Small arrays of the callers', from either memory to the host and back, as doubles. */
#ifndef MYRIAD_TOKEN_ARRAYS_H
#define MYRIAD_TOKEN_ARRAYS_H

#include "backends/reductions.h"

/* Elements first … first + count - 1. */
myr_status myr_fetch(myr_context *context, const myr_compute *compute, myr_array array, uint64_t first,
                     uint64_t count, double *to);

/* All elements, of an array of MYR_F64 or MYR_F32. NULL data is left alone. */
myr_status myr_put(myr_context *context, const myr_compute *compute, const double *from, uint64_t count,
                   myr_array_out array);

/* Bytes, likewise. */
myr_status myr_fetch_bytes(myr_context *context, const myr_compute *compute, const uint8_t *from,
                           uint64_t count, uint8_t *to);

#endif
