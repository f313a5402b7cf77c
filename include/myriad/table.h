/* Tables of numbers from .csv and .npy files, and into them. */
#ifndef MYRIAD_TABLE_H
#define MYRIAD_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "myriad/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A column that the caller wants, and what its numbers may be. */
typedef struct myr_table_column {
    const char *name;
    bool required;
    double low, high; /* what is finite and within is taken */
    const char *
        expected; /* what is taken, in words, for messages, as "a number above 0". NULL, where not required: the
                             column is passed over, whatever it holds; of .npy it keeps its place */
    const char *synonyms; /* of a .csv file's names, between blanks; NULL: none */
} myr_table_column;

typedef struct myr_table myr_table;

/* Reads the wanted columns (1 … 64) of a file whose name ends in .csv or .npy, or of
 * standard input, "-"; other columns of it may hold anything.
 *
 * .csv: RFC 4180, the first record holds the names, in any case, whatever stands between their words;
 * quoted or not, commas, semicolons or tabs, LF or CRLF, UTF-8 with or without its mark, blank lines
 * passed over. map says "name=column,…" where the file's names differ; NULL: nowhere. .npy: [rows,
 * columns], the wanted columns in their order, as many as there are; the required ones come first.
 *
 * Errors: MYR_INVALID_DATA names file, line and column (of .npy, row and column, from 0) and what was
 * expected; MYR_IO_ERROR; MYR_OUT_OF_MEMORY; MYR_INVALID_ARGUMENT for a name that ends otherwise. */
MYR_API myr_status myr_table_read(myr_context *context, const char *path, const myr_table_column *columns,
                                  int count, const char *map, myr_table **table);

/* What a user should know of the file, in a line: columns that hold numbers and are passed over; "" for
 * nothing. */
MYR_API const char *myr_table_note(const myr_table *table);

/* Frees it. NULL is allowed. */
MYR_API void myr_table_destroy(myr_table *table);

/* Its rows, 1 or more; 0 for NULL. */
MYR_API uint64_t myr_table_rows(const myr_table *table);

/* The numbers of a wanted column, by its index; NULL where the file has no such column. */
MYR_API const double *myr_table_values(const myr_table *table, int column);

/* Writes columns[count], named names[count] and each of rows numbers, none of them NULL: .csv with the
 * names, all digits, or .npy [rows, count]; the path "-" is standard output, as .csv.
 * The file appears whole, by rename, or not at all, and an old one stays until then. Errors:
 * MYR_IO_ERROR, MYR_INVALID_ARGUMENT for a name that ends otherwise. */
MYR_API myr_status myr_table_write(myr_context *context, const char *path, uint64_t rows, int count,
                                   const char *const *names, const double *const *columns);

#ifdef __cplusplus
}
#endif
#endif
