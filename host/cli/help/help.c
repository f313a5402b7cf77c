#include "help.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/messages.h"

const char cli_help_statuses[] =
    "0 done; 1 a check did not pass; 2 a usage error; 3 bad input data; 4 no such device, or out of "
    "memory; "
    "5 an I/O error.";

static cli_help_form chosen = CLI_HELP_TEXT;

void cli_help_choose(cli_help_form form) {
    chosen = form;
}

/* ---- options --------------------------------------------------------------------------------------- */

bool cli_help_is_heading(const cli_help_option *option) {
    return !option->option->name;
}

/* --help, of group -1, comes last. */
static int group_of(const struct argp_option *option) {
    return option->group < 0 ? INT_MAX : option->group;
}

/* Behind those of its group; a heading goes before them. */
static bool goes_before(const struct argp_option *option, const struct argp_option *other) {
    return group_of(option) < group_of(other) || (!option->name && group_of(option) == group_of(other));
}

static void add_option(cli_help *help, const struct argp_option *option, const cli_part *part) {
    int at = help->option_count;
    if (at == CLI_HELP_OPTIONS)
        return;
    for (; at > 0 && goes_before(option, help->options[at - 1].option); at--)
        help->options[at] = help->options[at - 1];
    help->options[at] = (cli_help_option){option, part};
    help->option_count++;
}

static void add_options(cli_help *help, const struct argp_option *options, const cli_part *part) {
    for (; options->name || options->doc || options->key; options++)
        add_option(help, options, part);
}

void cli_help_ask(const cli_help_option *option, cli_choices *choices) {
    *choices = (cli_choices){.count = 0};
    const char *argument = option->option->arg;
    if (!argument || !option->part)
        return;
    choices->list = strcmp(argument, "LIST") == 0;
    choices->file = strstr(argument, "FILE") != NULL;
    cli_ask(option->part, option->option->key, choices->names, CLI_HELP_CHOICES, &choices->count);
}

/* ---- texts ----------------------------------------------------------------------------------------- */

bool cli_help_next(const char **at, const char *end, cli_help_line *line) {
    if (*at >= end)
        return false;
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    line->text = *at;
    line->length = (int)((stop ? stop : end) - *at);
    *at = stop ? stop + 1 : end;
    return true;
}

/* Where the examples begin: at the line that says so. */
static const char *find_examples(const char *text) {
    const char *at = text, *const end = text + strlen(text);
    cli_help_line line;
    while (cli_help_next(&at, end, &line))
        if ((line.length == 8 && strncmp(line.text, "Example:", 8) == 0) ||
            (line.length == 9 && strncmp(line.text, "Examples:", 9) == 0))
            return line.text;
    return end;
}

/* What the parts have to add, one after the other, with an empty line between them. */
static char *gather_lists(const cli_help *help) {
    char *lists = calloc(1, 1);
    for (int i = 0; lists && i < help->part_count; i++) {
        const struct argp *argp = help->parts[i].argp;
        char *more =
            argp->help_filter ? argp->help_filter(ARGP_KEY_HELP_EXTRA, NULL, help->parts[i].input) : NULL;
        if (!more)
            continue;
        const size_t length = strlen(lists), size = length + strlen(more) + 2;
        char *both = realloc(lists, size);
        if (!both)
            free(lists);
        else
            snprintf(both + length, size - length, "%s%s", length > 0 ? "\n" : "", more);
        free(more);
        lists = both;
    }
    if (!lists)
        cli_out_of_memory();
    return lists;
}

cli_help_doc cli_help_split(const cli_help *help) {
    const char *tab = strchr(help->doc, '\v'), *end = help->doc + strlen(help->doc);
    cli_help_doc doc = {.what = help->doc, .what_end = tab ? tab : end, .details = tab ? tab + 1 : end};
    doc.examples = doc.details_end = find_examples(doc.details);
    while (doc.details_end > doc.details && doc.details_end[-1] == '\n')
        doc.details_end--;
    doc.lists = gather_lists(help);
    return doc;
}

char *cli_help_list(char *after, const char *title, const char *(*name)(int), const char *(*help)(int)) {
    size_t size = (after ? strlen(after) : 0) + strlen(title) + 8;
    for (int i = 0; name(i); i++)
        size += strlen(name(i)) + strlen(help(i)) + 2;
    char *text = malloc(size);
    if (!text)
        cli_out_of_memory();
    size_t used = (size_t)snprintf(text, size, "%s%s%s\n", after ? after : "", after ? "\n" : "", title);
    for (int i = 0; name(i); i++)
        used += (size_t)snprintf(text + used, size - used, "%s\t%s\n", name(i), help(i));
    free(after);
    return text;
}

/* ---- all ------------------------------------------------------------------------------------------- */

void cli_help_print(const char *command, const char *doc, bool takes_file, const cli_part *parts,
                    int part_count) {
    static const struct argp_option help_option[] = {{"help", 'h', NULL, 0, "print this help and stop", -1},
                                                     {0}};
    static void (*const forms[])(const cli_help *) = {[CLI_HELP_TEXT] = cli_help_text,
                                                      [CLI_HELP_MAN] = cli_help_man,
                                                      [CLI_HELP_BASH] = cli_help_bash,
                                                      [CLI_HELP_ZSH] = cli_help_zsh};
    cli_help *help = calloc(1, sizeof *help);
    if (!help)
        cli_out_of_memory();
    *help = (cli_help){
        .command = command, .doc = doc, .takes_file = takes_file, .parts = parts, .part_count = part_count};
    for (int i = 0; i < part_count; i++)
        add_options(help, parts[i].argp->options, &parts[i]);
    add_options(help, help_option, NULL);
    forms[chosen](help);
    free(help);
}
