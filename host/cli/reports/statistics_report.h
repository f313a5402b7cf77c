/* Statistics beyond the moments, in the three forms of results. */
#ifndef MYRIAD_CLI_STATISTICS_REPORT_H
#define MYRIAD_CLI_STATISTICS_REPORT_H

#include "myriad/myriad.h"
#include "output.h"

/* A table of them by itself. */
void cli_statistics_text(const myr_statistic_row *rows, size_t count);

/* For the library's documented columns, a row's cells. */
#define CLI_STATISTICS_COLUMNS                                                                       \
    {"statistic", 0}, {"first", 0}, {"second", 0}, {"low", 0}, {"high", 0}, {"value", 0}, {"se", 0}, \
        {"resolution", 0}, {"expected", 0}, {                                                        \
        "p", 0                                                                                       \
    }
void cli_statistics_csv(cli_table *table, const myr_statistic_row *row);

/* An array of objects with those keys. */
json_t *cli_statistics_json(const myr_statistic_row *rows, size_t count);

#endif
