/* What the fast backends need of a mixture (kernels/mixture_row.h). A level's tables take MYR_TILE_FLOATS floats
 * for eight components, up to 1 MiB in all. */
#ifndef MYRIAD_MIXTURE_TABLE_H
#define MYRIAD_MIXTURE_TABLE_H

#include "mixture_row.h"
#include "row_table.h"

typedef struct myr_mixture_table {
    myr_row_table rows;
    int components;
    /* Where a trajectory begins in a component: mean, relative to a_0 m, and scale of each, [components][dimension].
     * As many of the ascending thresholds as word 0 of stream 2 reaches is the component's number. NULL: there
     * is one start, the plan's. */
    float *start_mean, *start_scale;
    uint32_t *thresholds;
    int choices; /* thresholds */
} myr_mixture_table;

/* Makes the table of the job's rows; bytes: see myr_row_table_create. */
myr_status myr_mixture_table_create(myr_context *context, const myr_job *job, double bytes,
                                    myr_mixture_table *table);
void myr_mixture_table_destroy(myr_mixture_table *table);

#endif
