/* Runs over data points on the device, a step at a time. The limits show in no result but through the bits
 * of cuBLAS' products; tests set small ones. */
#ifndef MYRIAD_CUDA_POINTS_H
#define MYRIAD_CUDA_POINTS_H

#include "cuda_backend.h"

typedef struct myr_points_limits {
    uint32_t lanes;     /* trajectories of a product, a multiple of MYR_POINT_WIDTH that divides 2^32 */
    int64_t tile;       /* points of a product at most */
    double state_bytes; /* results that a batch may keep on the device, if that is a chunk */
} myr_points_limits;

extern const myr_points_limits myr_points_usual_limits;

myr_status myr_cuda_points_range(myr_context *context, const myr_points_limits *limits, const myr_job *job,
                                 myr_range *range);
myr_status myr_cuda_points_states(myr_context *context, const myr_points_limits *limits, const myr_job *job,
                                  double *states);

#endif
