/* The results of `myriad sweep`, and their three forms on stdout. */
#ifndef MYRIAD_CLI_SWEEP_REPORT_H
#define MYRIAD_CLI_SWEEP_REPORT_H

#include "options/plan_options.h"
#include "options/run_options.h"
#include "output.h"
#include "study.h"
#include "sweep_estimate.h"

/* A sampler with a schedule and an eta, at all numbers of steps. */
typedef struct cli_sweep_line {
    size_t number;                  /* of the sampler among the plan's */
    const char *sampler, *schedule; /* schedule NULL: the process' own */
    double eta;                     /* MYR_DEFAULT_ETA: the sampler's own */
    const char *settled_schedule;   /* after the first run; NULL, MYR_DEFAULT_ETA: there is none */
    double settled_eta;
    cli_sweep_point *points; /* [steps] */
    cli_order order;
} cli_sweep_line;

/* One run, for a row of the table. */
typedef struct cli_sweep_run {
    const cli_sweep_line *line;
    const cli_sweep_point *point;
    bool against_limit;      /* its error is against the limit of many steps, else against the target */
    cli_difference change;   /* to the run before it in its line; NaN for the first */
    cli_difference contrast; /* to the first line's at the same steps; NaN there */
    cli_study study;
} cli_sweep_run;

typedef struct cli_sweep_report {
    cli_format format;
    const cli_plan_options *plan;
    const cli_run_options *run;
    const cli_repeat *repeat;
    size_t blocks;
    const char *distance; /* NULL: errors are the variance's */
    cli_table table;
    json_t *results;
    double work, seconds;
} cli_sweep_report;

void cli_sweep_begin(cli_sweep_report *report, cli_format format, const cli_plan_options *plan,
                     const cli_run_options *run, const cli_repeat *repeat, size_t blocks,
                     const char *distance);
void cli_sweep_add(cli_sweep_report *report, const cli_sweep_run *run);
/* Prints the orders of all lines, and what comes after; last: the last run. */
void cli_sweep_end(cli_sweep_report *report, const cli_sweep_line *lines, size_t count,
                   const cli_sweep_run *last);
/* Instead of it, after a failure. */
void cli_sweep_drop(cli_sweep_report *report);

/* The line's name in a table or picture: the sampler, and what else tells it apart. */
void cli_sweep_name(const cli_plan_options *plan, const cli_sweep_line *line, char *name, size_t size);

/* Trajectories at which the exact error would be visible; NaN without one. */
double cli_sweep_needed(const cli_sweep_report *report, const cli_sweep_point *point);

#endif
