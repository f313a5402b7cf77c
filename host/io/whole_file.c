#define _POSIX_C_SOURCE 200809L

#include "whole_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ground/failure.h"
#include "input_file.h"

static myr_status fail_read(myr_context *context, const char *path, const char *what) {
    if (errno == ENOMEM)
        return myr_fail(context, MYR_OUT_OF_MEMORY, "%s: cannot be %s: out of memory", path, what);
    return myr_fail(context, MYR_IO_ERROR, "%s: cannot be %s: %s", path, what, strerror(errno));
}

/* What is read of a device, a terminal say; one that has no end would take all memory. */
#define MOST_OF_A_DEVICE ((size_t)1 << 26)

static bool is_device(FILE *file) {
    struct stat status;
    return fstat(fileno(file), &status) == 0 && S_ISCHR(status.st_mode);
}

/* Reads on until the end; *bytes always has room for one more. */
static myr_status read_on(myr_context *context, const char *path, FILE *file, char **bytes, size_t *size) {
    const size_t most = is_device(file) ? MOST_OF_A_DEVICE : SIZE_MAX;
    size_t room = 1 << 16;
    *size = 0;
    *bytes = malloc(room);
    while (*bytes) {
        size_t got = fread(*bytes + *size, 1, room - 1 - *size, file);
        *size += got;
        if (*size < room - 1) {
            (*bytes)[*size] = '\0';
            return ferror(file) ? fail_read(context, path, "read") : MYR_OK;
        }
        if (*size >= most)
            return myr_fail(context, MYR_IO_ERROR, "%s: a device without an end; expected a file", path);
        room *= 2;
        char *larger = realloc(*bytes, room);
        if (!larger)
            break;
        *bytes = larger;
    }
    return myr_fail_memory(context, room);
}

myr_status myr_open_file(myr_context *context, const char *path, FILE **file) {
    errno = 0;
    *file = myr_input_open(path);
    return *file ? MYR_OK : fail_read(context, path, "opened");
}

myr_status myr_read_whole(myr_context *context, const char *path, char **bytes, size_t *size) {
    FILE *file;
    *bytes = NULL;
    myr_status status = myr_open_file(context, path, &file);
    if (status != MYR_OK)
        return status;
    status = read_on(context, path, file, bytes, size);
    myr_input_close(file);
    if (status != MYR_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return status;
}
