#include "sweep_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "messages.h"

void cli_sweep_name(const cli_plan_options *plan, const cli_sweep_line *line, char *name, size_t size) {
    int used = snprintf(name, size, "%s", line->sampler);
    if (plan->schedule_count > 1)
        used += snprintf(name + used, size - (size_t)used, " %s", line->schedule);
    if (plan->eta_count > 1 && line->eta >= 0.0)
        snprintf(name + used, size - (size_t)used, " eta %g", line->eta);
}

double cli_sweep_needed(const cli_sweep_report *report, const cli_sweep_point *point) {
    const double short_by = CLI_FLOOR * point->standard_error / point->exact;
    return (double)report->run->trajectories * short_by * short_by;
}

/* ---- text ------------------------------------------------------------------------------------------ */

static void begin_text(cli_sweep_report *report) {
    static const cli_column columns[] = {
        {"sampler", -24}, {"steps", 7},  {"variance", 11}, {"error", 11},
        {"± s.e.", -9},   {"exact", 11}, {"gain", 6},      {"Monte Carlo floor", -1},
    };
    const cli_plan_options *plan = report->plan;
    printf("Process %s, %" PRIu64 " trajectories in %zu blocks, start %s, final noise %s, seed %" PRIu64
           "\n\n",
           plan->process, report->run->trajectories, report->blocks, plan->start,
           plan->final_noise ? "on" : "off", report->run->seed);
    cli_table_begin(&report->table, CLI_TEXT, columns, sizeof columns / sizeof *columns);
}

static double mean_of(const double *values, int count) {
    double sum = 0.0;
    for (int c = 0; c < count; c++)
        sum += values[c];
    return sum / count;
}

static void add_text(cli_sweep_report *report, const cli_sweep_run *run) {
    cli_table *table = &report->table;
    const cli_sweep_point *point = run->point;
    char name[128];
    cli_sweep_name(report->plan, run->line, name, sizeof name);
    cli_put_text(table, "%s", name);
    cli_put_text(table, "%" PRIu64, point->steps);
    const int d = myr_target_dimension(report->plan->target);
    cli_put_measured(table, mean_of(run->study.variance, d), mean_of(run->study.variance_error, d));
    cli_put_measured(table, point->error.whole, point->standard_error);
    cli_put_text(table, "± %.2g", point->standard_error);
    cli_put_measured(table, point->exact, point->standard_error);
    if (isfinite(run->change.gain))
        cli_put_text(table, "%.3g", run->change.gain);
    else
        cli_put_text(table, "-");
    if (!cli_is_hidden(point))
        cli_put_text(table, "above");
    else if (isfinite(point->exact) && point->exact != 0.0)
        cli_put_text(table, "below; above from %.1e trajectories", cli_sweep_needed(report, point));
    else
        cli_put_text(table, "below");
}

static void put_order(const cli_plan_options *plan, cli_table *table, const cli_sweep_line *line) {
    char name[128];
    cli_sweep_name(plan, line, name, sizeof name);
    cli_put_text(table, "%s", name);
    if (isnan(line->order.order)) {
        cli_put_text(table, "-");
        cli_put_text(table, "-");
        cli_put_text(table, "-");
        cli_put_text(table, "no two points in a row are above the floor and of one sign");
        return;
    }
    const int decimals = cli_decimals(line->order.standard_error, 4);
    cli_put_text(table, "%.*f", decimals, line->order.order);
    cli_put_text(table, "± %.2g", line->order.standard_error);
    if (isfinite(line->order.exact))
        cli_put_text(table, "%.*f", decimals, line->order.exact);
    else
        cli_put_text(table, "-");
    cli_put_text(table, "%" PRIu64 " to %" PRIu64, line->points[line->order.first].steps,
                 line->points[line->order.last].steps);
}

