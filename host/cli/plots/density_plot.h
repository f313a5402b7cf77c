/* The picture of `myriad variance`: histograms of the samples, a line for each run, against the target's
 * exact density; a panel for each of the first nine coordinates. */
#ifndef MYRIAD_CLI_DENSITY_PLOT_H
#define MYRIAD_CLI_DENSITY_PLOT_H

#include "options/plan_options.h"
#include "plot.h"

typedef struct cli_histogram {
    char name[64]; /* of the run */
    size_t count;
    myr_statistic_row *rows; /* [count] */
} cli_histogram;

typedef struct cli_density_picture {
    cli_plot_options options;
    cli_histogram *runs;
    size_t count;
} cli_density_picture;

/* Takes up a run's histogram: a set of that statistic, which may go then. */
myr_status cli_density_keep(myr_context *context, cli_density_picture *picture, const myr_plan *plan,
                            const char *sampler, myr_statistics *histogram);

/* Draws it, if --plot asks for it. Prints what went wrong; returns the exit status. */
int cli_density_draw(const cli_density_picture *picture, const cli_plan_options *options,
                     uint64_t trajectories);
void cli_density_free(cli_density_picture *picture);

#endif
