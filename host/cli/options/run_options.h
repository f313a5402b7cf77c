/* The options of every command that runs trajectories: where, in what arithmetic, which and how many. */
#ifndef MYRIAD_CLI_RUN_OPTIONS_H
#define MYRIAD_CLI_RUN_OPTIONS_H

#include <argp.h>

#include "myriad/myriad.h"

/* Seeds and counts on the command line fit JSON's integers. */
#define CLI_LARGEST ((uint64_t)INT64_MAX)

typedef struct cli_run_options {
    const char *backend;
    const char *math;
    uint64_t seed;
    uint64_t trajectories;
    uint64_t fewest, most; /* trajectories that the command takes */
    int threads;
    int device;
} cli_run_options;

/* The library's defaults, and any number of trajectories. */
cli_run_options cli_run_options_default(void);

/* Where: --backend --math --threads --device. Apart, which trajectories: --seed --trajectories, since a
 * command that fixes these itself does not take them. The input of both is a cli_run_options. */
extern const struct argp cli_run_argp;
/* The same without --math, for commands whose arithmetic is always exact. */
extern const struct argp cli_where_argp;
extern const struct argp cli_trajectories_argp;

/* Settles what --device means, after parsing. Only cuda has devices above 0, as many as there are GPUs;
 * auto then means cuda. Prints a refusal; returns the exit status. */
int cli_run_options_settle(cli_run_options *options);

/* The same as the library's structure, without progress. */
myr_run_options cli_run_options_make(const cli_run_options *options);

#endif
