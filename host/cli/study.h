/* What is known of one sampler at one number of steps, for the commands that run trajectories. */
#ifndef MYRIAD_CLI_STUDY_H
#define MYRIAD_CLI_STUDY_H

#include <jansson.h>

#include "myriad/myriad.h"

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
    myr_statistics *statistics;          /* NULL: none were asked for */
    const myr_statistic_row *rows;       /* [row_count]: theirs */
    size_t row_count;
} cli_study;

/* The exact values and the limit; NaN where the library knows none. */
myr_status cli_study_exact(myr_context *context, const myr_plan *plan, const myr_target *target,
                           cli_study *study);

/* Of the run's moments, after the exact values: everything else. */
void cli_study_statistics(const myr_target *target, const myr_moment *moments, cli_study *study);

/* The keys "mean" to "target_variance", in a result. */
void cli_study_set_json(json_t *result, const cli_study *study, int dimension);

#endif
