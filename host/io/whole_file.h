/* Files in one piece, read into memory. */
#ifndef MYRIAD_WHOLE_FILE_H
#define MYRIAD_WHOLE_FILE_H

#include <stddef.h>
#include <stdio.h>

#include "myriad/context.h"

/* Opens path to be read (input_file.h, which also closes it), or says why not. */
myr_status myr_open_file(myr_context *context, const char *path, FILE **file);

/* Everything that can be read from path, which may be a pipe, and a zero byte behind it: free(*bytes). */
myr_status myr_read_whole(myr_context *context, const char *path, char **bytes, size_t *size);

#endif
