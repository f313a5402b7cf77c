/* myriad info: what this is, and what it finds here. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "options/arguments.h"
#include "options/plan_options.h"
#include "options/run_options.h"
#include "reports/messages.h"
#include "reports/output.h"

static const char doc[] =
    "Prints the version, how the library was built, the backends and whether they can run here, the "
    "instruction set of the cpu backend, the GPUs, the lists of processes, samplers, targets, "
    "statistics, losses and objectives, and the defaults."
    "\vIn the environment, MYRIAD_ISA=baseline, avx2 or avx512 forces the instruction set, and "
    "MYRIAD_CUBLAS=PATH names the cuBLAS that a GPU takes, the library or its folder.\n"
    "\n"
    "Example:\n"
    "  myriad info --format json";

/* The lists of the library: what each is called, one and all. */
static const struct {
    const char *one, *all;
    const char *(*name)(int), *(*help)(int);
} lists[] = {
    {"process", "processes", myr_process_name, myr_process_help},
    {"sampler", "samplers", myr_sampler_name, myr_sampler_help},
    {"target", "targets", myr_target_type_name, myr_target_type_help},
    {"statistic", "statistics", myr_statistic_name, myr_statistic_help},
    {"loss", "losses", myr_loss_name, myr_loss_help},
    {"objective", "objectives", myr_objective_name, myr_objective_help},
};

/* ---- text and CSV: a line an item ------------------------------------------------------------------ */

