#include "variance_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"
#include "statistics_report.h"

/* Of more coordinates than many, few are shown. */
enum { MANY = 16, FEW = 8 };

static int dimension_of(const cli_variance_report *report) {
    return myr_target_dimension(report->plan->target);
}

/* ---- text ------------------------------------------------------------------------------------------ */

/* Letters of the longest sampler's name, and at least 15. */
static int longest_name(const cli_plan_options *plan) {
    size_t longest = 15;
    for (size_t i = 0; i < plan->sampler_count; i++)
        if (strlen(plan->samplers[i]) > longest)
            longest = strlen(plan->samplers[i]);
    return (int)longest;
}

static void begin_text(cli_variance_report *report) {
    const cli_plan_options *plan = report->plan;
    bool many_steps = plan->steps_count > 1, many_coordinates = dimension_of(report) > 1;
    int count = 0;
    cli_column *columns = report->columns;
    columns[count++] = (cli_column){"sampler", -longest_name(plan)};
    if (many_steps)
        columns[count++] = (cli_column){"steps", 7};
    if (many_coordinates)
        columns[count++] = (cli_column){"coordinate", 10};
    columns[count++] = (cli_column){"variance", 11};
    columns[count++] = (cli_column){"± std. error", -13};
    columns[count++] = (cli_column){"exact", 11};
    columns[count++] = (cli_column){"z", 6};
    columns[count++] = (cli_column){"limit Dt->0", 11};
    columns[count++] = (cli_column){"target", 10};
    columns[count++] = (cli_column){"bias", 10};
    columns[count++] = (cli_column){"checksum", -16};
    printf("Process %s, %" PRIu64 " trajectories", plan->process, report->run->trajectories);
    if (!many_steps)
        printf(" of %" PRIu64 " steps", plan->steps[0]);
    printf(", start %s, final noise %s, seed %" PRIu64 "\n\n", plan->start,
           plan->final_noise ? "on" : "off", report->run->seed);
    cli_table_begin(&report->table, CLI_TEXT, columns, count);
}

/* Below the first of many coordinates: all of them in a line. */
static void print_summary(const cli_study *study, int dimension, int width) {
    double variance = 0.0, exact = 0.0, target = 0.0, largest = -1.0;
    int where = 0;
    for (int c = 0; c < dimension; c++) {
        variance += study->variance[c] / dimension;
        exact += study->exact_variance[c] / dimension;
        target += study->target_variance[c] / dimension;
        if (fabs(study->z[c]) > largest) {
            largest = fabs(study->z[c]);
            where = c;
        }
    }
    printf("%-*s  all %d: mean variance %.6g", width, study->sampler, dimension, variance);
    if (isfinite(exact))
        printf(", exact %.6g", exact);
    printf(", target %.6g", target);
    if (largest >= 0.0)
        printf(", |z| at most %.2f, at coordinate %d", largest, where);
    printf(" (--format csv has each)\n");
}

static void add_text(cli_variance_report *report, const cli_study *study) {
    cli_table *table = &report->table;
    const int dimension = dimension_of(report), shown = dimension > MANY ? FEW : dimension;
    for (int c = 0; c < shown; c++) {
        cli_put_text(table, "%s", study->sampler);
        if (report->plan->steps_count > 1)
            cli_put_text(table, "%" PRIu64, study->steps);
        if (dimension_of(report) > 1)
            cli_put_text(table, "%d", c);
        const double error = study->variance_error[c];
        cli_put_measured(table, study->variance[c], error);
        if (isfinite(study->variance_error[c]))
            cli_put_text(table, "± %.2g", study->variance_error[c]);
        else
            cli_put_text(table, "-");
        cli_put_measured(table, study->exact_variance[c], error);
        if (isnan(study->z[c]))
            cli_put_text(table, "-");
        else
            cli_put_text(table, "%+.2f", study->z[c]); /* +inf and -inf too */
        cli_put_beside(table, study->limit[c], study->variance[c], error);
        cli_put_beside(table, study->target_variance[c], study->variance[c], error);
        if (isfinite(study->bias[c])) /* a coordinate of data may have no variance */
            cli_put_text(table, "%+.4f %%", 100.0 * study->bias[c]);
        else
            cli_put_text(table, "-");
        cli_put_text(table, "%016" PRIx64, study->run.checksum);
    }
    if (shown < dimension)
        print_summary(study, dimension, longest_name(report->plan));
}

/* The study's statistics are the set's, which is freed: a copy stays. */
static void keep_section(cli_variance_report *report, const cli_study *study) {
    const size_t n = report->section_count + 1;
    cli_section *larger = realloc(report->sections, n * sizeof *larger);
    myr_statistic_row *rows = malloc(study->row_count * sizeof *rows);
    if (!larger || !rows)
        cli_out_of_memory();
    memcpy(rows, study->rows, study->row_count * sizeof *rows);
    larger[n - 1] = (cli_section){study->sampler, study->steps, rows, study->row_count};
    report->sections = larger;
    report->section_count = n;
}

static void print_sections(const cli_variance_report *report) {
    for (size_t n = 0; n < report->section_count; n++) {
        const cli_section *section = &report->sections[n];
        printf("\nStatistics of %s, %" PRIu64 " steps\n\n", section->sampler, section->steps);
        cli_statistics_text(section->rows, section->count);
    }
    if (report->section_count > 0)
        printf(
            "\nexpected: of exact draws from the target; p: how likely these are to give that value or "
            "more\n");
}

static void free_sections(cli_variance_report *report) {
    for (size_t n = 0; n < report->section_count; n++)
        free(report->sections[n].rows);
    free(report->sections);
}

