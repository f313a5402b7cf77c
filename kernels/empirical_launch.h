/* The launchers of data points, between products of matrices by cuBLAS; see batch_launch.h. */
#ifndef MYRIAD_EMPIRICAL_LAUNCH_H
#define MYRIAD_EMPIRICAL_LAUNCH_H

#include "batch_launch.h"
#include "empirical_row.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct myr_device_empirical {
    const float *d_points;     /* [count][dimension], relative to the mean */
    const float *d_half_norms; /* [count] */
    float *d_largest;          /* [lanes]: over the points so far */
    float *d_rescale;          /* [lanes]: what sums so far are to be multiplied by */
} myr_device_empirical;

/* x~ = a s~_i + start_scale z of a point that stream 2 chooses among count. */
cudaError_t myr_launch_empirical_start(const myr_device_batch *b, const myr_device_empirical *p,
                                       uint32_t count, float a, myr_device_normals_of z,
                                       cudaStream_t stream);

/* Products of `count` points from number `begin` on, [count][lanes], to weights; largest, total and rescale
 * follow. begin 0 starts them. */
cudaError_t myr_launch_empirical_weigh(const myr_device_batch *b, const myr_device_empirical *p,
                                       myr_empirical_level level, uint32_t begin, uint32_t count,
                                       float *d_scores, cudaStream_t stream);

/* sum <- sum rescale */
cudaError_t myr_launch_empirical_rescale(const myr_device_batch *b, const myr_device_empirical *p,
                                         float *d_sum, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
