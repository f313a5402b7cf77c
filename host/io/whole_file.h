/* Files in one piece: read into memory, or written so that they appear whole. */
#ifndef MYRIAD_WHOLE_FILE_H
#define MYRIAD_WHOLE_FILE_H

#include <stdio.h>

#include "myriad/context.h"

/* Everything that can be read from path, which may be a pipe, and a zero byte behind it: free(*bytes). */
myr_status myr_read_whole(myr_context *context, const char *path, char **bytes, size_t *size);

/* A file under a name of its own beside path until myr_whole_commit renames it. What is there already and
 * no regular file (a device, a pipe) is written to directly. */
typedef struct myr_whole_file {
    FILE *file;
    const char *path;
    char *temporary; /* NULL: written directly */
} myr_whole_file;

myr_status myr_whole_open(myr_context *context, const char *path, myr_whole_file *whole);

/* Flushes to the disk and renames; what was written is gone if that fails, or if status (of the writing)
 * already tells of a failure, which is then returned. */
myr_status myr_whole_commit(myr_context *context, myr_whole_file *whole, myr_status status);

#endif
