#define _POSIX_C_SOURCE 200809L

#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"

static myr_status fail_read(myr_context *context, const char *path, const char *what) {
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

myr_status myr_read_whole(myr_context *context, const char *path, char **bytes, size_t *size) {
    *bytes = NULL;
    errno = 0;
    FILE *file = fopen(path, "rb");
    if (!file)
        return fail_read(context, path, "opened");
    myr_status status = read_on(context, path, file, bytes, size);
    fclose(file);
    if (status != MYR_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return status;
}

/* Opens a new file beside path. */
static FILE *open_beside(const char *path, const struct stat *old, char **temporary) {
    size_t size = strlen(path) + 32;
    *temporary = malloc(size);
    if (!*temporary)
        return NULL;
    int descriptor = -1;
    for (int attempt = 0; descriptor < 0 && attempt < 100; attempt++) {
        snprintf(*temporary, size, "%s.%ld-%d.part", path, (long)getpid(), attempt);
        descriptor = open(*temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (descriptor < 0 && errno != EEXIST)
            return NULL;
    }
    if (descriptor < 0)
        return NULL;
    if (old)
        (void)fchmod(descriptor, old->st_mode & 0777);
    FILE *file = fdopen(descriptor, "wb");
    if (!file) {
        close(descriptor);
        unlink(*temporary);
    }
    return file;
}

myr_status myr_whole_open(myr_context *context, const char *path, myr_whole_file *whole) {
    struct stat old;
    *whole = (myr_whole_file){.path = path};
    errno = 0;
    bool exists = stat(path, &old) == 0;
    if (exists && S_ISDIR(old.st_mode))
        return myr_fail(context, MYR_IO_ERROR, "%s: cannot be written: it is a directory", path);
    if (exists && !S_ISREG(old.st_mode))
        whole->file = fopen(path, "wb");
    else
        whole->file = open_beside(path, exists ? &old : NULL, &whole->temporary);
    if (whole->file)
        return MYR_OK;
    int error = errno;
    free(whole->temporary);
    whole->temporary = NULL;
    return myr_fail(context, MYR_IO_ERROR, "%s: cannot be written: %s", path, strerror(error));
}

myr_status myr_whole_commit(myr_context *context, myr_whole_file *whole, myr_status status) {
    errno = 0;
    bool written = fflush(whole->file) == 0 && !ferror(whole->file);
    written = written && (!whole->temporary || fsync(fileno(whole->file)) == 0);
    int error = errno;
    if (fclose(whole->file) != 0 && written) {
        written = false;
        error = errno;
    }
    if (status == MYR_OK && written && whole->temporary && rename(whole->temporary, whole->path) != 0) {
        written = false;
        error = errno;
    }
    if (whole->temporary && (status != MYR_OK || !written))
        (void)unlink(whole->temporary);
    free(whole->temporary);
    whole->temporary = NULL;
    if (status != MYR_OK || written)
        return status;
    return myr_fail(context, MYR_IO_ERROR, "%s: cannot be written: %s", whole->path,
                    error ? strerror(error) : "output was lost");
}
