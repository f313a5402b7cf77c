#include "input_file.h"

#include <string.h>

bool myr_input_is_standard(const char *path) {
    return strcmp(path, "-") == 0;
}

FILE *myr_input_open(const char *path) {
    return myr_input_is_standard(path) ? stdin : fopen(path, "rb");
}

void myr_input_close(FILE *file) {
    if (file != stdin)
        fclose(file);
}

bool myr_input_is_npy(const char *path) {
    if (!myr_input_is_standard(path)) {
        const size_t length = strlen(path);
        return length >= 4 && strcmp(path + length - 4, ".npy") == 0;
    }
    const int first = getc(stdin);
    if (first != EOF)
        ungetc(first, stdin);
    return first == 0x93; /* "\x93NUMPY"; nothing else that is read here begins like that */
}
