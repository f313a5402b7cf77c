#include "statistics_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A bin's width, which its edges differ in; of an outer one, which has no end, that of the bin beside it. */
static double width_of(const myr_statistic_row *rows, size_t count, size_t n) {
    if (isinf(rows[n].low) && n + 1 < count)
        n++;
    else if (isinf(rows[n].high) && n > 0)
        n--;
    return rows[n].high - rows[n].low;
}

/* What row n is of, in words. */
static const char *describe(const myr_statistic_row *rows, size_t count, size_t n, char text[80]) {
    const myr_statistic_row *row = &rows[n];
    const bool is_histogram = strcmp(row->statistic, "histogram") == 0;
    const double width = width_of(rows, count, n);
    const bool is_occupancy = strcmp(row->statistic, "occupancy") == 0;
    if (is_histogram)
        snprintf(text, 80, "%d: %.*g to %.*g", row->first, cli_digits(row->low, width, 4), row->low,
                 cli_digits(row->high, width, 4), row->high);
    else if (strcmp(row->statistic, "quantiles") == 0)
        snprintf(text, 80, "%d: %g %%", row->first, 100.0 * row->low);
    else if (is_occupancy && row->first < 0)
        snprintf(text, 80, "chi^2, %d d.f.", row->second);
    else if (row->second >= 0)
        snprintf(text, 80, "%d, %d", row->first, row->second);
    else if (row->first >= 0)
        snprintf(text, 80, "%d", row->first);
    else
        snprintf(text, 80, "all");
    return text;
}

void cli_statistics_text(const myr_statistic_row *rows, size_t count) {
    static const cli_column columns[] = {{"statistic", -10},    {"of", -22},      {"value", 12},
                                         {"± std. error", -13}, {"expected", 12}, {"p", 9}};
    cli_table table;
    char text[80];
    cli_table_begin(&table, CLI_TEXT, columns, sizeof columns / sizeof *columns);
    for (size_t n = 0; n < count; n++) {
        cli_put_text(&table, "%s", rows[n].statistic);
        cli_put_text(&table, "%s", describe(rows, count, n, text));
        cli_put_measured(&table, rows[n].value, rows[n].standard_error);
        if (isfinite(rows[n].standard_error))
            cli_put_text(&table, "± %.2g", rows[n].standard_error);
        else
            cli_put_text(&table, "-");
        cli_put_beside(&table, rows[n].expected, rows[n].value, rows[n].standard_error);
        if (isfinite(rows[n].p))
            cli_put_text(&table, "%.3g", rows[n].p);
        else
            cli_put_text(&table, "-");
    }
}

/* In the order of the columns, from low on. */
static void list_numbers(const myr_statistic_row *row, double numbers[7]) {
    const double all[7] = {row->low,        row->high,     row->value, row->standard_error,
                           row->resolution, row->expected, row->p};
    memcpy(numbers, all, sizeof all);
}

static void put_index(cli_table *table, int index) {
    if (index >= 0)
        cli_put_text(table, "%d", index);
    else
        cli_put_text(table, "%s", "");
}

void cli_statistics_csv(cli_table *table, const myr_statistic_row *row) {
    double numbers[7];
    list_numbers(row, numbers);
    cli_put_text(table, "%s", row->statistic);
    put_index(table, row->first);
    put_index(table, row->second);
    for (int n = 0; n < 7; n++)
        cli_put_number(table, numbers[n]);
}

json_t *cli_statistics_json(const myr_statistic_row *rows, size_t count) {
    static const char *const keys[7] = {"low", "high", "value", "se", "resolution", "expected", "p"};
    json_t *array = cli_json_array();
    for (size_t n = 0; n < count; n++) {
        double numbers[7];
        list_numbers(&rows[n], numbers);
        json_t *object = cli_json_object();
        cli_json_set(object, "statistic", json_string(rows[n].statistic));
        cli_json_set(object, "first", rows[n].first >= 0 ? json_integer(rows[n].first) : json_null());
        cli_json_set(object, "second", rows[n].second >= 0 ? json_integer(rows[n].second) : json_null());
        for (int k = 0; k < 7; k++)
            cli_json_set(object, keys[k], cli_json_number(numbers[k]));
        cli_json_append(array, object);
    }
    return array;
}
