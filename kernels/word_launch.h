/* The launchers of words and normals by themselves, and what kernels that make some need; see launch.h. */
#ifndef MYRIAD_WORD_LAUNCH_H
#define MYRIAD_WORD_LAUNCH_H

#include "launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A seed's Philox keys, round by round. Kernels take them as a parameter: an exclusive-or then reads its
 * key from constant memory, and no instruction is spent on the schedule. */
typedef struct myr_device_keys {
    uint32_t x[10], y[10];
} myr_device_keys;

myr_device_keys myr_device_keys_make(uint64_t seed);

/* In fast arithmetic the host multiplies what normals are multiplied by, every cell's noise and the start's
 * scale, by sqrt(2 ln 2): sqrt(-log2 u) then serves for sqrt(-2 ln u). */
#define MYR_FAST_SCALE 1.1774100225154747

/* Philox blocks block … block + blocks - 1 of trajectories first … first + count - 1, count * blocks below
 * 2^31: [count][blocks][4] words or normals. */
typedef struct myr_device_draw {
    myr_device_keys keys;
    uint64_t first;
    uint32_t count, stream, block, blocks;
    int fast;
    int threads; /* of a thread block */
} myr_device_draw;

cudaError_t myr_launch_words(const myr_device_draw *draw, uint32_t *d_words, cudaStream_t stream);
cudaError_t myr_launch_normals(const myr_device_draw *draw, float *d_normals, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
