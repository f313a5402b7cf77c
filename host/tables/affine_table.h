/* The float tables that the fast backends execute for a Gaussian target. The state is kept relative to
 * the mean path, the mean of the plan's own trajectories (plans/mean_path.h), so that neither the start nor a
 * row needs a mean and no digit is lost to one (docs/mathematics.md). */
#ifndef MYRIAD_AFFINE_TABLE_H
#define MYRIAD_AFFINE_TABLE_H

#include "affine_row.h"
#include "backends/backend.h"

typedef struct myr_affine_table {
    int64_t rows;
    int dimension;
    int columns; /* 1 if all coordinates share one column of cells, else dimension */
    int slots;
    bool pre_noise, noise;                /* which of the slots there are */
    bool general;                         /* cells are in .general, else in .simple */
    myr_affine_cell *simple;              /* [rows][columns]: x~ <- alpha x~ + c z */
    myr_affine_general *general_cells;    /* [rows][columns] */
    float start_scale[MYR_MAX_DIMENSION]; /* x~_T = scale z */
    float *axes; /* [dimension][dimension]: results are turned by it; NULL: they are not */
    double enter[MYR_MAX_DIMENSION]; /* the mean path at the level of the first row */
    double leave[MYR_MAX_DIMENSION]; /* and at the level after the last row: added to results */
} myr_affine_table;

/* Rounds a factor of the state to float; *carry, 1 at first, is what the factors so far have lost. */
float myr_round_carrying(double factor, double *carry);

/* Makes the table of the job's rows row_begin … row_end. */
myr_status myr_affine_table_create(myr_context *context, const myr_job *job, myr_affine_table *table);
void myr_affine_table_destroy(myr_affine_table *table);

#endif
