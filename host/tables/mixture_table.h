/* The float tables that the fast backends execute for a mixture (kernels/mixture_row.h), a window of rows
 * at a time: a level's tables take MYR_TILE_FLOATS floats for eight components, up to 1 MiB in all, so
 * those of a million rows could not be kept. */
#ifndef MYRIAD_MIXTURE_TABLE_H
#define MYRIAD_MIXTURE_TABLE_H

#include "backends/backend.h"
#include "mixture_row.h"

typedef struct myr_mixture_table {
    const myr_job *job;
    int dimension, components;
    int tiles;
    int levels_a_row; /* 1, or 2 if some row has a second stage */
    size_t level_floats;
    int64_t room;               /* rows of a window */
    int64_t row, rows;          /* those that are in it */
    myr_step *step;             /* [room] */
    float *levels;              /* [room][levels_a_row][tiles][MYR_TILE_FLOATS] */
    double carry;               /* of the rows' A: see step_make.h */
    double variance, narrowest; /* see second_stage.h */
    float mean[MYR_MAX_DIMENSION];
    /* The start relative to a_0 m: mean and scale, of the plan's or, in components, of each of them. */
    float *start_mean, *start_scale; /* [1 or components][dimension] */
    /* Where components are chosen: as many of the ascending thresholds as word 0 of stream 2 reaches is the
     * component's number. NULL: there is one start. */
    uint32_t *thresholds;
    int choices;                     /* thresholds */
    double enter[MYR_MAX_DIMENSION]; /* a m at the level of the first row */
    double leave[MYR_MAX_DIMENSION]; /* a m at the level after the last row: added to results */
} myr_mixture_table;

/* Makes the table of the job's rows, with windows of at most about bytes (one row at least). The first
 * window is empty: call myr_mixture_table_move. */
myr_status myr_mixture_table_create(myr_context *context, const myr_job *job, double bytes,
                                    myr_mixture_table *table);
void myr_mixture_table_destroy(myr_mixture_table *table);

/* Fills the window with the rows from `row` on: the job's row_begin, or the row after the last window; and
 * returns true. Nothing to do, and false, if it holds them all already. */
bool myr_mixture_table_move(myr_mixture_table *table, int64_t row);

#endif
