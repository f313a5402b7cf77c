/* What `myriad sample` says of the file that it has written. */
#ifndef MYRIAD_CLI_SAMPLE_REPORT_H
#define MYRIAD_CLI_SAMPLE_REPORT_H

#include "options/plan_options.h"
#include "options/run_options.h"
#include "output.h"
#include "run_record.h"

typedef struct cli_sample_report {
    const char *path; /* NULL: a picture alone */
    myr_samples_shape shape;
    const cli_plan_options *plan;
    const cli_run_options *run;
    cli_run_record record;
    const cli_repeat *repeat;
    uint64_t checksum; /* over the bits of the samples, or states, in double */
    myr_report report;
    double seconds; /* all of it: drawing and writing */
} cli_sample_report;

void cli_sample_print(const cli_sample_report *report, cli_format format);

#endif
