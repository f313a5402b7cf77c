#include "arguments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "help/help.h"
#include "named_files.h"
#include "nearest.h"
#include "reports/messages.h"

#define MAX_OPTIONS 96
#define HELP_GIVEN EALREADY
#define KEY_HELP 'h'

/* ---- what argp does not say in one line ------------------------------------------------------------ */

static const struct argp_option help_option[] = {
    {"help", KEY_HELP, NULL, 0, "print this help and stop", -1}, {0}};

typedef struct root_input {
    const cli_part *parts;
    int part_count;
    const char **file; /* NULL: the command takes none */
} root_input;

typedef struct option_list {
    const struct argp_option *option[MAX_OPTIONS];
    const char *name[MAX_OPTIONS];
    size_t count;
} option_list;

static void list_options(option_list *list, const struct argp_option *options) {
    for (; options->name || options->doc || options->key; options++)
        if (options->name && list->count < MAX_OPTIONS) {
            list->name[list->count] = options->name;
            list->option[list->count++] = options;
        }
}

/* Finds a long option by its name or an unambiguous beginning; *matches is how many fit. */
static const struct argp_option *find_option(const option_list *list, const char *name, size_t length,
                                             int *matches) {
    const struct argp_option *found = NULL;
    *matches = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (strncmp(list->name[i], name, length) != 0)
            continue;
        found = list->option[i];
        if (found->name[length] == '\0') {
            *matches = 1;
            return found;
        }
        ++*matches;
    }
    return *matches == 1 ? found : NULL;
}

/* Says what is wrong with "--name" or "--name=value" and returns true, or returns false with *takes_next
 * telling whether the option's value is the next argument. */
static bool explain_long(const option_list *list, const char *argument, bool is_last, bool *takes_next) {
    size_t length = strcspn(argument + 2, "=");
    bool has_value = argument[2 + length] == '=';
    int shown = (int)length + 2, matches;
    char name[65];
    const struct argp_option *option = find_option(list, argument + 2, length, &matches);
    *takes_next = option && option->arg && !has_value;
    if (matches > 1) {
        cli_fail(CLI_USAGE, "option '%.*s' is ambiguous: expected it in full", shown, argument);
    } else if (!option) {
        snprintf(name, sizeof name, "%.*s", (int)length, argument + 2);
        const char *nearest = cli_nearest(name, list->name, list->count);
        cli_fail(CLI_USAGE, "unknown option '%.*s': expected %s%s", shown, argument, nearest ? "--" : "",
                 nearest ? nearest : "one of those that --help lists");
    } else if (*takes_next && is_last) {
        cli_fail(CLI_USAGE, "option '--%s' lacks its value: expected --%s=%s", option->name, option->name,
                 option->arg);
    } else if (has_value && !option->arg) {
        cli_fail(CLI_USAGE, "option '--%s' takes no value: expected --%s alone", option->name,
                 option->name);
    } else {
        return false;
    }
    return true;
}

/* Finds the argument that getopt refused and says why. argp would do so in several lines. */
static void explain_refusal(const option_list *list, int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        bool takes_next = false;
        if (strncmp(argv[i], "--", 2) == 0) {
            if (explain_long(list, argv[i], i + 1 == argc, &takes_next))
                return;
        } else if (argv[i][0] == '-' && argv[i][1]) {
            cli_fail(CLI_USAGE, "unknown option '%s': expected one of those that --help lists", argv[i]);
            return;
        }
        i += takes_next;
    }
    cli_fail(CLI_USAGE, "the arguments are not valid: expected options that --help lists");
}

void cli_scan_options(int argc, char **argv, const cli_part *parts, int part_count,
                      void (*found)(void *user, const char *name, const char *value), void *user) {
    option_list list = {.count = 0};
    list_options(&list, help_option);
    for (int i = 0; i < part_count; i++)
        list_options(&list, parts[i].argp->options);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--", 2) != 0)
            continue;
        const char *name = argv[i] + 2;
        const size_t length = strcspn(name, "=");
        int matches;
        const struct argp_option *option = find_option(&list, name, length, &matches);
        if (!option)
            continue;
        const char *value = name[length] ? name + length + 1 : NULL;
        if (option->arg && !value && i + 1 < argc)
            value = argv[++i];
        found(user, option->name, value);
    }
}

/* ---- parsing --------------------------------------------------------------------------------------- */

static error_t take_argument(const root_input *input, const char *argument) {
    if (input->file && !*input->file)
        return cli_read_input("FILE", argument, input->file);
    cli_fail(CLI_USAGE, "unexpected argument '%s': expected %s, as --help lists them", argument,
             input->file ? "one FILE and options" : "options alone");
    return CLI_REPORTED;
}

static error_t parse_root(int key, char *argument, struct argp_state *state) {
    const root_input *input = state->input;
    switch (key) {
        case ARGP_KEY_INIT:
            for (int i = 0; i < input->part_count; i++)
                state->child_inputs[i] = input->parts[i].input;
            return 0;
        case KEY_HELP:
            return HELP_GIVEN;
        case ARGP_KEY_ARG:
            return take_argument(input, argument);
        case ARGP_KEY_END:
            if (!input->file || *input->file)
                return 0;
            cli_fail(CLI_USAGE, "no file is named: expected FILE, as --help says");
            return CLI_REPORTED;
        default:
            return ARGP_ERR_UNKNOWN;
    }
}

