#define _XOPEN_SOURCE 700

#include "myriad/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ground/failure.h"
#include "input_file.h"

struct myr_atomic_file {
    FILE *stream;
    char *path;      /* as it was given, for messages */
    char *final;     /* with links followed */
    char *temporary; /* NULL: written directly */
};

/* ---- those that are not closed ---------------------------------------------------------------------- */

/* Pointers that a signal's handler can take: of an atomic type without locks. A file is listed before its
 * temporary name exists, so that there is no moment at which it would be missed. */
enum { LISTED = 64 };
static _Atomic(myr_atomic_file *) listed[LISTED];

static void list(myr_atomic_file *file) {
    for (int n = 0; n < LISTED; n++) {
        myr_atomic_file *none = NULL;
        if (atomic_compare_exchange_strong(&listed[n], &none, file))
            return;
    }
}

static void unlist(myr_atomic_file *file) {
    for (int n = 0; n < LISTED; n++) {
        myr_atomic_file *found = file;
        if (atomic_compare_exchange_strong(&listed[n], &found, NULL))
            return;
    }
}

const char *myr_atomic_abandon(void) {
    for (int n = 0; n < LISTED; n++) {
        const myr_atomic_file *file = atomic_exchange(&listed[n], NULL);
        if (!file)
            continue;
        unlink(file->temporary);
        return file->path;
    }
    return NULL;
}

/* ---- names ------------------------------------------------------------------------------------------ */

/* What the link at path points to, from where path stands; NULL with errno: EINVAL if it is no link. */
static char *read_link(const char *path) {
    const char *base = strrchr(path, '/');
    const size_t folder = base ? (size_t)(base - path) + 1 : 0;
    char to[4096]; /* PATH_MAX, which Linux keeps to */
    const ssize_t size = readlink(path, to, sizeof to);
    if (size < 0)
        return NULL;
    const size_t before = size > 0 && to[0] == '/' ? 0 : folder;
    char *joined = malloc(before + (size_t)size + 1);
    if (joined) {
        memcpy(joined, path, before);
        memcpy(joined + before, to, (size_t)size);
        joined[before + (size_t)size] = '\0';
    }
    return joined;
}

/* A copy of path, with the links followed that its last part is, also where nothing is at their end. NULL
 * with errno. */
static char *follow_links(const char *path) {
    char *at = strdup(path);
    for (int links = 0; at; links++) {
        char *next = read_link(at);
        const int error = errno;
        if (!next && (error == EINVAL || error == ENOENT))
            return at;
        free(at);
        if (links == 40) { /* as many as Linux follows */
            free(next);
            errno = ELOOP;
            return NULL;
        }
        at = next;
        errno = error;
    }
    return NULL;
}

/* ---- open ------------------------------------------------------------------------------------------- */

/* A new file of a name of its own beside the final one: its descriptor, or -1 with errno. The name stands
 * before the file is listed: half of one might be another file's. */
static int create_beside(myr_atomic_file *file, size_t size) {
    for (int attempt = 0; attempt < 100; attempt++) {
        snprintf(file->temporary, size, "%s.%ld-%d.part", file->final, (long)getpid(), attempt);
        list(file);
        const int descriptor = open(file->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0)
            return descriptor;
        unlist(file);
        if (errno != EEXIST)
            break;
    }
    return -1;
}

/* False with errno. */
static bool open_beside(myr_atomic_file *file, const struct stat *old) {
    const size_t size = strlen(file->final) + 32;
    file->temporary = malloc(size);
    const int descriptor = file->temporary ? create_beside(file, size) : -1;
    if (descriptor < 0)
        return false;
    if (old)
        (void)fchmod(descriptor, old->st_mode & 0777);
    file->stream = fdopen(descriptor, "w+b");
    if (file->stream)
        return true;
    const int error = errno;
    close(descriptor);
    unlink(file->temporary);
    errno = error;
    return false;
}

static void destroy(myr_atomic_file *file) {
    unlist(file);
    free(file->path);
    free(file->final);
    free(file->temporary);
    free(file);
}

static myr_status fail_write(myr_context *context, const char *path, int error) {
    if (error == ENOMEM)
        return myr_fail(context, MYR_OUT_OF_MEMORY, "%s: cannot be written: out of memory", path);
    return myr_fail(context, MYR_IO_ERROR, "%s: cannot be written: %s", path,
                    error ? strerror(error) : "output was lost");
}

/* file->path is set. */
static myr_status open_file(myr_context *context, myr_atomic_file *file) {
    struct stat old;
    errno = 0;
    if (myr_input_is_standard(file->path)) {
        const int descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
        file->stream = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
        return file->stream ? MYR_OK : fail_write(context, file->path, errno);
    }
    file->final = follow_links(file->path);
    if (!file->final)
        return fail_write(context, file->path, errno);
    const bool exists = stat(file->final, &old) == 0;
    if (exists && S_ISDIR(old.st_mode))
        return myr_fail(context, MYR_IO_ERROR, "%s: cannot be written: it is a directory", file->path);
    if (!exists || S_ISREG(old.st_mode))
        return open_beside(file, exists ? &old : NULL) ? MYR_OK : fail_write(context, file->path, errno);
    file->stream = fopen(file->final, "wbe");
    return file->stream ? MYR_OK : fail_write(context, file->path, errno);
}

myr_status myr_atomic_open(myr_context *context, const char *path, myr_atomic_file **file) {
    if (!path || !file)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "file: path and file must not be NULL");
    *file = NULL;
    myr_atomic_file *made = calloc(1, sizeof *made);
    if (made)
        made->path = strdup(path);
    if (!made || !made->path) {
        free(made);
        return myr_fail_memory(context, sizeof *made + strlen(path));
    }
    const myr_status status = open_file(context, made);
    if (status != MYR_OK) {
        destroy(made);
        return status;
    }
    *file = made;
    return MYR_OK;
}

FILE *myr_atomic_stream(const myr_atomic_file *file) {
    return file ? file->stream : NULL;
}

/* ---- close ------------------------------------------------------------------------------------------ */

/* 0, or what went wrong: errno, or -1 if an earlier write failed and nobody knows why. */
static int finish(myr_atomic_file *file, bool wanted) {
    errno = 0;
    const bool lost = fflush(file->stream) != 0 || ferror(file->stream) ||
                      (wanted && file->temporary && fsync(fileno(file->stream)) != 0);
    int error = lost ? errno ? errno : -1 : 0;
    if (fclose(file->stream) != 0 && !error)
        error = errno;
    if (wanted && !error && file->temporary && rename(file->temporary, file->final) != 0)
        error = errno;
    return error;
}

myr_status myr_atomic_close(myr_context *context, myr_atomic_file *file, myr_status status) {
    if (!file)
        return status;
    const int error = finish(file, status == MYR_OK);
    if (file->temporary && (status != MYR_OK || error))
        (void)unlink(file->temporary);
    if (status == MYR_OK && error)
        status = fail_write(context, file->path, error > 0 ? error : 0);
    destroy(file);
    return status;
}