static void end_text(const cli_sweep_report *report, const cli_sweep_line *lines, size_t count,
                     const cli_sweep_run *last) {
    static const cli_column columns[] = {
        {"sampler", -24}, {"order", 8}, {"± s.e.", -9}, {"exact", 8}, {"fitted to steps", -1}};
    cli_table table;
    printf("\n");
    cli_table_begin(&table, CLI_TEXT, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < count; i++)
        put_order(report->plan, &table, &lines[i]);
    if (report->distance)
        printf(
            "\nerror: %s, the distance from the target, of several coordinates their mean\n"
            "floor: what exact draws would give, and three standard errors; order: error ~ steps^-order, "
            "fitted to what\n  is above it\n",
            report->distance);
    else
        printf(
            "\nerror: of the variance, against %s, as a share of the target's variance\n"
            "gain: all runs share their random numbers, so the change from the row before is known that "
            "many times\n  better than that of independent runs\n"
            "floor: three standard errors; order: error ~ steps^-order, fitted to what is above it\n",
            last->against_limit ? "its limit of many steps" : "the target's");
    cli_study_end_text(report->work, report->seconds, &last->study);
    cli_repeat_text(report->repeat);
}

/* ---- CSV ------------------------------------------------------------------------------------------- */

static const cli_column csv_columns[] = {
    {"process", 0},       {"sampler", 0},      {"schedule", 0}, {"eta", 0},
    {"steps", 0},         {"trajectories", 0}, {"seed", 0},     {"start", 0},
    {"backend", 0},       {"math", 0},         {"error", 0},    {"error_se", 0},
    {"exact_error", 0},   {"against", 0},      {"hidden", 0},   {"change", 0},
    {"change_se", 0},     {"change_gain", 0},  {"contrast", 0}, {"contrast_se", 0},
    {"contrast_gain", 0}, {"checksum", 0},     {"seconds", 0},  {"trajectory_steps_per_second", 0},
    CLI_RECORD_COLUMNS};

static void put_difference(cli_table *table, const cli_difference *difference) {
    cli_put_number(table, difference->value);
    cli_put_number(table, difference->standard_error);
    cli_put_number(table, difference->gain);
}

static void add_csv(cli_sweep_report *report, const cli_sweep_run *run) {
    cli_table *table = &report->table;
    const cli_sweep_line *line = run->line;
    cli_put_text(table, "%s", report->plan->process);
    cli_put_text(table, "%s", line->sampler);
    cli_variant_csv(table, &run->study.record);
    cli_study_begin_csv(table, report->plan, report->run, &run->study);
    cli_put_number(table, run->point->error.whole);
    cli_put_number(table, run->point->standard_error);
    cli_put_number(table, run->point->exact);
    cli_put_text(table, "%s", run->against_limit ? "limit" : "target");
    cli_put_text(table, "%s", cli_is_hidden(run->point) ? "true" : "false");
    put_difference(table, &run->change);
    put_difference(table, &run->contrast);
    cli_study_end_csv(table, report->run, &run->study);
}

/* ---- JSON ------------------------------------------------------------------------------------------ */

static void name_line(json_t *object, const cli_sweep_report *report, const cli_sweep_line *line) {
    cli_json_set(object, "process", json_string(report->plan->process));
    cli_json_set(object, "sampler", json_string(line->sampler));
    cli_json_set(object, "schedule",
                 line->settled_schedule ? json_string(line->settled_schedule) : json_null());
    cli_json_set(object, "eta", cli_json_number(line->settled_eta < 0.0 ? NAN : line->settled_eta));
}

static void set_difference(json_t *object, const char *name, const cli_difference *difference) {
    json_t *numbers = cli_json_object();
    cli_json_set(numbers, "value", cli_json_number(difference->value));
    cli_json_set(numbers, "se", cli_json_number(difference->standard_error));
    cli_json_set(numbers, "gain", cli_json_number(difference->gain));
    cli_json_set(object, name, numbers);
}

