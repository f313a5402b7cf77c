/* Files that appear whole, by rename, or not at all. */
#ifndef MYRIAD_ATOMIC_FILE_H
#define MYRIAD_ATOMIC_FILE_H

#include <stdio.h>

#include "myriad/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A file that grows under a name of its own (the name, process and number, ".part") beside the one it will
 * have. A symbolic link is followed: it stays, and what it points to is written. What is there already and
 * is no regular file (a device, a pipe) is written to directly, and so is standard output, by the name "-". */
typedef struct myr_atomic_file myr_atomic_file;

/* Errors: MYR_INVALID_ARGUMENT, MYR_IO_ERROR, MYR_OUT_OF_MEMORY. */
MYR_API myr_status myr_atomic_open(myr_context *context, const char *path, myr_atomic_file **file);

/* Where to write; it may be read again too, unless it is written to directly. NULL gives NULL. */
MYR_API FILE *myr_atomic_stream(const myr_atomic_file *file);

/* Ends it, and frees file. With status MYR_OK it is flushed to the disk and appears; with any other status,
 * which is returned, or if that fails, nothing is left of it, and an old file stays. NULL is allowed. */
MYR_API myr_status myr_atomic_close(myr_context *context, myr_atomic_file *file, myr_status status);

/* For a program that a signal ends: removes one file of those that are not closed, also of the calls that
 * write files by name, and returns the name that it would have had; NULL if none is left. It may be called
 * from a signal's handler, of the thread that writes: nothing of the file may be used any more, so the
 * program ends then. Of more than 64 files that are open at once it knows 64. */
MYR_API const char *myr_atomic_abandon(void);

#ifdef __cplusplus
}
#endif
#endif
