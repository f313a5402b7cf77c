/* The results of `myriad variance`, and their three forms on stdout. */
#ifndef MYRIAD_CLI_VARIANCE_REPORT_H
#define MYRIAD_CLI_VARIANCE_REPORT_H

#include "options/plan_options.h"
#include "options/repeat.h"
#include "options/run_options.h"
#include "output.h"
#include "study.h"

/* A study's statistics, kept. */
typedef struct cli_section {
    const char *sampler;
    uint64_t steps;
    myr_statistic_row *rows; /* [count] */
    size_t count;
} cli_section;

typedef struct cli_variance_report {
    cli_format format;
    const cli_plan_options *plan;
    const cli_run_options *run;
    const cli_repeat *repeat;
    bool statistics;
    cli_column columns[24];
    cli_table table;
    json_t *results;
    double work, seconds; /* trajectory-steps, and the time that they took */
    /* What text says of statistics comes behind the table: a section a study. */
    cli_section *sections; /* [section_count] */
    size_t section_count;
} cli_variance_report;

/* statistics: whether the studies have any; the table of CSV is then of them alone. */
void cli_variance_begin(cli_variance_report *report, cli_format format, bool statistics,
                        const cli_plan_options *plan, const cli_run_options *run, const cli_repeat *repeat);
void cli_variance_add(cli_variance_report *report, const cli_study *study);
/* Prints what comes after the last study, which may be looked at once more. */
void cli_variance_end(cli_variance_report *report, const cli_study *last);
/* Instead of it, after a failure. */
void cli_variance_drop(cli_variance_report *report);

#endif
