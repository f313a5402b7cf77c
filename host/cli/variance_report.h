/* The results of `myriad variance`, and their three forms on stdout. */
#ifndef MYRIAD_CLI_VARIANCE_REPORT_H
#define MYRIAD_CLI_VARIANCE_REPORT_H

#include "output.h"
#include "plan_options.h"
#include "run_options.h"
#include "study.h"

typedef struct cli_variance_report {
    cli_format format;
    const cli_plan_options *plan;
    const cli_run_options *run;
    cli_column columns[24];
    cli_table table;
    json_t *results;
    double work, seconds; /* trajectory-steps, and the time that they took */
} cli_variance_report;

void cli_variance_begin(cli_variance_report *report, cli_format format, const cli_plan_options *plan,
                        const cli_run_options *run);
void cli_variance_add(cli_variance_report *report, const cli_study *study);
/* Prints what comes after the last study, which may be looked at once more. */
void cli_variance_end(cli_variance_report *report, const cli_study *last);
/* Instead of it, after a failure. */
void cli_variance_drop(cli_variance_report *report);

#endif
