/* The launchers of trajectories that run a step at a time, between evaluations of a denoiser for all of them; see
 * launch.h. Arrays of states are [dimension][lanes], lane l of them trajectory first + l. */
#ifndef MYRIAD_BATCH_LAUNCH_H
#define MYRIAD_BATCH_LAUNCH_H

#include "chunk_moments.h"
#include "step_row.h"
#include "word_launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Lanes of a thread block; `lanes` is a multiple of it. */
#define MYR_BATCH_WIDTH 256

typedef struct myr_device_batch {
    myr_device_keys keys;
    uint64_t first; /* a multiple of lanes, which divides 2^32 */
    uint32_t lanes;
    int dimension;
    int fast;
    int memory;                   /* rows have P or Q: d1~ and d2~ are kept */
    const float *d_mean;          /* [dimension] */
    const float *d_start;         /* [2][dimension], mean and scale */
    float *d_state, *d_d1, *d_d2; /* x~, d1~, d2~ */
    float *d_total;               /* [lanes]: the denoiser's outputs are sums, to be divided by it */
    float *d_sum;                 /* sums of the first stage, then d~ */
    float *d_y, *d_second;        /* y~; the second stage's sums */
} myr_device_batch;

/* Where the normals of a launch come from: numbers `number` on of a stream, or as they are given. */
typedef struct myr_device_normals_of {
    uint64_t number;
    const float *d_given; /* [dimension][lanes]; NULL: the stream's */
} myr_device_normals_of;

/* x~ = start_mean + start_scale z */
cudaError_t myr_launch_batch_start(const myr_device_batch *b, myr_device_normals_of z, cudaStream_t stream);

/* x~ <- x~ + n z */
cudaError_t myr_launch_batch_raise(const myr_device_batch *b, float n, myr_device_normals_of z,
                                   cudaStream_t stream);

/* d~ = sum/total. The first stage: to y~ where there is a second one, else to the state, with the memory
 * moved on; then the second stage, likewise. */
cudaError_t myr_launch_batch_first(const myr_device_batch *b, myr_step step, int noise,
                                   myr_device_normals_of z, cudaStream_t stream);
cudaError_t myr_launch_batch_second(const myr_device_batch *b, myr_step step, cudaStream_t stream);

/* States of the lanes lane … lane + count - 1 to place … of a batch, [chunk][dimension][MYR_CHUNK]. */
cudaError_t myr_launch_batch_leave(const myr_device_batch *b, uint32_t lane, uint32_t count, uint32_t place,
                                   float *d_values, cudaStream_t stream);

/* Moments of a batch of count values a coordinate: d_nodes [dimension][chunks]. */
cudaError_t myr_launch_batch_moments(const float *d_values, uint32_t count, int dimension,
                                     myr_moment_node *d_nodes, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
