/* What a table holds, and its readers, one a format. */
#ifndef MYRIAD_TABLE_DATA_H
#define MYRIAD_TABLE_DATA_H

#include "myriad/table.h"

#define MYR_TABLE_COLUMNS 64

struct myr_table {
    uint64_t rows, room;
    char note[1024];                   /* of columns that are passed over */
    double *values[MYR_TABLE_COLUMNS]; /* NULL: the file has no such column */
};

myr_status myr_table_read_csv(myr_context *context, const char *path, const myr_table_column *columns,
                              int count, const char *map, myr_table *table);
myr_status myr_table_read_npy(myr_context *context, const char *path, const myr_table_column *columns,
                              int count, myr_table *table);

#endif
