/* Gaussians, and what all targets with an affine denoiser have: coordinates that are independent and normal along
 * some axes. */
#ifndef MYRIAD_GAUSSIAN_H
#define MYRIAD_GAUSSIAN_H

#include "target_data.h"

/* Independent along its axes. axes[r][c] is coordinate r of axis c, the axes being orthonormal; NULL where
 * they are the coordinates themselves. */
struct myr_gaussian {
    double axis_mean[MYR_MAX_DIMENSION];
    double axis_variance[MYR_MAX_DIMENSION];
    double *axes;
};

#endif
