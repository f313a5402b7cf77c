/* The results of `myriad fit`: a table, CSV, JSON, a picture. */
#ifndef MYRIAD_CLI_FIT_REPORT_H
#define MYRIAD_CLI_FIT_REPORT_H

#include <stdbool.h>

#include "myriad/myriad.h"
#include "output.h"
#include "plots/plot.h"

typedef struct cli_fit_result {
    const myr_outcomes *outcomes;
    const myr_fit_options *options;
    bool features;           /* the estimates are those of features; else of items */
    uint64_t count;          /* of estimates */
    myr_estimate *estimates; /* [count] */
    const uint64_t *order;   /* [count]: by prompt, then from the best on */
    myr_fit_report report;
} cli_fit_result;

void cli_fit_print(cli_format format, const cli_fit_result *result);

/* Before the fit: whether so many estimates can be drawn. Prints a refusal; returns the exit status. */
int cli_fit_check_plot(const cli_plot_options *options, uint64_t count);

/* Draws the estimates; prints what went wrong; returns the exit status. */
int cli_fit_plot(const cli_plot_options *options, const cli_fit_result *result);

#endif
