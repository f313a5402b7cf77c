/* Manual pages, in the macros of man(7). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "help.h"
#include "myriad/myriad.h"

/* As it stands: dashes are those that one types, and nothing is taken for a request or an escape. */
static void put_text(const char *text, size_t length) {
    if (length > 0 && (*text == '.' || *text == '\''))
        fputs("\\&", stdout);
    for (const char *c = text; c < text + length; c++)
        switch (*c) {
            case '\\':
                fputs("\\e", stdout);
                break;
            case '-':
                fputs("\\-", stdout);
                break;
            case '^':
                fputs("\\(ha", stdout);
                break;
            case '~':
                fputs("\\(ti", stdout);
                break;
            case '`':
                fputs("\\(ga", stdout);
                break;
            case '\'':
                fputs("\\(aq", stdout);
                break;
            default:
                putchar(*c);
        }
}

static void put_word(const char *text) {
    put_text(text, strlen(text));
}

static void put_entry(const char *name, size_t length) {
    fputs(".TP\n\\fB", stdout);
    put_text(name, length);
    fputs("\\fR\n", stdout);
}

static bool is_example(const cli_help_line *line) {
    return line->length > 0 && line->text[0] == ' ';
}

/* Lines of a doc; between lines that stand as they are and others the filling changes. */
static void put_doc(const char *at, const char *end) {
    cli_help_line line;
    bool example = false;
    while (cli_help_next(&at, end, &line)) {
        const char *tab = memchr(line.text, '\t', (size_t)line.length);
        if (line.length == 0)
            continue;
        if (is_example(&line) != example)
            fputs(example ? ".EE\n" : ".PP\n.EX\n", stdout);
        else if (!example && !tab)
            fputs(".PP\n", stdout);
        example = is_example(&line);
        if (tab)
            put_entry(line.text, (size_t)(tab - line.text));
        if (tab)
            put_text(tab + 1, (size_t)(line.length - (tab + 1 - line.text)));
        else
            put_text(line.text + (example ? 2 : 0), (size_t)(line.length - (example ? 2 : 0)));
        putchar('\n');
    }
    if (example)
        fputs(".EE\n", stdout);
}

static void put_option(const struct argp_option *option) {
    fputs(".TP\n\\fB", stdout);
    if (option->key > ' ' && option->key < 127)
        printf("\\-%c\\fR, \\fB", option->key);
    fputs("\\-\\-", stdout);
    put_word(option->name);
    fputs("\\fR", stdout);
    if (option->arg) {
        fputs("=\\fI", stdout);
        put_word(option->arg);
        fputs("\\fR", stdout);
    }
    putchar('\n');
    put_word(option->doc);
    putchar('\n');
}

/* No date: the same sources give the same page. */
static void begin(const char *command, const char *what) {
    fputs(".TH MYRIAD", stdout);
    if (command)
        fputs("\\-", stdout);
    for (const char *c = command; c && *c; c++)
        putchar(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    printf(" 1 \"\" \"Myriad %s\" \"Myriad\"\n.SH NAME\nmyriad%s%s \\- ", myr_version(),
           command ? "\\-" : "", command ? command : "");
    put_word(what);
    printf("\n.SH SYNOPSIS\n.B myriad\n");
}

static void put_statuses(void) {
    fputs(".SH EXIT STATUS\n", stdout);
    put_word(cli_help_statuses);
    putchar('\n');
}

static const char *help_of(const char *command) {
#define COMMAND_HELP(name, help)     \
    if (strcmp(command, #name) == 0) \
        return help;
    CLI_COMMAND_LIST(COMMAND_HELP)
#undef COMMAND_HELP
    return "";
}

/* The heading without its colon. */
static void put_heading(const char *text) {
    const size_t length = strlen(text);
    fputs(".SS ", stdout);
    put_text(text, length > 0 && text[length - 1] == ':' ? length - 1 : length);
    putchar('\n');
}

void cli_help_man(const cli_help *help) {
    cli_help_doc doc = cli_help_split(help);
    begin(help->command, help_of(help->command));
    printf(".B %s\n[\\fIOPTION\\fR...]%s\n.SH DESCRIPTION\n", help->command,
           help->takes_file ? " \\fIFILE\\fR" : "");
    put_doc(doc.what, doc.what_end);
    put_doc(doc.details, doc.details_end);
    put_doc(doc.lists, doc.lists + strlen(doc.lists));
    fputs(".SH OPTIONS\n", stdout);
    for (int i = 0; i < help->option_count; i++)
        if (cli_help_is_heading(&help->options[i]))
            put_heading(help->options[i].option->doc);
        else
            put_option(help->options[i].option);
    put_statuses();
    if (*doc.examples) {
        const char *text = strchr(doc.examples, '\n');
        fputs(".SH EXAMPLES\n", stdout);
        put_doc(text, text + strlen(text));
    }
    fputs(".SH SEE ALSO\n.BR myriad (1)\n", stdout);
    free(doc.lists);
}

static void put_command(const char *name, const char *help) {
    printf(".TP\n.BR myriad\\-%s (1)\n", name);
    put_word(help);
    putchar('\n');
}

void cli_help_overview_man(void) {
    begin(NULL,
          "Monte Carlo studies of diffusion samplers, and preference fits, checked against exact answers");
    fputs(
        ".I COMMAND\n[\\fIOPTION\\fR...]\n.SH DESCRIPTION\nA command does the work; each has a page of its "
        "own, and "
        "\\fB\\-\\-help\\fR.\n.SH COMMANDS\n",
        stdout);
#define COMMAND_ENTRY(name, help) put_command(#name, help);
    CLI_COMMAND_LIST(COMMAND_ENTRY)
#undef COMMAND_ENTRY
    put_entry("help", 4);
    fputs("the overview, or with a command\\(aqs name that command\\(aqs help\n", stdout);
    fputs(".SH OPTIONS\n", stdout);
    put_entry("--help", 6);
    fputs("print the overview\n", stdout);
    put_entry("--version", 9);
    fputs("print the version\n", stdout);
    put_statuses();
    fputs(
        ".SH EXAMPLES\n.EX\nmyriad variance \\-\\-sampler all \\-\\-steps 1000 \\-\\-trajectories "
        "10M\n.EE\n",
        stdout);
}
