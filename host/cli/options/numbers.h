/* Numbers as people type them. Nothing here prints: a refusal is a line of text that quotes what was
 * typed and says what was expected. */
#ifndef MYRIAD_CLI_NUMBERS_H
#define MYRIAD_CLI_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cli_refusal {
    char text[512];
    bool out_of_memory; /* of lists: the text is not to blame */
} cli_refusal;

/* What a real number must be; expected says it in words, as "a finite number above 0". */
typedef struct cli_interval {
    double low, high;
    bool open; /* low itself is refused */
    const char *expected;
} cli_interval;

/* A whole number from low to high: digits with at most a fraction and either an exponent or one of the
 * suffixes k, M, G, T (powers of 1000), as long as the value is whole: 1000, 1e6, 1.5M, 2G. Exact over
 * the whole range of uint64_t: no floating point is involved. *value is written on success alone. */
bool cli_parse_count(const char *text, uint64_t low, uint64_t high, uint64_t *value, cli_refusal *refusal);

/* A finite number in the interval, as strtod reads it, without white space. */
bool cli_parse_real(const char *text, const cli_interval *interval, double *value, cli_refusal *refusal);

/* Lists, items between commas, none of them empty; any length. The refusal names the item, from 1. The
 * arrays are the caller's to free; they are written on success alone. */
bool cli_parse_counts(const char *text, uint64_t low, uint64_t high, uint64_t **values, size_t *count,
                      cli_refusal *refusal);
bool cli_parse_reals(const char *text, const cli_interval *interval, double **values, size_t *count,
                     cli_refusal *refusal);

/* The items of a list: an array with a NULL at its end, one block to free; NULL if out of memory. */
char **cli_split_list(const char *text, size_t *count);

#endif
