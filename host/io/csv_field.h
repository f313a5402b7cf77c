/* Fields of .csv files: quoted for messages, read as numbers. */
#ifndef MYRIAD_CSV_FIELD_H
#define MYRIAD_CSV_FIELD_H

#include <stdbool.h>
#include <stddef.h>

enum { MYR_FIELD_SHOWN = 64 };

/* A field for a message: in quotes, cut after 40 bytes, control characters and what is not UTF-8 as '?'. */
const char *myr_field_shown(const char *text, size_t length, char shown[MYR_FIELD_SHOWN]);

/* Reads a number of [low, high] in that locale ("C", so that there is a point in it). Else it writes what
 * is wrong with the field of that name, and what was expected, into wrong, and returns false. */
bool myr_field_number(const char *name, const char *text, size_t length, double low, double high,
                      const char *expected, double *value, char *wrong, size_t size);

/* Where the first control character of ASCII is; length if there is none. */
size_t myr_field_control(const char *text, size_t length);

/* Whether the bytes are UTF-8 without control characters of ASCII: text for a terminal and for JSON. */
bool myr_field_is_text(const char *text, size_t length);

#endif
