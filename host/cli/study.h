/* What is known of one sampler at one number of steps, for the commands that run trajectories. */
#ifndef MYRIAD_CLI_STUDY_H
#define MYRIAD_CLI_STUDY_H

#include "options/plan_options.h"
#include "options/run_options.h"
#include "reports/output.h"
#include "reports/run_record.h"

/* Arrays hold one number a coordinate; NaN where there is none. */
typedef struct cli_study {
    const char *sampler;
    uint64_t steps;
    cli_run_record record;
    myr_report run;
    double mean[MYR_MAX_DATA_DIMENSION], mean_error[MYR_MAX_DATA_DIMENSION];
    double variance[MYR_MAX_DATA_DIMENSION], variance_error[MYR_MAX_DATA_DIMENSION];
    double exact_mean[MYR_MAX_DATA_DIMENSION], exact_variance[MYR_MAX_DATA_DIMENSION];
    double limit[MYR_MAX_DATA_DIMENSION], target_variance[MYR_MAX_DATA_DIMENSION];
    double z[MYR_MAX_DATA_DIMENSION];    /* (variance - exact_variance) / variance_error */
    double bias[MYR_MAX_DATA_DIMENSION]; /* exact_variance, or else variance, / target_variance - 1 */
    myr_statistics *statistics;          /* NULL: none were asked for */
    const myr_statistic_row *rows;       /* [row_count]: theirs */
    size_t row_count;
} cli_study;

/* The exact values and the limit; NaN where the library knows none. */
myr_status cli_study_exact(myr_context *context, const myr_plan *plan, const myr_target *target,
                           cli_study *study);

/* Of the run's moments, after the exact values: everything else. */
void cli_study_statistics(const myr_target *target, const myr_moment *moments, cli_study *study);

/* Trajectory-steps of its run. */
double cli_study_work(const cli_run_options *run, const cli_study *study);

/* In every result between the sampler's name and what the command adds, in CSV "steps" to "math", in JSON
 * "steps" to "target_variance"; and, at the end, in CSV "checksum" to "trajectory_steps_per_second" and what made the
 * result, in JSON that first. */
void cli_study_begin_csv(cli_table *table, const cli_plan_options *plan, const cli_run_options *run,
                         const cli_study *study);
void cli_study_end_csv(cli_table *table, const cli_run_options *run, const cli_study *study);
void cli_study_begin_json(json_t *result, const cli_plan_options *plan, const cli_run_options *run,
                          const cli_study *study);
void cli_study_end_json(json_t *result, const cli_run_options *run, const cli_study *study);

typedef struct cli_warning {
    char text[sizeof((myr_report *)0)->warning];
} cli_warning;

/* The first warning of a command's runs is what the last one's report says: others may differ in the sampler
 * or the steps, but one line is enough. kept is empty before the first. */
void cli_study_keep_warning(cli_warning *kept, myr_report *report);

/* What a run's report has to say besides, on stderr: a line each. */
void cli_note_run(const myr_report *report);

/* The line of text on all runs together: where the last one ran, and how fast they were. */
void cli_study_end_text(double work, double seconds, const cli_study *last);

#endif
