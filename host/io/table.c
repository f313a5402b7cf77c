/* Tables: the public calls, and writing. */
#include "myriad/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "input_file.h"
#include "myriad/atomic_file.h"
#include "table_data.h"

static bool ends_in(const char *path, const char *suffix) {
    size_t length = strlen(path), tail = strlen(suffix);
    return length >= tail && strcmp(path + length - tail, suffix) == 0;
}

static myr_status fail_name(myr_context *context, const char *path) {
    return myr_fail(context, MYR_INVALID_ARGUMENT,
                    "%s: of no known format; expected a name in .csv or .npy", path);
}

static myr_status fail_column(myr_context *context, int column) {
    return myr_fail(context, MYR_INVALID_ARGUMENT,
                    "table: column %d lacks its name, or what belongs to it (expected no NULL)", column);
}

myr_status myr_table_read(myr_context *context, const char *path, const myr_table_column *columns,
                          int count, const char *map, myr_table **table) {
    MYR_STANDARD_ENVIRONMENT;
    if (!table)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "table: NULL (expected where to put it)");
    *table = NULL;
    if (!path || !columns || count < 1 || count > MYR_TABLE_COLUMNS)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "table: path and columns must not be NULL, and columns 1 … %d", MYR_TABLE_COLUMNS);
    for (int c = 0; c < count; c++)
        if (!columns[c].name || (columns[c].required && !columns[c].expected))
            return fail_column(context, c);
    const bool npy = myr_input_is_npy(path),
               csv = !npy && (ends_in(path, ".csv") || myr_input_is_standard(path));
    if (!csv && !npy)
        return fail_name(context, path);
    if (!csv && map)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "columns: those of %s have no names (expected a .csv file)", path);
    myr_table *made = calloc(1, sizeof *made);
    if (!made)
        return myr_fail_memory(context, sizeof *made);
    myr_status status = csv ? myr_table_read_csv(context, path, columns, count, map, made)
                            : myr_table_read_npy(context, path, columns, count, made);
    if (status == MYR_OK)
        *table = made;
    else
        myr_table_destroy(made);
    return status;
}

void myr_table_destroy(myr_table *table) {
    for (int column = 0; table && column < MYR_TABLE_COLUMNS; column++)
        free(table->values[column]);
    free(table);
}

uint64_t myr_table_rows(const myr_table *table) {
    return table ? table->rows : 0;
}

const char *myr_table_note(const myr_table *table) {
    return table ? table->note : "";
}

const double *myr_table_values(const myr_table *table, int column) {
    return table && column >= 0 && column < MYR_TABLE_COLUMNS ? table->values[column] : NULL;
}

static void write_csv(FILE *file, uint64_t rows, int count, const char *const *names,
                      const double *const *columns) {
    for (int c = 0; c < count; c++)
        fprintf(file, "%s%s", names[c], c + 1 < count ? "," : "\n");
    for (uint64_t row = 0; row < rows && !ferror(file); row++)
        for (int c = 0; c < count; c++)
            fprintf(file, "%.17g%s", columns[c][row], c + 1 < count ? "," : "\n");
}

/* Little-endian doubles behind a header of version 1.0, padded so that they begin at a multiple of 64
 * bytes. */
static void write_npy(FILE *file, uint64_t rows, int count, const double *const *columns) {
    char header[128];
    int used =
        snprintf(header, sizeof header,
                 "\x93NUMPY\x01%c\x76%c{'descr': '<f8', 'fortran_order': False, 'shape': (%llu, %d), }", 0,
                 0, (unsigned long long)rows, count);
    memset(header + used, ' ', sizeof header - (size_t)used);
    header[sizeof header - 1] = '\n';
    fwrite(header, 1, sizeof header, file);
    for (uint64_t row = 0; row < rows && !ferror(file); row++)
        for (int c = 0; c < count; c++) {
            unsigned char bytes[8];
            uint64_t bits;
            memcpy(&bits, &columns[c][row], sizeof bits);
            for (int n = 0; n < 8; n++)
                bytes[n] = (unsigned char)(bits >> 8 * n);
            fwrite(bytes, 1, sizeof bytes, file);
        }
}

myr_status myr_table_write(myr_context *context, const char *path, uint64_t rows, int count,
                           const char *const *names, const double *const *columns) {
    MYR_STANDARD_ENVIRONMENT;
    if (!path || !names || !columns || count < 1 || count > MYR_TABLE_COLUMNS)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "table: path, names and columns must not be NULL, and columns 1 … %d",
                        MYR_TABLE_COLUMNS);
    for (int c = 0; c < count; c++)
        if (!names[c] || !columns[c])
            return fail_column(context, c);
    const bool csv = ends_in(path, ".csv") || myr_input_is_standard(path);
    if (!csv && !ends_in(path, ".npy"))
        return fail_name(context, path);
    myr_atomic_file *file;
    myr_status status = myr_atomic_open(context, path, &file);
    if (status != MYR_OK)
        return status;
    if (csv)
        write_csv(myr_atomic_stream(file), rows, count, names, columns);
    else
        write_npy(myr_atomic_stream(file), rows, count, columns);
    return myr_atomic_close(context, file, MYR_OK);
}
