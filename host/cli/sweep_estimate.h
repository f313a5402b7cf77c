/* What `myriad sweep` makes of its runs: errors with standard errors, differences, and orders of
 * convergence.
 *
 * All runs of a sweep take the same trajectories, in the same blocks (common random numbers). What is
 * computed from whole runs is computed again without each block in turn, and how it scatters is its
 * standard error: the jackknife. What runs have in common falls out of their differences that way, without
 * a formula for each. */
#ifndef MYRIAD_CLI_SWEEP_ESTIMATE_H
#define MYRIAD_CLI_SWEEP_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLI_MOST_BLOCKS 64

typedef struct cli_blocks {
    size_t count;
    uint64_t size;                 /* trajectories of each but the last */
    double share[CLI_MOST_BLOCKS]; /* of all trajectories; they sum to 1 */
} cli_blocks;

/* A number, and what it would be without each block. */
typedef struct cli_estimate {
    double whole;
    double without[CLI_MOST_BLOCKS];
} cli_estimate;

/* 33 to 64 blocks (of fewer trajectories fewer): of a power of two times 4,096 trajectories, the last one
 * perhaps less, so that they merge to the bits of one run. */
cli_blocks cli_blocks_make(uint64_t trajectories);

/* Busing, Meijer & van der Leeden (1999): the jackknife over blocks of unequal sizes. With h_j = 1/share_j
 * and t_j = h_j whole - (h_j - 1) without_j, the variance is the mean of (t_j - mean)^2/(h_j - 1), the mean
 * being blocks * whole - sum (1 - share_j) without_j. NaN for fewer than two blocks. */
double cli_jackknife(const cli_blocks *blocks, const cli_estimate *estimate);

/* An error is visible above the Monte Carlo floor: that many of its standard errors, for a distance besides
 * what exact draws would give. */
#define CLI_FLOOR 3.0

typedef struct cli_sweep_point {
    uint64_t steps;
    cli_estimate error; /* of a distance, without no block */
    double standard_error;
    double floor;
    double exact; /* NaN where there is none */
} cli_sweep_point;

bool cli_is_hidden(const cli_sweep_point *point);

/* The standard error of the difference of two points' errors, as a share of that which independent runs
 * would have had: 1/gain. */
typedef struct cli_difference {
    double value, standard_error, gain;
} cli_difference;

cli_difference cli_differ(const cli_blocks *blocks, const cli_sweep_point *a, const cli_sweep_point *b);

typedef struct cli_order {
    size_t first, last; /* the points that it was fitted to */
    double order;       /* NaN: no two points in a row are fit for it */
    double standard_error;
    double exact; /* of the exact errors at the same points; NaN where there are none */
} cli_order;

/* order = -d log|error|/d log steps, by least squares over the finest points in a row, two or more, that
 * are visible and of one sign. The standard error is the root of the sum of squares of the Monte Carlo's,
 * by the jackknife, and, from three points on, that of the residuals: how far the points are from a power
 * law. points: by growing steps. */
cli_order cli_fit_order(const cli_blocks *blocks, const cli_sweep_point *points, size_t count);

#endif
