/* The results of `myriad variance`: what is known of one sampler at one number of steps, and its three
 * forms on stdout. */
#ifndef MYRIAD_CLI_VARIANCE_REPORT_H
#define MYRIAD_CLI_VARIANCE_REPORT_H

#include "output.h"
#include "plan_options.h"
#include "run_options.h"

/* Arrays hold one number a coordinate; NaN where there is none. */
typedef struct cli_study {
    const char *sampler;
    uint64_t steps;
    myr_run_report run;
    double mean[MYR_MAX_DATA_DIMENSION], mean_error[MYR_MAX_DATA_DIMENSION];
    double variance[MYR_MAX_DATA_DIMENSION], variance_error[MYR_MAX_DATA_DIMENSION];
    double exact_mean[MYR_MAX_DATA_DIMENSION], exact_variance[MYR_MAX_DATA_DIMENSION];
    double limit[MYR_MAX_DATA_DIMENSION], target_variance[MYR_MAX_DATA_DIMENSION];
    double z[MYR_MAX_DATA_DIMENSION];    /* (variance - exact_variance) / variance_error */
    double bias[MYR_MAX_DATA_DIMENSION]; /* exact_variance, or else variance, / target_variance - 1 */
} cli_study;

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
