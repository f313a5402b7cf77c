/* Command lines, by argp, with errors in one line. A command's options come in parts, each an argp with
 * its own input; parts that several commands share are run_options.h, plan_options.h and output.h. */
#ifndef MYRIAD_CLI_ARGUMENTS_H
#define MYRIAD_CLI_ARGUMENTS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "numbers.h"

typedef struct cli_part {
    const struct argp *argp; /* options and parser; the parser's state->input is input */
    void *input;
} cli_part;

#define CLI_MAX_PARTS 8

/* What a part's parser returns after it has printed what was wrong. */
#define CLI_REPORTED ECANCELED

/* Parses the options of a command; doc is argp's: what it does, a vertical tab, then examples. Returns
 * true if the command is to run; else *status is the exit status: help was printed, or an error. */
bool cli_parse_arguments(int argc, char **argv, const char *doc, const cli_part *parts, int part_count,
                         int *status);

/* The same for a command that takes one FILE beside its options. */
bool cli_parse_file_arguments(int argc, char **argv, const char *doc, const cli_part *parts, int part_count,
                              const char **file, int *status);

/* Calls found for each option of the parts that is given, in its order, with its name in full and its value (NULL: it
 * takes none). */
void cli_scan_options(int argc, char **argv, const cli_part *parts, int part_count,
                      void (*found)(void *user, const char *name, const char *value), void *user);

/* For the parsers: read an option's value, or print what is wrong with it, naming the option, and return
 * CLI_REPORTED. They return 0 on success. */
error_t cli_read_count(const char *option, const char *text, uint64_t low, uint64_t high, uint64_t *value);
error_t cli_read_counts(const char *option, const char *text, uint64_t low, uint64_t high,
                        uint64_t **values, size_t *count);
error_t cli_read_real(const char *option, const char *text, const cli_interval *interval, double *value);
error_t cli_read_reals(const char *option, const char *text, const cli_interval *interval, double **values,
                       size_t *count);

/* The name of a file that is written, which is kept; anything but "", such as a shell's variable that is not set
 * leaves. */
error_t cli_read_output(const char *option, const char *text, const char **path);

/* The same of a file that is read, or - for standard input, which one option alone may take. */
error_t cli_read_input(const char *option, const char *text, const char **path);

/* The index of text among the names, or -1 after printing what was expected. */
int cli_read_choice(const char *option, const char *text, const char *const *names, size_t count);

/* Completion asks an option's parser which names it knows: it calls it with a text of no meaning, silently, and
 * cli_read_choice and cli_offer, which is for names that are read later and does nothing else, note them. */
void cli_ask(const cli_part *part, int key, const char **names, size_t most, size_t *count);
void cli_offer(const char *const *names, size_t count);

/* Writes "a, b or c" into text, cut if it does not fit. */
void cli_join_names(const char *const *names, size_t count, char *text, size_t size);

#endif
