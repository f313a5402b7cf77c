/* The mean of a plan's trajectories, level by level, for a Gaussian target: what the exact mean is, and what
 * the fast backends hold their states relative to. In long double, as the recursion of exact.c. */
#ifndef MYRIAD_MEAN_PATH_H
#define MYRIAD_MEAN_PATH_H

#include "plan_table.h"
#include "targets/target_data.h"

/* The means of x, d1 and d2 at a level, axis by axis, as x - a m and d - m: what a mean of any size leaves is
 * then as small as the deviation from it. */
typedef struct myr_mean_path {
    const myr_plan *plan;
    const myr_target *target;
    int64_t row; /* the next one: the level is the one that it leaves */
    int columns; /* 1 where all axes have one path, which axis 0 holds; else the dimension */
    long double x[MYR_MAX_DIMENSION], d1[MYR_MAX_DIMENSION], d2[MYR_MAX_DIMENSION];
} myr_mean_path;

/* At the plan's start. */
void myr_mean_path_begin(myr_mean_path *path, const myr_plan *plan, const myr_target *target);

/* Runs the rows before that one. */
void myr_mean_path_run(myr_mean_path *path, int64_t row);

/* A run that begins here remembers nothing: d1 = d2 = 0. */
void myr_mean_path_forget(myr_mean_path *path);

/* The mean of x here, mean[dimension], in coordinates. */
void myr_mean_path_read(const myr_mean_path *path, double *mean);

#endif
