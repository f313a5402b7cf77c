/* The options that say what is run: process, samplers, steps, start and target. */
#ifndef MYRIAD_CLI_PLAN_OPTIONS_H
#define MYRIAD_CLI_PLAN_OPTIONS_H

#include <argp.h>

#include "grid_options.h"
#include "myriad/myriad.h"
#include "repeat.h"
#include "run_options.h"

typedef struct cli_plan_options {
    const char *process;      /* NULL before settling: that of the target */
    const char *sampler_text; /* --sampler as given; NULL: all that the process supports */
    const char **samplers;    /* [sampler_count], after settling */
    size_t sampler_count;
    const char *default_steps; /* a list, or NULL: the library's; set before parsing */
    uint64_t *steps;           /* [steps_count] */
    size_t steps_count;
    bool lists;   /* set before parsing: --eta and --schedule take several values */
    double *etas; /* [eta_count], after settling; MYR_DEFAULT_ETA: the sampler's own */
    size_t eta_count;
    const char **schedules; /* [schedule_count], after settling; NULL: the process' own */
    size_t schedule_count;
    const char *start;
    bool final_noise;
    myr_plan_options grid; /* of the options in grid_options.h; the rest of it is not used */
    /* After settling: eta, churn, noise scale are for those of several samplers alone that have it. */
    bool spared[3];
    char note[512];          /* says what was spared, for after the results; "" if nothing was */
    double *mean, *variance; /* [mean_count], [variance_count]; after settling as long as each other */
    size_t mean_count, variance_count;
    const char *target_file;  /* NULL: the Gaussian of mean and variance */
    myr_target *target;       /* after settling */
    char target_checksum[17]; /* of its file, after settling; "" if there is none to be had */
} cli_plan_options;

/* Process ve, all its samplers, 1,000 steps, the target N(0, 0.01). */
cli_plan_options cli_plan_options_default(void);
void cli_plan_options_free(cli_plan_options *options);

/* --process --sampler --steps --eta --start --final-noise --target --mean --variance, and those of
 * grid_options.h; the input is a cli_plan_options. */
extern const struct argp cli_plan_argp;
/* The same for a command that takes one sampler and one number of steps. */
extern const struct argp cli_single_plan_argp;

/* Resolves what depends on several options, makes the target and tries all plans, after parsing. Prints a
 * refusal; returns the exit status. */
int cli_plan_options_settle(myr_context *context, cli_plan_options *options);

/* Keeps, for --from, what settling has found: all samplers and steps by name, the process, how many
 * trajectories of which seed; and holds the target's file against that of a run that is repeated. Returns
 * the exit status. */
int cli_plan_options_keep(const cli_plan_options *options, const cli_run_options *run, cli_repeat *repeat);

/* Whether a sampler has eta, or is asked for it all the same. */
bool cli_plan_takes_eta(const cli_plan_options *options, size_t sampler);

/* The library's options for one of the samplers and one of the step counts, with the first eta and
 * schedule. */
myr_plan_options cli_plan_options_make(const cli_plan_options *options, size_t sampler, size_t steps);

#endif
