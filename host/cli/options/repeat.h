/* --from FILE: the same run again. A result in JSON keeps, beside the numbers, the command and those of its options that
 * make them; where and how they are shown is left to the command line. */
#ifndef MYRIAD_CLI_REPEAT_H
#define MYRIAD_CLI_REPEAT_H

#include <jansson.h>

#include "arguments.h"

typedef struct cli_repeat {
    const char *command;
    const char *from; /* FILE; NULL: a run of its own */
    json_t *options;  /* the options that make the result, by name */
    json_t *file;     /* what FILE holds */
    char **argv;      /* its options, and those given beside it */
    size_t compared, different;
    char first[256]; /* which the first different one is */
} cli_repeat;

/* As cli_parse_arguments, with --from among the options. */
bool cli_repeat_parse(int argc, char **argv, const char *doc, const cli_part *parts, int part_count,
                      cli_repeat *repeat, int *status);
void cli_repeat_free(cli_repeat *repeat);

/* Sets an option by what it has come to, as "all" to a list of names. */
void cli_repeat_set(cli_repeat *repeat, const char *name, const char *value);

/* Refuses a target's file that is not the one that FILE tells of. Prints a line; returns the exit status. */
int cli_repeat_check_target(const cli_repeat *repeat, const char *target, const char *checksum);

/* Holds a result against FILE's: the next one in its array results, or, of a command that has no such array, all of it.
 * name is of the sampler. */
void cli_repeat_compare(cli_repeat *repeat, const char *name, uint64_t steps, uint64_t checksum);

/* In JSON: "command" and "options" before the results, "repeats" after them (without --from nothing). */
void cli_repeat_begin_json(const cli_repeat *repeat, json_t *object);
void cli_repeat_end_json(const cli_repeat *repeat, json_t *object);
/* In text: a line, or without --from nothing. */
void cli_repeat_text(const cli_repeat *repeat);

/* The exit status after the results: CLI_CHECK_FAILED, and a line, if some differ. */
int cli_repeat_finish(const cli_repeat *repeat);

#endif
