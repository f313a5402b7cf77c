/* For parsers of files: puts the bytes into a file of this process and gives its path. */
#ifndef MYRIAD_FUZZ_FILE_H
#define MYRIAD_FUZZ_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_expect(int holds) {
    if (!holds)
        abort();
}

/* The file goes into the directory where the fuzzer runs; tests/fuzz/run gives each a directory of its own.
 */
static inline const char *fuzz_write_file(const char *extension, const uint8_t *data, size_t size) {
    static char path[64];
    snprintf(path, sizeof path, "input-%ld%s", (long)getpid(), extension);
    FILE *file = fopen(path, "wb");
    fuzz_expect(file != NULL);
    fuzz_expect(fwrite(data, 1, size, file) == size);
    fuzz_expect(fclose(file) == 0);
    return path;
}

#endif
