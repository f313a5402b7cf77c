/* In every result: all that made it, so that it can be made again. */
#ifndef MYRIAD_CLI_RUN_RECORD_H
#define MYRIAD_CLI_RUN_RECORD_H

#include "options/plan_options.h"
#include "options/run_options.h"
#include "output.h"

/* One run, as it was asked for and settled. */
typedef struct cli_run_record {
    const cli_plan_options *options; /* of all runs of the command: the target, the start and the like */
    myr_plan_options plan;           /* settled: every default that process and sampler have filled in */
    uint64_t first;                  /* the index of the first trajectory */
} cli_run_record;

/* Settles the plan. */
myr_status cli_run_record_make(myr_context *context, const cli_plan_options *options,
                               const myr_plan_options *plan, uint64_t first, cli_run_record *record);

/* The columns of CSV from "schedule" and "eta" on; without these two, those after them.
 * The first trajectory's index has a name of its own where a table has another "first". */
#define CLI_VARIANT_COLUMNS \
    {"schedule", 0}, {      \
        "eta", 0            \
    }
#define CLI_RECORD_COLUMNS_NAMING(first)                                                                  \
    {"final_noise", 0}, {"beta_start", 0}, {"beta_end", 0}, {"train_steps", 0}, {"zero_terminal_snr", 0}, \
        {"spacing", 0}, {"steps_offset", 0}, {"final_alpha", 0}, {"sigma_min", 0}, {"sigma_max", 0},      \
        {"rho", 0}, {"churn", 0}, {"churn_min", 0}, {"churn_max", 0}, {"noise_scale", 0}, {first, 0},     \
        {"target", 0}, {"target_checksum", 0}, {"target_means", 0}, {"target_variances", 0}, {            \
        "version", 0                                                                                      \
    }
#define CLI_RECORD_COLUMNS CLI_RECORD_COLUMNS_NAMING("first")
void cli_variant_csv(cli_table *table, const cli_run_record *record);
void cli_record_csv(cli_table *table, const cli_run_record *record);

/* The keys of JSON; what process or sampler do not have is null. */
void cli_record_json(json_t *result, const cli_run_record *record);

#endif
