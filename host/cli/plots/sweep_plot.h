/* The picture of `myriad sweep`: error against steps, both in logarithms, a line for each sampler; shaded,
 * what lies below the Monte Carlo floor. */
#ifndef MYRIAD_CLI_SWEEP_PLOT_H
#define MYRIAD_CLI_SWEEP_PLOT_H

#include "plot.h"
#include "reports/sweep_report.h"

/* Prints what went wrong; returns the exit status. */
int cli_sweep_plot(const cli_sweep_report *report, const cli_sweep_line *lines, size_t count,
                   const cli_plot_options *options);

#endif
