/* A table's file, of whatever bytes: it is refused in one line that says where, or gives numbers that are
 * all in range. */
#ifndef MYRIAD_FUZZ_TABLE_H
#define MYRIAD_FUZZ_TABLE_H

#include <string.h>

#include "fuzz_file.h"
#include "myriad/myriad.h"

static const myr_table_column fuzz_columns[] = {
    {"a", true, -1e15, 1e15, "a number", NULL},
    {"b", true, 0.0, 1e15, "a number of 0 or more", NULL},
    {"c", false, 1.0, 2.0, "a number from 1 to 2", NULL},
};

static inline void fuzz_check_table(const myr_table *table) {
    uint64_t rows = myr_table_rows(table);
    fuzz_expect(rows >= 1);
    for (int c = 0; c < 3; c++) {
        const double *values = myr_table_values(table, c);
        fuzz_expect(values != NULL || !fuzz_columns[c].required);
        for (uint64_t row = 0; values && row < rows; row++)
            fuzz_expect(values[row] >= fuzz_columns[c].low && values[row] <= fuzz_columns[c].high);
    }
}

/* The refusal of a .csv file goes on ":line:column: " behind its name. */
static inline void fuzz_check_place(const char *error, size_t size) {
    unsigned long long line = 0, column = 0;
    fuzz_expect(sscanf(error, ":%llu:%llu: ", &line, &column) == 2);
    fuzz_expect(line >= 1 && line <= size + 2 && column >= 1 && column <= size + 1);
}

static inline int fuzz_table(const char *extension, const uint8_t *data, size_t size) {
    const char *path = fuzz_write_file(extension, data, size);
    myr_context *context;
    fuzz_expect(myr_context_create(&context) == MYR_OK);
    myr_table *table = NULL;
    myr_status status = myr_table_read(context, path, fuzz_columns, 3, NULL, &table);
    if (status == MYR_OK) {
        fuzz_check_table(table);
    } else {
        const char *error = myr_context_error(context);
        fuzz_expect(status == MYR_INVALID_DATA && table == NULL);
        fuzz_expect(strchr(error, '\n') == NULL && strncmp(error, path, strlen(path)) == 0);
        if (strcmp(extension, ".csv") == 0)
            fuzz_check_place(error + strlen(path), size);
    }
    myr_table_destroy(table);
    myr_context_destroy(context);
    return 0;
}

#endif