bool cli_parse_arguments(int argc, char **argv, const char *doc, const cli_part *parts, int part_count,
                         int *status) {
    return cli_parse_file_arguments(argc, argv, doc, parts, part_count, NULL, status);
}

bool cli_parse_file_arguments(int argc, char **argv, const char *doc, const cli_part *parts, int part_count,
                              const char **file, int *status) {
    struct argp_child children[CLI_MAX_PARTS + 1] = {{0}};
    option_list list = {.count = 0};
    list_options(&list, help_option);
    for (int i = 0; i < part_count && i < CLI_MAX_PARTS; i++) {
        children[i].argp = parts[i].argp;
        list_options(&list, parts[i].argp->options);
    }
    const struct argp root = {.options = help_option, .parser = parse_root, .children = children};
    root_input input = {parts, part_count, file};
    error_t error = argp_parse(&root, argc, argv, ARGP_NO_ERRS | ARGP_NO_EXIT | ARGP_NO_HELP, NULL, &input);
    *status = CLI_USAGE;
    if (error == HELP_GIVEN) {
        cli_help_print(argv[0], doc, file != NULL, parts, part_count);
        *status = CLI_DONE;
    } else if (error == ENOMEM) {
        *status = cli_fail(CLI_NO_MEMORY, "out of memory");
    } else if (error != 0 && error != CLI_REPORTED) {
        explain_refusal(&list, argc, argv);
    } else if (error == 0) {
        *status = cli_check_named_files();
    }
    return error == 0 && *status == CLI_DONE;
}

/* ---- values ---------------------------------------------------------------------------------------- */

static error_t report(bool good, const char *option, const cli_refusal *refusal) {
    if (good)
        return 0;
    if (refusal->out_of_memory)
        cli_out_of_memory();
    cli_fail(CLI_USAGE, "%s: %s", option, refusal->text);
    return CLI_REPORTED;
}

error_t cli_read_count(const char *option, const char *text, uint64_t low, uint64_t high, uint64_t *value) {
    cli_refusal refusal;
    return report(cli_parse_count(text, low, high, value, &refusal), option, &refusal);
}

error_t cli_read_counts(const char *option, const char *text, uint64_t low, uint64_t high,
                        uint64_t **values, size_t *count) {
    cli_refusal refusal;
    uint64_t *before = *values;
    error_t error = report(cli_parse_counts(text, low, high, values, count, &refusal), option, &refusal);
    if (!error)
        free(before); /* of an earlier use of the option: the last one counts */
    return error;
}

error_t cli_read_real(const char *option, const char *text, const cli_interval *interval, double *value) {
    cli_refusal refusal;
    return report(cli_parse_real(text, interval, value, &refusal), option, &refusal);
}

error_t cli_read_reals(const char *option, const char *text, const cli_interval *interval, double **values,
                       size_t *count) {
    cli_refusal refusal;
    double *before = *values;
    error_t error = report(cli_parse_reals(text, interval, values, count, &refusal), option, &refusal);
    if (!error)
        free(before);
    return error;
}

void cli_join_names(const char *const *names, size_t count, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++) {
        const char *between = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        used += (size_t)snprintf(text + used, size - used, "%s%s", between, names[i]);
    }
}

static error_t read_path(const char *option, const char *text, const char **path) {
    *path = text;
    if (*text)
        return 0;
    cli_fail(CLI_USAGE, "%s: the name is empty: expected a file's", option);
    return CLI_REPORTED;
}

error_t cli_read_output(const char *option, const char *text, const char **path) {
    cli_name_output(option, text);
    return read_path(option, text, path);
}

error_t cli_read_input(const char *option, const char *text, const char **path) {
    static const char *taken; /* there is one standard input */
    cli_name_input(option, text);
    if (strcmp(text, "-") != 0)
        return read_path(option, text, path);
    if (taken && strcmp(taken, option) != 0) {
        cli_fail(CLI_USAGE, "%s and %s are both standard input: expected one of them, and a file's name",
                 taken, option);
        return CLI_REPORTED;
    }
    taken = option;
    *path = text;
    return 0;
}

/* ---- what an option takes -------------------------------------------------------------------------- */

/* Where names are noted; NULL: nobody asks. */
static struct {
    const char **names;
    size_t most, *count;
} asked;

void cli_ask(const cli_part *part, int key, const char **names, size_t most, size_t *count) {
    char question[] = "?";
    struct argp_state state = {.root_argp = part->argp, .input = part->input};
    *count = 0;
    asked.names = names;
    asked.most = most;
    asked.count = count;
    cli_silence(true);
    part->argp->parser(key, question, &state);
    cli_silence(false);
    asked.names = NULL;
}

void cli_offer(const char *const *names, size_t count) {
    for (size_t i = 0; asked.names && i < count && *asked.count < asked.most; i++)
        asked.names[(*asked.count)++] = names[i];
}

int cli_read_choice(const char *option, const char *text, const char *const *names, size_t count) {
    cli_offer(names, count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0)
            return (int)i;
    char expected[1024];
    cli_join_names(names, count, expected, sizeof expected);
    if (!*text) {
        cli_fail(CLI_USAGE, "%s: the name is empty: expected %s", option, expected);
        return -1;
    }
    const char *nearest = cli_known_as(text, names, count);
    if (!nearest)
        nearest = cli_nearest(text, names, count);
    cli_fail(CLI_USAGE, "%s: '%.80s' is not known: expected %s%s%s%s", option, text, expected,
             nearest ? " (did you mean " : "", nearest ? nearest : "", nearest ? "?)" : "");
    return -1;
}