static void put_line(cli_table *table, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void put_line(cli_table *table, const char *key, const char *format, ...) {
    char value[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    cli_put_text(table, "%s", key);
    cli_put_text(table, "%s", value);
}

/* Letters of the longest name of a list with what it is, and at least 23. */
static int longest_key(void) {
    size_t longest = 23;
    for (size_t n = 0; n < sizeof lists / sizeof *lists; n++)
        for (int i = 0; lists[n].name(i); i++) {
            const size_t length = strlen(lists[n].one) + 1 + strlen(lists[n].name(i));
            longest = length > longest ? length : longest;
        }
    return (int)longest;
}

static void put_lists(cli_table *table) {
    char key[128];
    for (size_t n = 0; n < sizeof lists / sizeof *lists; n++)
        for (int i = 0; lists[n].name(i); i++) {
            snprintf(key, sizeof key, "%s %s", lists[n].one, lists[n].name(i));
            put_line(table, key, "%s", lists[n].help(i));
        }
}

static void put_backends(cli_table *table, myr_context *context) {
    char key[128], device[256];
    for (int i = 0; myr_backend_name(i); i++) {
        const char *name = myr_backend_name(i);
        bool available = myr_backend_available(context, name) == MYR_OK;
        snprintf(key, sizeof key, "backend %s", name);
        put_line(table, key, "%s%s", available ? "available: " : "not available: ",
                 available ? myr_backend_help(i) : myr_context_error(context));
    }
    const char *isa = myr_cpu_isa();
    put_line(table, "instruction set", "%s", *isa ? isa : "none: MYRIAD_ISA asks for one that is not here");
    put_line(table, "devices", "%d", myr_device_count());
    for (int i = 0; i < myr_device_count(); i++) {
        snprintf(key, sizeof key, "device %d", i);
        device[0] = '\0';
        myr_device_describe(i, device, sizeof device);
        put_line(table, key, "%s", device);
    }
}

static void put_defaults(cli_table *table, const cli_plan_options *plan, const cli_run_options *run) {
    put_line(table, "default process", "%s", plan->process);
    put_line(table, "default steps", "%" PRIu64, plan->steps[0]);
    put_line(table, "default start", "%s", plan->start);
    put_line(table, "default mean", "%g", plan->mean[0]);
    put_line(table, "default variance", "%g", plan->variance[0]);
    put_line(table, "default trajectories", "%" PRIu64, run->trajectories);
    put_line(table, "default seed", "%" PRIu64, run->seed);
    put_line(table, "default backend", "%s", run->backend);
    put_line(table, "default math", "%s", run->math);
}

static void print_table(cli_format format, myr_context *context, const cli_plan_options *plan,
                        const cli_run_options *run) {
    const cli_column columns[] = {{"item", -longest_key()}, {"value", -1}};
    cli_table table = {format, columns, 2, 0};
    if (format == CLI_CSV)
        cli_table_begin(&table, format, columns, 2);
    put_line(&table, "version", "%s", myr_version());
    put_line(&table, "build", "%s", myr_build_description());
    put_backends(&table, context);
    put_lists(&table);
    put_defaults(&table, plan, run);
}

/* ---- JSON ------------------------------------------------------------------------------------------ */

static json_t *json_backends(myr_context *context) {
    json_t *array = cli_json_array();
    for (int i = 0; myr_backend_name(i); i++) {
        bool available = myr_backend_available(context, myr_backend_name(i)) == MYR_OK;
        json_t *object = cli_json_object();
        cli_json_set(object, "name", json_string(myr_backend_name(i)));
        cli_json_set(object, "help", json_string(myr_backend_help(i)));
        cli_json_set(object, "available", json_boolean(available));
        cli_json_set(object, "reason", available ? json_null() : json_string(myr_context_error(context)));
        cli_json_append(array, object);
    }
    return array;
}

static json_t *json_devices(void) {
    json_t *array = cli_json_array();
    for (int i = 0; i < myr_device_count(); i++) {
        char text[256] = "";
        myr_device_describe(i, text, sizeof text);
        json_t *object = cli_json_object();
        cli_json_set(object, "device", json_integer(i));
        cli_json_set(object, "description", json_string(text));
        cli_json_append(array, object);
    }
    return array;
}

static json_t *json_names(const char *(*name)(int), const char *(*help)(int)) {
    json_t *array = cli_json_array();
    for (int i = 0; name(i); i++) {
        json_t *object = cli_json_object();
        cli_json_set(object, "name", json_string(name(i)));
        cli_json_set(object, "help", json_string(help(i)));
        cli_json_append(array, object);
    }
    return array;
}

static json_t *json_defaults(const cli_plan_options *plan, const cli_run_options *run) {
    json_t *object = cli_json_object();
    cli_json_set(object, "process", json_string(plan->process));
    cli_json_set(object, "steps", json_integer((json_int_t)plan->steps[0]));
    cli_json_set(object, "start", json_string(plan->start));
    cli_json_set(object, "mean", cli_json_number(plan->mean[0]));
    cli_json_set(object, "variance", cli_json_number(plan->variance[0]));
    cli_json_set(object, "trajectories", json_integer((json_int_t)run->trajectories));
    cli_json_set(object, "seed", json_integer((json_int_t)run->seed));
    cli_json_set(object, "backend", json_string(run->backend));
    cli_json_set(object, "math", json_string(run->math));
    return object;
}

static void print_object(myr_context *context, const cli_plan_options *plan, const cli_run_options *run) {
    const char *isa = myr_cpu_isa();
    json_t *object = cli_json_object();
    cli_json_set(object, "version", json_string(myr_version()));
    cli_json_set(object, "build", json_string(myr_build_description()));
    cli_json_set(object, "backends", json_backends(context));
    cli_json_set(object, "instruction_set", *isa ? json_string(isa) : json_null());
    cli_json_set(object, "devices", json_devices());
    for (size_t n = 0; n < sizeof lists / sizeof *lists; n++)
        cli_json_set(object, lists[n].all, json_names(lists[n].name, lists[n].help));
    cli_json_set(object, "defaults", json_defaults(plan, run));
    cli_print_json(object);
}

int cli_run_info(int argc, char **argv) {
    cli_format format = CLI_TEXT;
    const cli_part parts[] = {{&cli_output_argp, &format}};
    int status;
    if (!cli_parse_arguments(argc, argv, doc, parts, 1, &status))
        return status;
    myr_context *context;
    if (myr_context_create(&context) != MYR_OK)
        cli_out_of_memory();
    cli_plan_options plan = cli_plan_options_default();
    cli_run_options run = cli_run_options_default();
    status = cli_plan_options_settle(context, &plan);
    if (status == CLI_DONE && format == CLI_JSON)
        print_object(context, &plan, &run);
    else if (status == CLI_DONE)
        print_table(format, context, &plan, &run);
    cli_plan_options_free(&plan);
    myr_context_destroy(context);
    return status;
}
