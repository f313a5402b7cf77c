/* The text of --help, as wide as the terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"
#include "help.h"

enum { NARROWEST = 40, USUAL = 80, WIDEST = 120 };

/* COLUMNS if it is a number, else the terminal's, else 80; the last column stays free. */
static int find_width(void) {
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    long width = columns ? strtol(columns, NULL, 10) : 0;
    if (width <= 0 && isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        width = size.ws_col;
    if (width <= 0)
        width = USUAL;
    return (int)(width < NARROWEST ? NARROWEST : width > WIDEST ? WIDEST : width) - 1;
}

static int letters(const char *text, int length) {
    int count = 0;
    for (int n = 0; n < length; n++)
        count += ((unsigned char)text[n] & 0xc0) != 0x80;
    return count;
}

/* Words from column at on, further lines from column indent on. */
static void wrap(const char *text, int length, int at, int indent, int width) {
    const char *const end = text + length;
    bool first = true;
    while (text < end) {
        const char *stop = memchr(text, ' ', (size_t)(end - text));
        const int bytes = (int)((stop ? stop : end) - text), size = letters(text, bytes);
        if (!first && at + 1 + size > width) {
            printf("\n%*s", indent, "");
            at = indent;
        } else if (!first) {
            putchar(' ');
            at++;
        }
        fwrite(text, 1, (size_t)bytes, stdout);
        at += size;
        first = false;
        text += bytes + 1;
    }
    putchar('\n');
}

/* How wide the names are of the list whose line this is. */
static int name_width(const char *at, const char *end) {
    cli_help_line line;
    int width = 0;
    while (cli_help_next(&at, end, &line)) {
        const char *tab = memchr(line.text, '\t', (size_t)line.length);
        if (!tab)
            break;
        const int size = letters(line.text, (int)(tab - line.text));
        width = size > width ? size : width;
    }
    return width;
}

static void put_doc(const char *at, const char *end, int width) {
    cli_help_line line;
    int names = 0;
    for (const char *from = at; cli_help_next(&at, end, &line); from = at) {
        const char *tab = memchr(line.text, '\t', (size_t)line.length);
        names = !tab ? 0 : names ? names : name_width(from, end);
        if (tab) {
            printf("  %-*.*s  ", names, (int)(tab - line.text), line.text);
            wrap(tab + 1, line.length - (int)(tab + 1 - line.text), names + 4, names + 4, width);
        } else if (line.length == 0 || line.text[0] == ' ') {
            printf("%.*s\n", line.length, line.text);
        } else {
            wrap(line.text, line.length, 0, 0, width);
        }
    }
}

static void put_option(const struct argp_option *option, int width) {
    const int column = width < 60 ? 10 : 29;
    char name[128];
    int used = option->key > ' ' && option->key < 127
                   ? snprintf(name, sizeof name, "  -%c, --%s", option->key, option->name)
                   : snprintf(name, sizeof name, "      --%s", option->name);
    if (option->arg)
        used += snprintf(name + used, sizeof name - (size_t)used, "=%s", option->arg);
    if (used + 2 > column)
        printf("%s\n%*s", name, column, "");
    else
        printf("%-*s", column, name);
    wrap(option->doc, (int)strlen(option->doc), column, column, width);
}

void cli_help_text(const cli_help *help) {
    const int width = find_width();
    cli_help_doc doc = cli_help_split(help);
    printf("Usage: myriad %s [OPTION...]%s\n", help->command, help->takes_file ? " FILE" : "");
    put_doc(doc.what, doc.what_end, width);
    for (int i = 0; i < help->option_count; i++) {
        const struct argp_option *option = help->options[i].option;
        if (i == 0 || option->group != help->options[i - 1].option->group)
            putchar('\n');
        if (cli_help_is_heading(&help->options[i]))
            printf(" %s\n", option->doc);
        else
            put_option(option, width);
    }
    if (doc.details < doc.details_end)
        putchar('\n');
    put_doc(doc.details, doc.details_end, width);
    if (*doc.lists)
        putchar('\n');
    put_doc(doc.lists, doc.lists + strlen(doc.lists), width);
    if (*doc.examples)
        printf("\n%s\n", doc.examples);
    free(doc.lists);
}

static void put_overview_line(const char *name, const char *text, int width) {
    printf("  %-10s ", name);
    wrap(text, (int)strlen(text), 13, 13, width);
}

void cli_help_overview_text(void) {
    const int width = find_width();
    char statuses[256];
    const int used =
        snprintf(statuses, sizeof statuses,
                 "myriad COMMAND --help lists the command's options. Exit status: %s", cli_help_statuses);
    printf(
        "Usage: myriad COMMAND [OPTION...]\n"
        "Monte Carlo studies of diffusion samplers, checked against exact answers.\n\n");
#define COMMAND_LINE(name, help) put_overview_line(#name, help, width);
    CLI_COMMAND_LIST(COMMAND_LINE)
#undef COMMAND_LINE
    put_overview_line("help", "this overview, or with a command's name that command's help", width);
    printf(
        "\n"
        "  --help     print this overview\n"
        "  --version  print the version\n"
        "\n"
        "  help --man [COMMAND]         the manual page, for man\n"
        "  help --completion bash|zsh   the completion of the command line\n"
        "\n");
    wrap(statuses, used, 0, 0, width);
    printf("\nExample:\n  myriad variance --sampler all --steps 1000 --trajectories 10M\n");
}
