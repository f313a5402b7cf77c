/* The integer tables that the fast backends draw a chain's states by (kernels/chain_step.h). */
#ifndef MYRIAD_CHAIN_TABLE_H
#define MYRIAD_CHAIN_TABLE_H

#include "backends/backend.h"

typedef struct myr_chain_table {
    int states, width;
    int64_t rows;
    int32_t *start; /* [width]: of x_T */
    int32_t *steps; /* [rows][states][width]: row k, from the state, for the rows row_begin … of the job */
} myr_chain_table;

/* Makes the table of the job's rows row_begin … row_end. */
myr_status myr_chain_table_create(myr_context *context, const myr_job *job, myr_chain_table *table);
void myr_chain_table_destroy(myr_chain_table *table);

#endif
