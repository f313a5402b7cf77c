/* The rows of targets whose denoiser is pointwise code (kernels/pointwise.h): their levels are as the target's file writes
 * them. */
#ifndef MYRIAD_POINTWISE_TABLE_H
#define MYRIAD_POINTWISE_TABLE_H

#include "row_table.h"

extern const myr_levels myr_pointwise_levels;

/* One evaluation, in steps of a coordinate of a Gaussian: what batches and progress are measured by. */
double myr_pointwise_work(const myr_target *target);

#endif
