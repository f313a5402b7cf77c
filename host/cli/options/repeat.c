#include "repeat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/messages.h"
#include "reports/output.h"

enum { KEY_FROM = 1100, BAD_DATA = 3 };

static const struct argp_option from_options[] = {{NULL, 0, NULL, 0, "A run again:", 8},
                                                  {"from", KEY_FROM, "FILE", 0,
                                                   "repeat the run whose --format json (not csv) is in "
                                                   "FILE, and hold the checksums against its: status 1 "
                                                   "if they differ",
                                                   8},
                                                  {0}};

static error_t parse_from(int key, char *argument, struct argp_state *state) {
    const char **from = state->input;
    return key == KEY_FROM ? cli_read_input("--from", argument, from) : ARGP_ERR_UNKNOWN;
}

static const struct argp from_argp = {.options = from_options, .parser = parse_from};

/* Options that do not change the result, and may stand beside --from. backend does both. */
static bool is_free(const char *name) {
    static const char *const names[] = {"backend", "threads", "device", "format", "output",
                                        "plot",    "keep",    "image",  "from",   "help"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        if (strcmp(name, names[n]) == 0)
            return true;
    return false;
}

static bool is_kept(const char *name) {
    return !is_free(name) || strcmp(name, "backend") == 0;
}

/* ---- what is given --------------------------------------------------------------------------------- */

static void keep_option(void *user, const char *name, const char *value) {
    cli_repeat *repeat = user;
    if (is_kept(name))
        cli_json_set(repeat->options, name, value ? json_string(value) : json_true());
}

static void find_from(void *user, const char *name, const char *value) {
    const char **from = user;
    if (strcmp(name, "from") == 0)
        *from = value;
}

static void find_fixed(void *user, const char *name, const char *value) {
    const char **fixed = user;
    (void)value;
    if (!is_free(name) && !*fixed)
        *fixed = name;
}

/* ---- FILE ------------------------------------------------------------------------------------------ */

static int load(cli_repeat *repeat) {
    json_error_t error;
    const bool standard = strcmp(repeat->from, "-") == 0;
    FILE *file = standard ? stdin : fopen(repeat->from, "rb");
    if (!file && errno == ENOMEM)
        cli_out_of_memory();
    if (!file)
        return cli_fail(CLI_IO, "%s: cannot be opened: %s", repeat->from, strerror(errno));
    const int begin = getc(file);
    if (begin != EOF && !strchr("{[ \n", begin)) {
        if (!standard)
            fclose(file);
        return cli_fail(BAD_DATA,
                        "%s: is not JSON; expected what --format json has printed, not csv or text",
                        repeat->from);
    }
    if (begin != EOF)
        ungetc(begin, file);
    repeat->file = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    const bool lost = ferror(file);
    const int reason = errno;
    if (!standard)
        fclose(file);
    if (lost)
        return cli_fail(CLI_IO, "%s: cannot be read: %s", repeat->from, strerror(reason));
    if (!repeat->file)
        return cli_fail(BAD_DATA, "%s: line %d, column %d: %s; expected what --format json has printed",
                        repeat->from, error.line, error.column, error.text);
    const char *command = json_string_value(json_object_get(repeat->file, "command"));
    if (!command || !json_is_object(json_object_get(repeat->file, "options")))
        return cli_fail(BAD_DATA,
                        "%s: no \"command\" and \"options\"; expected what --format json has printed",
                        repeat->from);
    if (strcmp(command, repeat->command) != 0)
        return cli_fail(BAD_DATA, "%s: of the command %s; expected one of %s", repeat->from, command,
                        repeat->command);
    return CLI_DONE;
}

/* "--name=value", or NULL for what is no option that a result keeps. */
static char *make_argument(const char *name, const json_t *value) {
    const char *text = json_string_value(value);
    if (!is_kept(name) || strpbrk(name, "= ") || !(text || json_is_true(value)))
        return NULL;
    const size_t size = strlen(name) + (text ? strlen(text) : 0) + 4;
    char *argument = malloc(size);
    if (!argument)
        cli_out_of_memory();
    snprintf(argument, size, "--%s%s%s", name, text ? "=" : "", text ? text : "");
    return argument;
}

typedef struct same_name {
    const char *name;
    bool same;
} same_name;

static void compare_names(void *user, const char *name, const char *value) {
    same_name *wanted = user;
    (void)value;
    wanted->same = strcmp(name, wanted->name) == 0;
}

/* In full: the beginning of a name would do for getopt, also that of an option that is not kept. */
static bool is_option(const cli_part *parts, int part_count, const char *name, char *argument) {
    char *argv[] = {argument, argument};
    same_name wanted = {.name = name};
    cli_scan_options(2, argv, parts, part_count, compare_names, &wanted);
    return wanted.same;
}

/* FILE's options, then those given: of two the later counts. */
static int make_arguments(cli_repeat *repeat, int argc, char **argv, const cli_part *parts, int part_count,
                          int *count) {
    json_t *options = json_object_get(repeat->file, "options"), *value;
    const char *name;
    repeat->argv = calloc(json_object_size(options) + (size_t)argc + 1, sizeof *repeat->argv);
    if (!repeat->argv)
        cli_out_of_memory();
    int n = 0;
    repeat->argv[n++] = strdup(argv[0]);
    json_object_foreach(options, name, value) {
        char *argument = make_argument(name, value);
        if (argument)
            repeat->argv[n++] = argument;
        if (!argument || !is_option(parts, part_count, name, argument))
            return cli_fail(BAD_DATA,
                            "%s: option \"%.64s\" is none that a result keeps; expected those of %s",
                            repeat->from, name, repeat->command);
    }
    for (int i = 1; i < argc; i++)
        repeat->argv[n++] = strdup(argv[i]);
    for (int i = 0; i < n; i++)
        if (!repeat->argv[i])
            cli_out_of_memory();
    *count = n;
    return CLI_DONE;
}

/* ---- parsing --------------------------------------------------------------------------------------- */

bool cli_repeat_parse(int argc, char **argv, const char *doc, const cli_part *parts, int part_count,
                      cli_repeat *repeat, int *status) {
    cli_part all[CLI_MAX_PARTS];
    const char *from = NULL, *fixed = NULL;
    int count = 0;
    for (int i = 0; i < part_count && count < CLI_MAX_PARTS - 1; i++)
        all[count++] = parts[i];
    all[count++] = (cli_part){&from_argp, &repeat->from};
    *repeat = (cli_repeat){.command = argv[0], .options = cli_json_object()};
    cli_scan_options(argc, argv, all, count, find_from, &from);
    if (!from || !*from) {
        const bool good = cli_parse_arguments(argc, argv, doc, all, count, status);
        if (good)
            cli_scan_options(argc, argv, all, count, keep_option, repeat);
        return good;
    }
    cli_scan_options(argc, argv, all, count, find_fixed, &fixed);
    repeat->from = from;
    *status =
        fixed ? cli_fail(CLI_USAGE,
                         "--%s: the run of --from has its own: expected --backend, --threads, --device and "
                         "options of output alone",
                         fixed)
              : load(repeat);
    int made = 0;
    if (*status == CLI_DONE)
        *status = make_arguments(repeat, argc, argv, all, count, &made);
    if (*status != CLI_DONE || !cli_parse_arguments(made, repeat->argv, doc, all, count, status))
        return false;
    cli_scan_options(made, repeat->argv, all, count, keep_option, repeat);
    return true;
}

void cli_repeat_free(cli_repeat *repeat) {
    for (char **argument = repeat->argv; argument && *argument; argument++)
        free(*argument);
    free(repeat->argv);
    json_decref(repeat->options);
    json_decref(repeat->file);
}

void cli_repeat_set(cli_repeat *repeat, const char *name, const char *value) {
    cli_json_set(repeat->options, name, json_string(value));
}

/* ---- holding against FILE -------------------------------------------------------------------------- */

/* FILE's n-th result; NULL if it has none. */
static const json_t *result_of(const cli_repeat *repeat, size_t n) {
    const json_t *results = json_object_get(repeat->file, "results");
    if (json_is_array(results))
        return json_array_get(results, n);
    return n == 0 ? repeat->file : NULL;
}

int cli_repeat_check_target(const cli_repeat *repeat, const char *target, const char *checksum) {
    const char *was = json_string_value(json_object_get(result_of(repeat, 0), "target_checksum"));
    if (!repeat->from || !target || !was || strcmp(was, checksum) == 0)
        return CLI_DONE;
    return cli_fail(BAD_DATA, "%s: has changed: its checksum is %s; expected %.16s, as in %s", target,
                    *checksum ? checksum : "not to be had", was, repeat->from);
}

void cli_repeat_compare(cli_repeat *repeat, const char *name, uint64_t steps, uint64_t checksum) {
    if (!repeat->from)
        return;
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, checksum);
    const char *was = json_string_value(json_object_get(result_of(repeat, repeat->compared++), "checksum"));
    if (was && strcmp(was, text) == 0)
        return;
    if (repeat->different++ == 0)
        snprintf(repeat->first, sizeof repeat->first, "%.64s of %" PRIu64 " steps gives %s, and gave %.16s",
                 name, steps, text, was ? was : "none");
}

void cli_repeat_begin_json(const cli_repeat *repeat, json_t *object) {
    cli_json_set(object, "command", json_string(repeat->command));
    cli_json_set(object, "options", json_incref(repeat->options));
}

void cli_repeat_end_json(const cli_repeat *repeat, json_t *object) {
    if (!repeat->from)
        return;
    json_t *repeats = cli_json_object();
    cli_json_set(repeats, "file", json_string(repeat->from));
    cli_json_set(repeats, "equal", json_integer((json_int_t)(repeat->compared - repeat->different)));
    cli_json_set(repeats, "different", json_integer((json_int_t)repeat->different));
    cli_json_set(object, "repeats", repeats);
}

void cli_repeat_text(const cli_repeat *repeat) {
    if (repeat->from)
        printf("%zu of %zu checksums are those of %s\n", repeat->compared - repeat->different,
               repeat->compared, repeat->from);
}

int cli_repeat_finish(const cli_repeat *repeat) {
    if (!repeat->from || repeat->different == 0)
        return CLI_DONE;
    return cli_fail(CLI_CHECK_FAILED, "%s: %zu of %zu checksums differ: %s", repeat->from,
                    repeat->different, repeat->compared, repeat->first);
}
