#define _XOPEN_SOURCE 700

#include "named_files.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/messages.h"

typedef struct named_file {
    const char *option, *path;
    bool output;
} named_file;

enum { MOST = 16 };
static named_file named[MOST] = {{"standard output", "-", true}};
static int count = 1;

static void name_file(const char *option, const char *path, bool output) {
    int n = 0;
    while (n < count && strcmp(named[n].option, option) != 0)
        n++;
    if (n == MOST)
        return;
    named[n] = (named_file){option, path, output};
    count += n == count;
}

void cli_name_input(const char *option, const char *path) {
    name_file(option, path, false);
}

void cli_name_output(const char *option, const char *path) {
    if (strcmp(path, "-") != 0) /* which standard output is already */
        name_file(option, path, true);
}

/* ---- which file it is ------------------------------------------------------------------------------ */

/* A file that is there, or a name that a folder has not yet. */
typedef struct place {
    dev_t device;
    ino_t inode;
    char name[256]; /* "": the file itself */
} place;

/* The folder of a path, up to its last slash: false if it does not fit. */
static bool folder_of(const char *path, char *folder, size_t size) {
    const char *slash = strrchr(path, '/');
    const size_t length = slash ? (size_t)(slash - path) + 1 : 0;
    if (length >= size)
        return false;
    memcpy(folder, path, length);
    folder[length] = '\0';
    return true;
}

/* Replaces a path that is a link by what it points to, from where it stands. */
static bool follow(char *path, size_t size) {
    char to[4096], folder[4096];
    const ssize_t length = readlink(path, to, sizeof to - 1);
    if (length < 0 || !folder_of(path, folder, sizeof folder))
        return false;
    to[length] = '\0';
    return (size_t)snprintf(path, size, "%s%s", to[0] == '/' ? "" : folder, to) < size;
}

/* False for what is no regular file, nor will be one. */
static bool find_place(const named_file *file, place *found) {
    struct stat there;
    char path[4096], folder[4096];
    memset(found, 0, sizeof *found);
    const bool stream = strcmp(file->path, "-") == 0;
    if (stream ? fstat(file->output, &there) == 0 : stat(file->path, &there) == 0) {
        found->device = there.st_dev;
        found->inode = there.st_ino;
        return S_ISREG(there.st_mode);
    }
    if (stream || (size_t)snprintf(path, sizeof path, "%s", file->path) >= sizeof path)
        return false;
    for (int links = 0; links < 40 && follow(path, sizeof path); links++)
        continue;
    if (!folder_of(path, folder, sizeof folder) || stat(folder[0] ? folder : ".", &there) != 0)
        return false;
    found->device = there.st_dev;
    found->inode = there.st_ino;
    const size_t begin = strlen(folder);
    return (size_t)snprintf(found->name, sizeof found->name, "%s", path + begin) < sizeof found->name;
}

static bool are_same(const place *a, const place *b) {
    return a->device == b->device && a->inode == b->inode && strcmp(a->name, b->name) == 0;
}

int cli_check_named_files(void) {
    place places[MOST];
    bool is_file[MOST];
    for (int n = 0; n < count; n++)
        is_file[n] = find_place(&named[n], &places[n]);
    for (int a = 0; a < count; a++)
        for (int b = 0; b < a; b++) {
            if (!is_file[a] || !is_file[b] || !(named[a].output || named[b].output) ||
                !are_same(&places[a], &places[b]))
                continue;
            const named_file *output = named[a].output ? &named[a] : &named[b],
                             *other = output == &named[a] ? &named[b] : &named[a];
            return cli_fail(CLI_USAGE, "%s and %s are the same file, %s: expected an output of its own",
                            output->option, other->option,
                            strcmp(output->path, "-") == 0 ? other->path : output->path);
        }
    return CLI_DONE;
}
