/* The options that ask for statistics beyond the moments. */
#ifndef MYRIAD_CLI_STATISTICS_OPTIONS_H
#define MYRIAD_CLI_STATISTICS_OPTIONS_H

#include <argp.h>

#include "myriad/myriad.h"
#include "run_options.h"

typedef struct cli_statistics_options {
    const char *names; /* NULL: none wanted */
    int bins;          /* 0: the library's default */
} cli_statistics_options;

/* --statistics --bins; the input is a cli_statistics_options. */
extern const struct argp cli_statistics_argp;

/* Checks the names, after parsing. Prints a refusal; returns the exit status. */
int cli_statistics_settle(const cli_statistics_options *options);

/* An empty set of them against the target; NULL if none are wanted. */
myr_status cli_statistics_make(myr_context *context, const cli_statistics_options *options,
                               const cli_run_options *run, const myr_target *target,
                               myr_statistics **statistics);

#endif
