/* What the fast backends need of data points and of the rows over them (kernels/empirical_row.h). Memory:
 * the points once more, a float a point, 84 bytes a row. */
#ifndef MYRIAD_EMPIRICAL_TABLE_H
#define MYRIAD_EMPIRICAL_TABLE_H

#include "backends/backend.h"
#include "empirical_row.h"

typedef struct myr_empirical_table {
    const myr_job *job;
    int dimension;
    int64_t count;
    int64_t rows;           /* of the job */
    myr_empirical_row *row; /* [rows] */
    float *points;          /* [count][dimension], relative to the mean */
    float *half_norms;      /* [count] */
    float *mean;            /* [dimension] */
    float *start_mean;      /* [dimension], relative to a_0 m … */
    float *start_scale;     /* [dimension] */
    bool start_at_point;    /* … or a_0 s~_i + start_scale z, of a point that stream 2 chooses: */
    float start_a;          /* a_0 */
    double *enter, *leave;  /* [dimension]: a m at the level of the first row, and after the last one: added
                               to  results */
} myr_empirical_table;

/* Makes the table of the job's rows row_begin … row_end. */
myr_status myr_empirical_table_create(myr_context *context, const myr_job *job, myr_empirical_table *table);
void myr_empirical_table_destroy(myr_empirical_table *table);

#endif
