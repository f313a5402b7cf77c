/* Files that are read: by name, or - for standard input, whose format shows in its first byte. */
#ifndef MYRIAD_INPUT_FILE_H
#define MYRIAD_INPUT_FILE_H

#include <stdbool.h>
#include <stdio.h>

/* NULL with errno. */
FILE *myr_input_open(const char *path);
void myr_input_close(FILE *file);

/* Whether path names, or standard input begins as, an array of numbers. */
bool myr_input_is_npy(const char *path);

/* Whether it is standard input. */
bool myr_input_is_standard(const char *path);

#endif
