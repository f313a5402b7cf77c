/* What the user may have meant. */
#ifndef MYRIAD_CLI_NEAREST_H
#define MYRIAD_CLI_NEAREST_H

#include <stddef.h>

/* The name nearest to word, if it is at most a third of the word's letters (and at least one) away in
 * insertions, deletions, substitutions and swaps of neighbours; else NULL. */
const char *cli_nearest(const char *word, const char *const *names, size_t count);

/* The name among the names by which another name of the field is known here, as sigmoid for dpo; else NULL. */
const char *cli_known_as(const char *word, const char *const *names, size_t count);

#endif
