/* Comma-separated values (RFC 4180), or with semicolons or tabs between them, by libcsv: fields with where
 * they stand. */
#ifndef MYRIAD_CSV_READ_H
#define MYRIAD_CSV_READ_H

#include <stddef.h>
#include <stdint.h>

#include "myriad/context.h"

/* What is done with fields and records, both counted from 0; blank lines are no records. Each returns NULL
 * to go on, or what is wrong, one line that lives until the reading ends. */
typedef struct myr_csv_reader {
    /* text ends with a zero byte, and may have others before */
    const char *(*field)(void *user, uint64_t record, uint64_t field, const char *text, size_t length);
    const char *(*record)(void *user, uint64_t record, uint64_t fields);
    void *user;
} myr_csv_reader;

/* Reads a file's bytes. What is wrong becomes a MYR_INVALID_DATA "path:line:column: …", lines and columns
 * (of characters, in UTF-8) counted from 1: where the field begins, or the record. */
myr_status myr_csv_read(myr_context *context, const char *path, const char *bytes, size_t size,
                        const myr_csv_reader *reader);

#endif
