/* Tables from .npy files: [rows, columns]. */
#include <stdio.h>
#include <stdlib.h>

#include "ground/failure.h"
#include "npy_read.h"
#include "table_data.h"

static int required_columns(const myr_table_column *columns, int count) {
    int required = 0;
    for (int column = 0; column < count; column++)
        if (columns[column].required)
            required = column + 1;
    return required;
}

/* Takes the array apart into columns. */
static myr_status take_columns(myr_context *context, const char *path, const myr_table_column *columns,
                               const myr_npy *array, myr_table *table) {
    const uint64_t rows = array->shape[0];
    const int found = (int)array->shape[1];
    const double *values = array->values;
    for (int c = 0; c < found; c++) {
        if (!columns[c].expected)
            continue;
        table->values[c] = malloc(rows * sizeof(double));
        if (!table->values[c])
            return myr_fail_memory(context, rows * sizeof(double));
        for (uint64_t row = 0; row < rows; row++) {
            double value = values[row * (uint64_t)found + (uint64_t)c];
            if (!(value >= columns[c].low && value <= columns[c].high))
                return myr_fail(context, MYR_INVALID_DATA, "%s: row %llu, column %d: %s is %g; expected %s",
                                path, (unsigned long long)row, c, columns[c].name, value,
                                columns[c].expected);
            table->values[c][row] = value;
        }
    }
    table->rows = rows;
    return MYR_OK;
}

myr_status myr_table_read_npy(myr_context *context, const char *path, const myr_table_column *columns,
                              int count, myr_table *table) {
    char expected[160];
    const int required = required_columns(columns, count);
    snprintf(expected, sizeof expected, "[rows, columns] of %d to %d columns, %s first", required, count,
             columns[0].name);
    const myr_npy_wanted wanted = {
        .type = MYR_F64, .dimensions = 2, .most = {0, (uint64_t)count}, .expected = expected};
    myr_npy array;
    myr_status status = myr_npy_read(context, path, &wanted, &array);
    if (status != MYR_OK)
        return status;
    if (array.dimensions != 2 || array.shape[1] < (uint64_t)required)
        status = myr_fail(context, MYR_INVALID_DATA, "%s: has %llu column%s; expected %s", path,
                          (unsigned long long)array.shape[1], array.shape[1] == 1 ? "" : "s", expected);
    else
        status = take_columns(context, path, columns, &array, table);
    free(array.values);
    return status;
}
