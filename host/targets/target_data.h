/* What a target holds, for the library's own files.
 *
 * A new kind of target is: its data below and an entry in the list of target.c; a file target_NAME.c that
 * checks and copies what the caller gives; a reader host/io/read_NAME.c and its line in io/target_file.c;
 * its denoiser in reference/reference_denoise.c; and what the fast backends run for it. */
#ifndef MYRIAD_TARGET_DATA_H
#define MYRIAD_TARGET_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "myriad/target.h"

/* Numbers of a target stay below this size, so that their products with a table stay finite. */
#define MYR_LARGEST_NUMBER 1e30

typedef enum myr_target_kind {
    MYR_TARGET_GAUSSIAN,
    MYR_TARGET_MIXTURE,
    MYR_TARGET_EMPIRICAL,
    MYR_TARGET_DISCRETE
} myr_target_kind;

/* Independent along its axes. axes[r][c] is coordinate r of axis c, the axes being orthonormal; NULL where
 * they are the coordinates themselves. */
typedef struct myr_gaussian {
    double axis_mean[MYR_MAX_DIMENSION];
    double axis_variance[MYR_MAX_DIMENSION];
    double *axes;
} myr_gaussian;

typedef struct myr_mixture {
    int components;
    double *weights;           /* [components], their sum 1 */
    double *means, *variances; /* [components][dimension] */
} myr_mixture;

typedef struct myr_empirical {
    int64_t count;
    float *points; /* [count][dimension] */
} myr_empirical;

/* States are numbered from 0 here. */
typedef struct myr_discrete {
    int states;
    int64_t matrices;    /* 1, or one a step */
    double *weights;     /* [states], their sum 1 */
    double *prior;       /* [states], likewise */
    double *transitions; /* [matrices][states][states], the sum of each row 1 */
    uint64_t identity;   /* a hash of all of it: plans know their target by it */
} myr_discrete;

/* The matrix of step t, 1 … T. */
const double *myr_discrete_matrix(const myr_discrete *discrete, int64_t t);

struct myr_target {
    myr_target_kind kind;
    int dimension;
    double *mean, *variance; /* of x0, [dimension] */
    union {
        myr_gaussian gaussian;
        myr_mixture mixture;
        myr_empirical empirical;
        myr_discrete discrete;
    };
};

/* An empty target, after checking the place for it and the dimension. */
myr_status myr_target_allocate(myr_context *context, myr_target_kind kind, int dimension,
                               myr_target **target);

/* As myr_target_create_empirical, but for the array: it comes from malloc() and is the target's from here
 * on; freed on failure. */
myr_status myr_target_adopt_points(myr_context *context, int64_t count, int dimension, float *points,
                                   myr_target **target);

/* What creators check of numbers; name and the indices say which one (second: -1 if there is but one). */
myr_status myr_check_number(myr_context *context, const char *name, int first, int second, double value);
myr_status myr_check_positive(myr_context *context, const char *name, int first, int second, double value);
myr_status myr_check_array(myr_context *context, const char *name, const double *array);

#endif
