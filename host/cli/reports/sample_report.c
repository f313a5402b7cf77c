#include "sample_report.h"

#include <inttypes.h>
#include <stdio.h>

/* "[1000, 1]" or "[8, 101, 1]" */
static const char *shape_of(const cli_sample_report *r, char text[80]) {
    char levels[32] = "";
    if (r->shape.levels > 0)
        snprintf(levels, sizeof levels, "%" PRIu64 ", ", r->shape.levels);
    snprintf(text, 80, "[%" PRIu64 ", %s%d]", r->shape.count, levels, r->shape.dimension);
    return text;
}

static double rate_of(const cli_sample_report *r) {
    return (double)r->shape.count / r->seconds;
}

static void print_text(const cli_sample_report *r) {
    char shape[80];
    printf("%s: %s%s, trajectories %" PRIu64 " to %" PRIu64 "\n", r->path ? r->path : "No file",
           shape_of(r, shape), r->shape.doubles ? " of float64" : "", r->shape.first,
           r->shape.first + (r->shape.count - 1));
    printf("Process %s, sampler %s of %" PRIu64 " steps, start %s, final noise %s, seed %" PRIu64 "\n",
           r->plan->process, r->plan->samplers[0], r->plan->steps[0], r->plan->start,
           r->plan->final_noise ? "on" : "off", r->run->seed);
    printf("%.4g trajectories per second on %s (%s), %s arithmetic, %.3g s\n", rate_of(r),
           r->report.backend, r->report.device, r->report.math, r->seconds);
    printf("Checksum of the samples %016" PRIx64 "\n", r->checksum);
    cli_repeat_text(r->repeat);
}

static void set_variances(json_t *object, const myr_target *target) {
    static double variance[MYR_MAX_DATA_DIMENSION];
    myr_target_moments(target, NULL, variance);
    cli_json_set(object, "target_variance", cli_json_numbers(variance, myr_target_dimension(target)));
}

static void print_json(const cli_sample_report *r) {
    json_t *object = cli_json_object(), *shape = cli_json_array();
    char checksum[17];
    snprintf(checksum, sizeof checksum, "%016" PRIx64, r->checksum);
    cli_repeat_begin_json(r->repeat, object);
    cli_json_append(shape, json_integer((json_int_t)r->shape.count));
    if (r->shape.levels > 0)
        cli_json_append(shape, json_integer((json_int_t)r->shape.levels));
    cli_json_append(shape, json_integer(r->shape.dimension));
    cli_json_set(object, "output", r->path ? json_string(r->path) : json_null());
    cli_json_set(object, "shape", shape);
    cli_json_set(object, "dtype", json_string(r->shape.doubles ? "float64" : "float32"));
    cli_json_set(object, "process", json_string(r->plan->process));
    cli_json_set(object, "sampler", json_string(r->plan->samplers[0]));
    cli_json_set(object, "steps", json_integer((json_int_t)r->plan->steps[0]));
    cli_json_set(object, "first", json_integer((json_int_t)r->shape.first));
    cli_json_set(object, "trajectories", json_integer((json_int_t)r->shape.count));
    cli_json_set(object, "seed", json_integer((json_int_t)r->run->seed));
    cli_json_set(object, "start", json_string(r->plan->start));
    cli_json_set(object, "backend", json_string(r->report.backend));
    cli_json_set(object, "math", json_string(r->report.math));
    cli_record_json(object, &r->record);
    set_variances(object, r->plan->target);
    cli_json_set(object, "checksum", json_string(checksum));
    cli_json_set(object, "seconds", cli_json_number(r->seconds));
    cli_json_set(object, "trajectories_per_second", cli_json_number(rate_of(r)));
    cli_repeat_end_json(r->repeat, object);
    cli_print_json(object);
}

static void print_csv(const cli_sample_report *r) {
    static const cli_column columns[] = {
        {"output", 0},   {"shape", 0},        {"process", 0},      {"sampler", 0},
        {"steps", 0},    {"trajectories", 0}, {"seed", 0},         {"start", 0},
        {"backend", 0},  {"math", 0},         {"seconds", 0},      {"trajectories_per_second", 0},
        {"checksum", 0}, CLI_RECORD_COLUMNS,  CLI_VARIANT_COLUMNS, {"dtype", 0}};
    cli_table table;
    char shape[80];
    cli_table_begin(&table, CLI_CSV, columns, sizeof columns / sizeof *columns);
    cli_put_text(&table, "%s", r->path ? r->path : "");
    cli_put_text(&table, "%s", shape_of(r, shape));
    cli_put_text(&table, "%s", r->plan->process);
    cli_put_text(&table, "%s", r->plan->samplers[0]);
    cli_put_text(&table, "%" PRIu64, r->plan->steps[0]);
    cli_put_text(&table, "%" PRIu64, r->shape.count);
    cli_put_text(&table, "%" PRIu64, r->run->seed);
    cli_put_text(&table, "%s", r->plan->start);
    cli_put_text(&table, "%s", r->report.backend);
    cli_put_text(&table, "%s", r->report.math);
    cli_put_number(&table, r->seconds);
    cli_put_number(&table, rate_of(r));
    cli_put_text(&table, "%016" PRIx64, r->checksum);
    cli_record_csv(&table, &r->record);
    cli_variant_csv(&table, &r->record);
    cli_put_text(&table, "%s", r->shape.doubles ? "float64" : "float32");
}

void cli_sample_print(const cli_sample_report *report, cli_format format) {
    if (format == CLI_JSON)
        print_json(report);
    else if (format == CLI_CSV)
        print_csv(report);
    else
        print_text(report);
}
