/* Checksums of 64 bits, which tell numbers or files apart: FNV-1a, eight bytes at a time. They keep nobody from making
 * another file of the same one. */
#ifndef MYRIAD_CLI_CHECKSUM_H
#define MYRIAD_CLI_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#define CLI_CHECKSUM_BEGIN UINT64_C(0xcbf29ce484222325)

/* The checksum with so many more numbers. */
uint64_t cli_checksum_add(uint64_t checksum, const double *values, size_t count);

/* Writes that of a regular file, 16 hexadecimal digits, or "" for what cannot be read twice. */
void cli_checksum_file(const char *path, char text[17]);

#endif
