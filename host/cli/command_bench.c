/* myriad bench: throughput against the hardware's limit. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "command.h"
#include "help/help.h"
#include "options/arguments.h"
#include "options/named_files.h"
#include "options/run_options.h"
#include "reports/messages.h"
#include "reports/output.h"
#include "reports/progress.h"

static const char doc[] =
    "Measures throughput. Each measurement is checked against the reference first; then it runs once to "
    "warm up and --repeats times against the clock. The rate is that of the median; the limit comes from "
    "a ceiling that is measured in the same run (that of reading memory in turn with the work, since it "
    "changes), and is empty where there is none."
    "\vThe exit status is 1 if a measurement's results were wrong.\n"
    "\n"
    "Example:\n"
    "  myriad bench --name gaussian --threads 1";

typedef struct bench_arguments {
    const char *name; /* NULL: all */
    uint64_t repeats;
    double scale;
    const char *points;
} bench_arguments;

enum { KEY_NAME = 500, KEY_REPEATS, KEY_SCALE, KEY_TARGET };

static const struct argp_option bench_argp_options[] = {
    {NULL, 0, NULL, 0, "The measurement:", 1},
    {"name", KEY_NAME, "NAME", 0, "which one of those below, or all (all)", 1},
    {"repeats", KEY_REPEATS, "N", 0, "timed runs, 3 to 1000 (7)", 1},
    {"target", KEY_TARGET, "FILE.npy", 0,
     "data points for the measurement empirical (1,797 made-up ones, d = 64)", 1},
    {"scale", KEY_SCALE, "X", 0, "work of a timed run; 1 is about half a second (1)", 1},
    {0}};

static error_t read_name(const char *argument, const char **name) {
    const char *names[64];
    size_t count = 0;
    for (; count < 63 && bench_case_at((int)count); count++)
        names[count] = bench_case_at((int)count)->name;
    names[count++] = "all";
    int choice = cli_read_choice("--name", argument, names, count);
    if (choice < 0)
        return CLI_REPORTED;
    *name = (size_t)choice == count - 1 ? NULL : names[choice];
    return 0;
}

static error_t read_points(const char *argument, const char **points) {
    const size_t length = strlen(argument);
    *points = argument;
    cli_name_input("--target", argument);
    if (length > 4 && strcmp(argument + length - 4, ".npy") == 0)
        return 0;
    cli_fail(CLI_USAGE, "--target: '%s' is no file of data points: expected the name of one, FILE.npy",
             argument);
    return CLI_REPORTED;
}

static error_t parse_bench(int key, char *argument, struct argp_state *state) {
    static const cli_interval scales = {
        .low = 0.001, .high = 1000.0, .expected = "a number from 0.001 to 1000"};
    bench_arguments *arguments = state->input;
    switch (key) {
        case KEY_NAME:
            return read_name(argument, &arguments->name);
        case KEY_REPEATS:
            return cli_read_count("--repeats", argument, 3, 1000, &arguments->repeats);
        case KEY_TARGET:
            return read_points(argument, &arguments->points);
        case KEY_SCALE:
            return cli_read_real("--scale", argument, &scales, &arguments->scale);
        case ARGP_KEY_SUCCESS:
            if (!arguments->points || !arguments->name ||
                strcmp(arguments->name, bench_empirical.name) == 0)
                return 0;
            cli_fail(CLI_USAGE, "--target: the measurement %s has no data points: expected --name %s",
                     arguments->name, bench_empirical.name);
            return CLI_REPORTED;
        default:
            return ARGP_ERR_UNKNOWN;
    }
}

static const char *name_of(int index) {
    return bench_case_at(index) ? bench_case_at(index)->name : NULL;
}

static const char *help_of(int index) {
    return bench_case_at(index)->help;
}

/* What --help says of the measurements, from their list. */
static char *filter_help(int key, const char *text, void *input) {
    (void)input;
    return key == ARGP_KEY_HELP_EXTRA ? cli_help_list(NULL, "The measurements:", name_of, help_of)
                                      : (char *)text;
}

static const struct argp bench_argp = {
    .options = bench_argp_options, .parser = parse_bench, .help_filter = filter_help};

typedef struct bench_outcome {
    cli_format format;
    bool begun;
    cli_table table;
    json_t *results;
    uint64_t wrong;
    cli_progress progress;
    double cases; /* behind, of the measurements */
} bench_outcome;

static const cli_column text_columns[] = {{"name", -10}, {"backend", -10}, {"rate", 12},     {"unit", -20},
                                          {"limit", 12}, {"share", 7},     {"median s", 12}, {"wrong", 6},
                                          {"size", -28}, {"device", -10}};
static const cli_column csv_columns[] = {{"name", 0},        {"backend", 0},        {"device", 0},
                                         {"size", 0},        {"seconds_median", 0}, {"seconds_min", 0},
                                         {"seconds_max", 0}, {"rate", 0},           {"unit", 0},
                                         {"limit", 0},       {"share_of_limit", 0}, {"wrong", 0}};

static void begin(bench_outcome *o) {
    if (o->begun)
        return;
    o->begun = true;
    if (o->format == CLI_JSON)
        o->results = cli_json_array();
    else if (o->format == CLI_CSV)
        cli_table_begin(&o->table, CLI_CSV, csv_columns, sizeof csv_columns / sizeof *csv_columns);
    else
        cli_table_begin(&o->table, CLI_TEXT, text_columns, sizeof text_columns / sizeof *text_columns);
}