static void end_text(const cli_variance_report *report, const cli_study *last) {
    printf("\nbias: of the exact variance, or where there is none of the estimate, against the target's\n");
    cli_study_end_text(report->work, report->seconds, last);
    cli_repeat_text(report->repeat);
    print_sections(report);
}

/* ---- CSV ------------------------------------------------------------------------------------------- */

/* What a line of either table begins with: put_run puts it there. */
#define RUN_COLUMNS                                                                               \
    {"process", 0}, {"sampler", 0}, {"steps", 0}, {"trajectories", 0}, {"seed", 0}, {"start", 0}, \
        {"backend", 0}, {                                                                         \
        "math", 0                                                                                 \
    }

static const cli_column csv_columns[] = {RUN_COLUMNS,
                                         {"coordinate", 0},
                                         {"mean", 0},
                                         {"mean_se", 0},
                                         {"variance", 0},
                                         {"variance_se", 0},
                                         {"exact_mean", 0},
                                         {"exact_variance", 0},
                                         {"z", 0},
                                         {"limit", 0},
                                         {"target_variance", 0},
                                         {"checksum", 0},
                                         {"seconds", 0},
                                         {"trajectory_steps_per_second", 0},
                                         CLI_RECORD_COLUMNS,
                                         CLI_VARIANT_COLUMNS};

static const cli_column statistics_columns[] = {RUN_COLUMNS,
                                                CLI_STATISTICS_COLUMNS,
                                                {"checksum", 0},
                                                CLI_RECORD_COLUMNS_NAMING("first_trajectory"),
                                                CLI_VARIANT_COLUMNS};

static void put_run(cli_variance_report *report, const cli_study *study) {
    cli_put_text(&report->table, "%s", report->plan->process);
    cli_put_text(&report->table, "%s", study->sampler);
    cli_study_begin_csv(&report->table, report->plan, report->run, study);
}

static void add_statistics_csv(cli_variance_report *report, const cli_study *study) {
    for (size_t n = 0; n < study->row_count; n++) {
        put_run(report, study);
        cli_statistics_csv(&report->table, &study->rows[n]);
        cli_put_text(&report->table, "%016" PRIx64, study->run.checksum);
        cli_record_csv(&report->table, &study->record);
        cli_variant_csv(&report->table, &study->record);
    }
}

static void add_csv(cli_variance_report *report, const cli_study *study) {
    cli_table *table = &report->table;
    for (int c = 0; c < dimension_of(report); c++) {
        put_run(report, study);
        cli_put_text(table, "%d", c);
        cli_put_number(table, study->mean[c]);
        cli_put_number(table, study->mean_error[c]);
        cli_put_number(table, study->variance[c]);
        cli_put_number(table, study->variance_error[c]);
        cli_put_number(table, study->exact_mean[c]);
        cli_put_number(table, study->exact_variance[c]);
        if (isinf(study->z[c]))
            cli_put_text(table, "%g", study->z[c]);
        else
            cli_put_number(table, study->z[c]);
        cli_put_number(table, study->limit[c]);
        cli_put_number(table, study->target_variance[c]);
        cli_study_end_csv(table, report->run, study);
        cli_variant_csv(table, &study->record);
    }
}

/* ---- JSON ------------------------------------------------------------------------------------------ */

static void add_json(cli_variance_report *report, const cli_study *study) {
    json_t *result = cli_json_object();
    cli_json_set(result, "process", json_string(report->plan->process));
    cli_json_set(result, "sampler", json_string(study->sampler));
    cli_study_begin_json(result, report->plan, report->run, study);
    cli_study_end_json(result, report->run, study);
    if (study->statistics)
        cli_json_set(result, "statistics", cli_statistics_json(study->rows, study->row_count));
    cli_json_append(report->results, result);
}

/* ---- all ------------------------------------------------------------------------------------------- */

void cli_variance_begin(cli_variance_report *report, cli_format format, bool statistics,
                        const cli_plan_options *plan, const cli_run_options *run,
                        const cli_repeat *repeat) {
    *report = (cli_variance_report){
        .format = format, .plan = plan, .run = run, .repeat = repeat, .statistics = statistics};
    if (format == CLI_JSON)
        report->results = cli_json_array();
    else if (format == CLI_CSV && statistics)
        cli_table_begin(&report->table, CLI_CSV, statistics_columns,
                        sizeof statistics_columns / sizeof *statistics_columns);
    else if (format == CLI_CSV)
        cli_table_begin(&report->table, CLI_CSV, csv_columns, sizeof csv_columns / sizeof *csv_columns);
    else
        begin_text(report);
}

void cli_variance_add(cli_variance_report *report, const cli_study *study) {
    report->work += cli_study_work(report->run, study);
    report->seconds += study->run.seconds;
    if (report->format == CLI_JSON)
        add_json(report, study);
    else if (report->format == CLI_CSV)
        (report->statistics ? add_statistics_csv : add_csv)(report, study);
    else
        add_text(report, study);
    if (report->format == CLI_TEXT && report->statistics)
        keep_section(report, study);
    cli_show_results(); /* each sampler when it is done */
}

void cli_variance_end(cli_variance_report *report, const cli_study *last) {
    if (report->format == CLI_TEXT)
        end_text(report, last);
    free_sections(report);
    if (report->format != CLI_JSON)
        return;
    json_t *object = cli_json_object();
    cli_repeat_begin_json(report->repeat, object);
    cli_json_set(object, "results", report->results);
    cli_repeat_end_json(report->repeat, object);
    cli_print_json(object);
}

void cli_variance_drop(cli_variance_report *report) {
    json_decref(report->results);
    free_sections(report);
}
