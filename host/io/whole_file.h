/* Files in one piece, read into memory. */
#ifndef MYRIAD_WHOLE_FILE_H
#define MYRIAD_WHOLE_FILE_H

#include <stddef.h>

#include "myriad/context.h"

/* Everything that can be read from path, which may be a pipe, and a zero byte behind it: free(*bytes). */
myr_status myr_read_whole(myr_context *context, const char *path, char **bytes, size_t *size);

#endif
