#define _POSIX_C_SOURCE 200809L

#include "checksum.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t add_word(uint64_t checksum, uint64_t word) {
    checksum = (checksum ^ word) * UINT64_C(0x100000001b3);
    return checksum ^ checksum >> 32; /* the product's high bits reach the low ones */
}

uint64_t cli_checksum_add(uint64_t checksum, const double *values, size_t count) {
    for (size_t n = 0; n < count; n++) {
        uint64_t word;
        memcpy(&word, &values[n], sizeof word);
        checksum = add_word(checksum, word);
    }
    return checksum;
}

/* Eight bytes are a word, the first the lowest. */
static uint64_t add_bytes(uint64_t checksum, const unsigned char *bytes, size_t size) {
    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = 0;
        for (size_t n = 0; n < 8 && at + n < size; n++)
            word |= (uint64_t)bytes[at + n] << 8 * n;
        checksum = add_word(checksum, word);
    }
    return checksum;
}

/* Reads until the piece is full or the file ends; -1 if it cannot be read. */
static ssize_t read_piece(int file, unsigned char *piece, size_t size) {
    size_t used = 0;
    for (ssize_t got; used < size && (got = read(file, piece + used, size - used)) != 0;
         used += (size_t)got)
        if (got < 0)
            return -1;
    return (ssize_t)used;
}

/* Without stdio, whose lack of memory would leave the checksum out. */
void cli_checksum_file(const char *path, char text[17]) {
    unsigned char piece[1 << 14];
    struct stat status;
    uint64_t checksum = CLI_CHECKSUM_BEGIN, size = 0;
    text[0] = '\0';
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    ssize_t got;
    for (; (got = read_piece(file, piece, sizeof piece)) > 0; size += (uint64_t)got)
        checksum = add_bytes(checksum, piece, (size_t)got);
    if (got == 0)
        snprintf(text, 17, "%016" PRIx64, add_word(checksum, size));
    close(file);
}
