/* Numbers of trajectories between the callers' arrays, doubles one trajectory after the other, and the
 * arrays that the cuda backend copies, floats [chunk][numbers][MYR_CHUNK] (kernels/launch.h). */
#ifndef MYRIAD_STAGED_H
#define MYRIAD_STAGED_H

#include <stddef.h>
#include <stdint.h>

/* Floats of an array that is staged: whole chunks. */
size_t myr_staged_floats(size_t numbers, uint32_t count);

/* from: `numbers` numbers of each of count trajectories, which are stride apart, less those of
 * less[numbers] (NULL: 0). What is left of the last chunk becomes 0. */
void myr_stage(const double *from, size_t stride, size_t numbers, const double *less, uint32_t count,
               int threads, float *staged);

/* And back, to [count][numbers], with add[numbers] added. */
void myr_unstage(const float *staged, size_t numbers, const double *add, uint32_t count, int threads,
                 double *to);

#endif
