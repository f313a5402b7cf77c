/* The launchers of data points: a step at a time, products of matrices by cuBLAS between them. Arrays of
 * states are [dimension][lanes], lane l of them trajectory first + l. */
#ifndef MYRIAD_POINT_LAUNCH_H
#define MYRIAD_POINT_LAUNCH_H

#include "chunk_moments.h"
#include "empirical_row.h"
#include "word_launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Lanes of a thread block; `lanes` is a multiple of it. */
#define MYR_POINT_WIDTH 256

typedef struct myr_device_points {
    myr_device_keys keys;
    uint64_t first; /* a multiple of lanes, which divides 2^32 */
    uint32_t lanes;
    int dimension;
    int fast;
    int memory;                   /* rows have P or Q: d1~ and d2~ are kept */
    const float *d_points;        /* [count][dimension], relative to the mean */
    const float *d_half_norms;    /* [count] */
    const float *d_mean;          /* [dimension] */
    float *d_state, *d_d1, *d_d2; /* x~, d1~, d2~ */
    float *d_sum;                 /* weighted sums of the first stage, then d~ */
    float *d_y, *d_second;        /* y~; the second stage's sums */
    float *d_largest, *d_total;   /* [lanes]: over the points so far */
    float *d_rescale;             /* [lanes]: what sums so far are to be multiplied by */
} myr_device_points;

/* Where the normals of a launch come from: numbers `number` on of a stream, or as they are given. */
typedef struct myr_device_normals_of {
    uint64_t number;
    const float *d_given; /* [dimension][lanes]; NULL: the stream's */
} myr_device_normals_of;

/* x~ = start_mean + start_scale z; or a s~_i + start_scale z of a point that stream 2 chooses among count,
 * where count is not 0. d_start: [2][dimension], mean, scale. */
cudaError_t myr_launch_points_start(const myr_device_points *p, const float *d_start, uint32_t count,
                                    float a, myr_device_normals_of z, cudaStream_t stream);

/* x~ <- x~ + n z */
cudaError_t myr_launch_points_raise(const myr_device_points *p, float n, myr_device_normals_of z,
                                    cudaStream_t stream);

/* Products of `count` points from number `begin` on, [count][lanes], to weights; largest, total and rescale
 * follow. begin 0 starts them. */
cudaError_t myr_launch_points_weigh(const myr_device_points *p, myr_empirical_level level, uint32_t begin,
                                    uint32_t count, float *d_scores, cudaStream_t stream);

/* sum <- sum rescale */
cudaError_t myr_launch_points_rescale(const myr_device_points *p, float *d_sum, cudaStream_t stream);

/* d~ = sum/total. The first stage: to y~ where there is a second one, else to the state, with the memory
 * moved on; then the second stage, likewise. */
cudaError_t myr_launch_points_first(const myr_device_points *p, myr_step step, int noise,
                                    myr_device_normals_of z, cudaStream_t stream);
cudaError_t myr_launch_points_second(const myr_device_points *p, myr_step step, cudaStream_t stream);

/* States of the lanes lane … lane + count - 1 to place … of a batch, [chunk][dimension][MYR_CHUNK]. */
cudaError_t myr_launch_points_leave(const myr_device_points *p, uint32_t lane, uint32_t count,
                                    uint32_t place, float *d_values, cudaStream_t stream);

/* Moments of a batch of count values a coordinate: d_nodes [dimension][chunks]. */
cudaError_t myr_launch_points_moments(const float *d_values, uint32_t count, int dimension,
                                      myr_moment_node *d_nodes, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
