/* A device's memory, as measurements take it: device_cuda.c, or in a build without CUDA device_none.c, where there is none. */
#ifndef MYRIAD_BENCH_DEVICE_H
#define MYRIAD_BENCH_DEVICE_H

#include "bench_memory.h"

/* MYR_OUT_OF_MEMORY, or MYR_NO_DEVICE, where there is no room. */
myr_status bench_device_allocate(int device, size_t bytes, float **floats);
void bench_device_release(float *floats);

/* To the device or from it. */
myr_status bench_device_copy(void *to, const void *from, size_t bytes);

#endif