static void add_json(cli_sweep_report *report, const cli_sweep_run *run) {
    const cli_sweep_point *point = run->point;
    json_t *result = cli_json_object();
    name_line(result, report, run->line);
    cli_study_begin_json(result, report->plan, report->run, &run->study);
    cli_json_set(result, "error", cli_json_number(point->error.whole));
    cli_json_set(result, "error_se", cli_json_number(point->standard_error));
    cli_json_set(result, "error_of", json_string(report->distance ? report->distance : "variance"));
    cli_json_set(result, "floor", cli_json_number(point->floor));
    cli_json_set(result, "exact_error", cli_json_number(point->exact));
    cli_json_set(result, "against", json_string(run->against_limit ? "limit" : "target"));
    cli_json_set(result, "hidden", json_boolean(cli_is_hidden(point)));
    cli_json_set(result, "visible_from", cli_json_number(cli_sweep_needed(report, point)));
    set_difference(result, "change", &run->change);
    set_difference(result, "contrast", &run->contrast);
    cli_study_end_json(result, report->run, &run->study);
    cli_json_append(report->results, result);
}

static void end_json(const cli_sweep_report *report, const cli_sweep_line *lines, size_t count) {
    json_t *object = cli_json_object(), *orders = cli_json_array();
    for (size_t i = 0; i < count; i++) {
        const cli_order *order = &lines[i].order;
        const bool fitted = !isnan(order->order);
        json_t *result = cli_json_object();
        name_line(result, report, &lines[i]);
        cli_json_set(result, "order", cli_json_number(order->order));
        cli_json_set(result, "order_se", cli_json_number(order->standard_error));
        cli_json_set(result, "exact_order", cli_json_number(order->exact));
        cli_json_set(result, "fewest_steps",
                     fitted ? json_integer((json_int_t)lines[i].points[order->first].steps) : json_null());
        cli_json_set(result, "most_steps",
                     fitted ? json_integer((json_int_t)lines[i].points[order->last].steps) : json_null());
        cli_json_append(orders, result);
    }
    cli_repeat_begin_json(report->repeat, object);
    cli_json_set(object, "results", report->results);
    cli_json_set(object, "orders", orders);
    cli_json_set(object, "blocks", json_integer((json_int_t)report->blocks));
    cli_repeat_end_json(report->repeat, object);
    cli_print_json(object);
}

/* ---- all ------------------------------------------------------------------------------------------- */

void cli_sweep_begin(cli_sweep_report *report, cli_format format, const cli_plan_options *plan,
                     const cli_run_options *run, const cli_repeat *repeat, size_t blocks,
                     const char *distance) {
    *report = (cli_sweep_report){.format = format,
                                 .plan = plan,
                                 .run = run,
                                 .repeat = repeat,
                                 .blocks = blocks,
                                 .distance = distance};
    if (format == CLI_JSON)
        report->results = cli_json_array();
    else if (format == CLI_CSV)
        cli_table_begin(&report->table, CLI_CSV, csv_columns, sizeof csv_columns / sizeof *csv_columns);
    else
        begin_text(report);
}

void cli_sweep_add(cli_sweep_report *report, const cli_sweep_run *run) {
    report->work += cli_study_work(report->run, &run->study);
    report->seconds += run->study.run.seconds;
    if (report->format == CLI_JSON)
        add_json(report, run);
    else if (report->format == CLI_CSV)
        add_csv(report, run);
    else
        add_text(report, run);
    cli_show_results(); /* each when it is done */
}

void cli_sweep_end(cli_sweep_report *report, const cli_sweep_line *lines, size_t count,
                   const cli_sweep_run *last) {
    if (report->format == CLI_JSON)
        end_json(report, lines, count);
    else if (report->format == CLI_TEXT)
        end_text(report, lines, count, last);
}

void cli_sweep_drop(cli_sweep_report *report) {
    json_decref(report->results);
}
