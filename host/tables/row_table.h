/* The float tables that the fast backends execute for a denoiser that is not folded into its rows
 * (kernels/step_row.h), a window of rows at a time: a mixture's level takes up to 1 MiB, so those of a million rows
 * could not be kept. */
#ifndef MYRIAD_ROW_TABLE_H
#define MYRIAD_ROW_TABLE_H

#include "backends/backend.h"
#include "second_stage.h"
#include "step_row.h"

/* What a target's denoiser is at a level: the floats that its pointwise code reads there. */
typedef struct myr_levels {
    size_t (*floats)(const myr_target *target);
    /* How a row's second stage is written; NULL: by the difference of outputs. */
    myr_second_stage (*second)(const myr_target *target, const myr_row *row);
    /* score: not 0 where the second stage takes that multiple of the score's term (second_stage.h). */
    void (*write)(const myr_target *target, double a, double s, double score, float *level);
} myr_levels;

typedef struct myr_row_table {
    const myr_job *job;
    const myr_levels *kind;
    int dimension;
    int levels_a_row; /* 1, or 2 if some row has a second stage */
    size_t level_floats;
    int64_t room;                    /* rows of a window */
    int64_t row, rows;               /* those that are in it */
    myr_step *step;                  /* [room] */
    float *levels;                   /* [room][levels_a_row][level_floats] */
    double carry;                    /* of the rows' A: see myr_step_make */
    float *mean;                     /* [dimension] */
    float *start_mean, *start_scale; /* [dimension]: the plan's start, relative to a_0 m */
    double *enter, *leave; /* [dimension]: a m at the level of the first row, and after the last one:
                                      added to results */
} myr_row_table;

/* Makes the table of the job's rows, with windows of at most about `bytes` (one row at least). The first
 * window is empty: call myr_row_table_move. */
myr_status myr_row_table_create(myr_context *context, const myr_job *job, const myr_levels *kind,
                                double bytes, myr_row_table *table);
void myr_row_table_destroy(myr_row_table *table);

/* Sees to it that the window holds `row`: one that is in it, the row after it, or the job's first one. True if it
 * has been filled anew, from that row on. */
bool myr_row_table_move(myr_row_table *table, int64_t row);

/* The first level of a row in the window. */
static inline const float *myr_row_level(const myr_row_table *table, int64_t row) {
    return table->levels + (size_t)((row - table->row) * table->levels_a_row) * table->level_floats;
}

/* Row k of the job, its second stage, if it has one, as it is given. *carry, 1 before the first row, is what A's rounding has lost so far
 * (myr_round_carrying). */
myr_step myr_step_make(const myr_job *job, int64_t k, const myr_second_stage *second, double *carry);

/* The levels of targets whose denoiser is pointwise code (kernels/pointwise.h): as the target's file writes them. */
extern const myr_levels myr_pointwise_levels;

/* One evaluation of it, in steps of a coordinate of a Gaussian: what batches and progress are measured by. */
double myr_pointwise_work(const myr_target *target);

#endif
