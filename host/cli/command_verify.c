/* myriad verify: a backend against the reference. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "options/arguments.h"
#include "options/run_options.h"
#include "reports/messages.h"
#include "reports/output.h"
#include "reports/progress.h"

static const char doc[] =
    "Compares a backend with the independent reference in double precision and with the exact answers, "
    "tier by tier, and prints a line a check: verdict, what is compared, the worst case, the bound that "
    "it must not pass, and how many comparisons were made. --trajectories sets the size of the "
    "statistical checks, 10000 at least."
    "\vThe exit status is 0 if every check passed, 1 if one did not. A check that is not possible here "
    "is skipped, and counted as skipped.\n"
    "\n"
    "Example:\n"
    "  myriad verify --backend cpu --trajectories 10M";

typedef struct outcome {
    cli_format format;
    bool begun;
    cli_table table;
    json_t *checks;
    uint64_t passed, failed, skipped;
    cli_progress progress;
} outcome;

static const cli_column text_columns[] = {{"", -4},      {"check", -81}, {"worst", 11},
                                          {"bound", 11}, {"count", 11},  {"backend", -9}};
static const cli_column csv_columns[] = {{"name", 0},  {"backend", 0}, {"passed", 0}, {"worst", 0},
                                         {"bound", 0}, {"count", 0},   {"skipped", 0}};

/* Once, before the first check: a refused run prints nothing on stdout. */
static void begin(outcome *o) {
    if (o->begun)
        return;
    o->begun = true;
    if (o->format == CLI_JSON)
        o->checks = cli_json_array();
    else if (o->format == CLI_CSV)
        cli_table_begin(&o->table, CLI_CSV, csv_columns, sizeof csv_columns / sizeof *csv_columns);
    else
        cli_table_begin(&o->table, CLI_TEXT, text_columns, sizeof text_columns / sizeof *text_columns);
}

static void add_json(outcome *o, const myr_check *check) {
    json_t *object = cli_json_object();
    cli_json_set(object, "name", json_string(check->name));
    cli_json_set(object, "backend", json_string(check->backend));
    cli_json_set(object, "passed", json_boolean(check->passed));
    cli_json_set(object, "worst", cli_json_number(check->worst));
    cli_json_set(object, "bound", cli_json_number(check->bound));
    cli_json_set(object, "count", json_integer((json_int_t)check->count));
    cli_json_set(object, "skipped", json_boolean(check->skipped));
    cli_json_append(o->checks, object);
}

static void add_csv(outcome *o, const myr_check *check) {
    cli_put_text(&o->table, "%s", check->name);
    cli_put_text(&o->table, "%s", check->backend);
    cli_put_text(&o->table, "%s", check->passed ? "true" : "false");
    cli_put_number(&o->table, check->worst);
    cli_put_number(&o->table, check->bound);
    cli_put_text(&o->table, "%" PRIu64, check->count);
    cli_put_text(&o->table, "%s", check->skipped ? "true" : "false");
}

static void add_text(outcome *o, const myr_check *check) {
    cli_put_text(&o->table, "%s", check->skipped ? "SKIP" : check->passed ? "PASS" : "FAIL");
    cli_put_text(&o->table, "%s", check->name);
    if (check->skipped) {
        for (int i = 0; i < 3; i++)
            cli_put_text(&o->table, "-");
    } else {
        cli_put_text(&o->table, "%.6g", check->worst); /* a NaN, which fails, shows as such */
        cli_put_text(&o->table, "%.6g", check->bound);
        cli_put_text(&o->table, "%" PRIu64, check->count);
    }
    cli_put_text(&o->table, "%s", check->backend);
}

static void add_check(outcome *o, const myr_check *check) {
    begin(o);
    if (check->skipped)
        o->skipped++;
    else if (check->passed)
        o->passed++;
    else
        o->failed++;
    if (o->format == CLI_JSON) {
        add_json(o, check);
        return;
    }
    if (o->format == CLI_CSV)
        add_csv(o, check);
    else
        add_text(o, check);
    cli_show_results(); /* each check when it is done */
}

static void take_check(void *user, const myr_check *check) {
    outcome *o = user;
    cli_progress_clear(&o->progress);
    add_check(o, check);
    cli_progress_show(&o->progress, "verify", check->done);
}

static void end(outcome *o, bool passed) {
    begin(o);
    if (o->format == CLI_TEXT)
        printf("%" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " skipped\n", o->passed, o->failed,
               o->skipped);
    if (o->format != CLI_JSON)
        return;
    json_t *object = cli_json_object();
    cli_json_set(object, "passed", json_boolean(passed));
    cli_json_set(object, "checks", o->checks);
    cli_print_json(object);
}

/* The line that a run on auto would give if it does not take a GPU. */
static void note_fallback(myr_context *context, const cli_run_options *run) {
    char note[256];
    if (myr_backend_choose(context, run->backend, run->device, NULL, note, sizeof note) == MYR_OK &&
        note[0])
        cli_note(note);
}

static int run_command(const cli_run_options *run, outcome *o) {
    myr_context *context;
    if (myr_context_create(&context) != MYR_OK)
        cli_out_of_memory();
    myr_verify_options options = MYR_VERIFY_OPTIONS_INIT;
    options.backend = run->backend;
    options.math = run->math;
    options.seed = run->seed;
    options.count = run->trajectories;
    options.threads = run->threads;
    options.device = run->device;
    cli_progress_begin(&o->progress, 1.0, NULL);
    myr_status result = myr_verify(context, &options, take_check, o);
    cli_progress_clear(&o->progress);
    int status;
    if (result != MYR_OK && result != MYR_CHECK_FAILED) {
        json_decref(o->checks);
        status = cli_fail_library(context, result);
    } else {
        end(o, result == MYR_OK);
        status = cli_flush_results(CLI_DONE);
        if (status == CLI_DONE && result == MYR_CHECK_FAILED)
            status = cli_fail_library(context, result);
        else if (status == CLI_DONE)
            note_fallback(context, run);
    }
    myr_context_destroy(context);
    return status;
}

int cli_run_verify(int argc, char **argv) {
    cli_run_options run = cli_run_options_default();
    const myr_verify_options library = MYR_VERIFY_OPTIONS_INIT;
    run.trajectories = library.count;
    run.fewest = MYR_VERIFY_MIN_COUNT;
    run.most = MYR_VERIFY_MAX_COUNT;
    outcome o = {.format = CLI_TEXT};
    const cli_part parts[] = {
        {&cli_trajectories_argp, &run}, {&cli_run_argp, &run}, {&cli_output_argp, &o.format}};
    int status;
    if (!cli_parse_arguments(argc, argv, doc, parts, 3, &status))
        return status;
    status = cli_run_options_settle(&run);
    return status == CLI_DONE ? run_command(&run, &o) : status;
}
