/* Elements of the callers' arrays, in double: for the reference, for sorting and for messages. */
#ifndef MYRIAD_ELEMENT_H
#define MYRIAD_ELEMENT_H

#include "backends/where.h"

double myr_element(myr_array array, uint64_t index);

/* Stores a number as a float of any type, rounded to nearest. */
void myr_element_store(myr_array_out array, uint64_t index, double value);

/* Elements first … first + count - 1, wherever the array lies. */
myr_status myr_array_read(myr_context *context, const myr_compute *compute, myr_array array, uint64_t first,
                          uint64_t count, double *values);

#endif
