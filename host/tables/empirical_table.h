/* What the fast backends need of data points (kernels/empirical_row.h). Memory: the points once more, a float a
 * point. */
#ifndef MYRIAD_EMPIRICAL_TABLE_H
#define MYRIAD_EMPIRICAL_TABLE_H

#include "empirical_row.h"
#include "row_table.h"

typedef struct myr_empirical_table {
    myr_row_table rows; /* a level is a myr_empirical_level */
    int64_t count;
    float *points;       /* [count][dimension], relative to the mean */
    float *half_norms;   /* [count] */
    bool start_at_point; /* the start is a_0 s~_i + start_scale z, of a point that stream 2 chooses: */
    float start_a;       /* a_0 */
} myr_empirical_table;

/* Makes the table of the job's rows; bytes: see myr_row_table_create. */
myr_status myr_empirical_table_create(myr_context *context, const myr_job *job, double bytes,
                                      myr_empirical_table *table);
void myr_empirical_table_destroy(myr_empirical_table *table);

#endif
