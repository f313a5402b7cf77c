/* .csv files with a header: the fields of wanted columns, a record at a time. */
#ifndef MYRIAD_CSV_COLUMNS_H
#define MYRIAD_CSV_COLUMNS_H

#include <stdbool.h>

#include "csv_header.h"
#include "csv_read.h"

#define MYR_CSV_COLUMNS 16

typedef struct myr_csv_text {
    char *bytes; /* with a zero byte behind */
    size_t length, room;
} myr_csv_text;

typedef struct myr_csv_columns {
    myr_csv_header header_line; /* its columns, 1 … MYR_CSV_COLUMNS, and map are set by the caller */
    /* Each returns NULL to go on, or what is wrong. header: has is known, and may be changed, so that a
     * column is passed over; field: of column c, before it is kept; record: texts are known. */
    const char *(*header)(void *user);
    const char *(*field)(void *user, int column, const char *bytes, size_t length);
    const char *(*record)(void *user);
    void *user;
    bool has[MYR_CSV_COLUMNS];
    myr_csv_text texts[MYR_CSV_COLUMNS];
    char *note; /* [note_size]: what a user should know, "" for nothing; NULL: not wanted */
    size_t note_size;
    /* the reader's own */
    bool out_of_memory;
    char wrong[512]; /* callers may use it too */
} myr_csv_columns;

/* Reads the file's bytes; header_line to user are set by the caller, all else is 0. Errors: as
 * myr_csv_read, MYR_OUT_OF_MEMORY, and MYR_INVALID_ARGUMENT for the map. */
myr_status myr_csv_read_columns(myr_context *context, const char *path, const char *bytes, size_t size,
                                myr_csv_columns *columns);

#endif