static void add_json(bench_outcome *o, const bench_result *r) {
    json_t *object = cli_json_object();
    cli_json_set(object, "name", json_string(r->name));
    cli_json_set(object, "backend", json_string(r->backend));
    cli_json_set(object, "device", json_string(r->device));
    cli_json_set(object, "size", json_string(r->size));
    cli_json_set(object, "seconds_median", cli_json_number(r->seconds_median));
    cli_json_set(object, "seconds_min", cli_json_number(r->seconds_min));
    cli_json_set(object, "seconds_max", cli_json_number(r->seconds_max));
    cli_json_set(object, "rate", cli_json_number(r->rate));
    cli_json_set(object, "unit", json_string(r->unit));
    cli_json_set(object, "limit", cli_json_number(r->limit));
    cli_json_set(object, "share_of_limit", cli_json_number(r->rate / r->limit));
    cli_json_set(object, "wrong", json_integer((json_int_t)r->wrong));
    cli_json_append(o->results, object);
}

static void add_csv(bench_outcome *o, const bench_result *r) {
    const char *texts[] = {r->name, r->backend, r->device, r->size};
    const double times[] = {r->seconds_median, r->seconds_min, r->seconds_max, r->rate};
    for (int i = 0; i < 4; i++)
        cli_put_text(&o->table, "%s", texts[i]);
    for (int i = 0; i < 4; i++)
        cli_put_number(&o->table, times[i]);
    cli_put_text(&o->table, "%s", r->unit);
    cli_put_number(&o->table, r->limit);
    cli_put_number(&o->table, r->rate / r->limit);
    cli_put_text(&o->table, "%" PRIu64, r->wrong);
}

static void add_text(bench_outcome *o, const bench_result *r) {
    cli_put_text(&o->table, "%s", r->name);
    cli_put_text(&o->table, "%s", r->backend);
    cli_put_number(&o->table, r->rate);
    cli_put_text(&o->table, "%s", r->unit);
    cli_put_number(&o->table, r->limit);
    if (r->limit > 0.0)
        cli_put_text(&o->table, "%.0f %%", 100.0 * r->rate / r->limit);
    else
        cli_put_text(&o->table, "-");
    cli_put_number(&o->table, r->seconds_median);
    cli_put_text(&o->table, "%" PRIu64, r->wrong);
    cli_put_text(&o->table, "%s", r->size);
    cli_put_text(&o->table, "%s", r->device);
}

static void add_result(bench_outcome *o, const bench_result *result) {
    begin(o);
    o->wrong += result->wrong;
    if (o->format == CLI_JSON) {
        add_json(o, result);
        return;
    }
    if (o->format == CLI_CSV)
        add_csv(o, result);
    else
        add_text(o, result);
    cli_show_results();
}

static void take_result(void *user, const bench_result *result) {
    bench_outcome *o = user;
    cli_progress_clear(&o->progress);
    add_result(o, result);
    cli_progress_show(&o->progress, result->name, o->cases);
}

static myr_status run_cases(myr_context *context, const bench_options *options, const char *name,
                            bench_outcome *o) {
    myr_status status = MYR_OK;
    int count = 0;
    while (bench_case_at(count))
        count++;
    cli_progress_begin(&o->progress, name ? 1.0 : count, NULL);
    for (int i = 0; status == MYR_OK && i < count; i++) {
        const bench_case *now = bench_case_at(i);
        if (name && strcmp(name, now->name) != 0)
            continue;
        cli_progress_show(&o->progress, now->name, o->cases);
        bench_options of_case = *options;
        of_case.far = now->far;
        status = now->run(context, &of_case, take_result, o);
        o->cases += 1.0;
    }
    cli_progress_clear(&o->progress);
    return status;
}

static int finish(bench_outcome *o) {
    begin(o);
    if (o->format == CLI_JSON) {
        json_t *object = cli_json_object();
        cli_json_set(object, "results", o->results);
        cli_print_json(object);
    }
    int status = cli_flush_results(CLI_DONE);
    if (status == CLI_DONE && o->wrong > 0)
        status = cli_fail(CLI_CHECK_FAILED, "bench: %" PRIu64 " results were wrong", o->wrong);
    return status;
}

static int run_command(const cli_run_options *run, const bench_arguments *arguments, bench_outcome *o) {
    myr_context *context;
    if (myr_context_create(&context) != MYR_OK)
        cli_out_of_memory();
    const bench_options options = {.backend = run->backend,
                                   .math = run->math,
                                   .threads = run->threads,
                                   .device = run->device,
                                   .repeats = (int)arguments->repeats,
                                   .scale = arguments->scale,
                                   .points = arguments->points};
    myr_status result = run_cases(context, &options, arguments->name, o);
    int status;
    if (result != MYR_OK) {
        json_decref(o->results);
        status = cli_fail_library(context, result);
    } else if (arguments->name && !o->begun) {
        json_decref(o->results);
        status = cli_fail(CLI_USAGE, "--backend: %s is measured on cpu alone", arguments->name);
    } else {
        status = finish(o);
    }
    myr_context_destroy(context);
    return status;
}

int cli_run_bench(int argc, char **argv) {
    cli_run_options run = cli_run_options_default();
    bench_arguments arguments = {.name = NULL, .repeats = 7, .scale = 1.0};
    bench_outcome o = {.format = CLI_TEXT};
    const cli_part parts[] = {
        {&bench_argp, &arguments}, {&cli_run_argp, &run}, {&cli_output_argp, &o.format}};
    int status;
    if (!cli_parse_arguments(argc, argv, doc, parts, 3, &status))
        return status;
    status = cli_run_options_settle(&run);
    return status == CLI_DONE ? run_command(&run, &arguments, &o) : status;
}
