/* What a command says of itself, in one of four forms, all made of the same structures: the text of --help, a
 * manual page in roff, and what completion of bash and of zsh needs.
 *
 * A command's doc is argp's: what it does, a vertical tab, the rest. A line of it that begins with a blank stands
 * as it is, however long, so that an example can be pasted; one with a tab is an entry of a list, its name and
 * what it is; any other is wrapped. What follows the line "Example:" or "Examples:" comes last. */
#ifndef MYRIAD_CLI_HELP_H
#define MYRIAD_CLI_HELP_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include "options/arguments.h"

typedef enum cli_help_form { CLI_HELP_TEXT, CLI_HELP_MAN, CLI_HELP_BASH, CLI_HELP_ZSH } cli_help_form;

enum { CLI_HELP_OPTIONS = 96, CLI_HELP_CHOICES = 128 };

typedef struct cli_help_option {
    const struct argp_option *option;
    const cli_part *part; /* whose parser takes it; NULL: --help itself */
} cli_help_option;

typedef struct cli_help {
    const char *command;
    const char *doc;
    bool takes_file;
    const cli_part *parts;
    int part_count;
    cli_help_option options[CLI_HELP_OPTIONS]; /* and headings, by group, in the order of their lists */
    int option_count;
} cli_help;

/* What --help prints from now on; text if it was never set. */
void cli_help_choose(cli_help_form form);

/* Prints the help of a command in the form that was chosen. */
void cli_help_print(const char *command, const char *doc, bool takes_file, const cli_part *parts,
                    int part_count);

/* The overview of all commands, and the page myriad(1) of them. */
void cli_help_overview_text(void);
void cli_help_overview_man(void);
/* The whole script, of CLI_HELP_BASH or CLI_HELP_ZSH; run prints one command's part of it, by its --help. */
void cli_help_script(cli_help_form form, void (*run)(const char *command));

/* Entries for argp's help_filter with ARGP_KEY_HELP_EXTRA: a title and a list of the library's, which argp's
 * caller frees. After is what such a list follows, freed here, or NULL. */
char *cli_help_list(char *after, const char *title, const char *(*name)(int), const char *(*help)(int));

/* ---- for the forms --------------------------------------------------------------------------------- */

/* A piece of a doc, up to end: its next line, or NULL. */
typedef struct cli_help_line {
    const char *text;
    int length;
} cli_help_line;
bool cli_help_next(const char **at, const char *end, cli_help_line *line);

/* The three parts of what there is to read; lists is to free. */
typedef struct cli_help_doc {
    const char *what, *what_end, *details, *details_end,
        *examples; /* with their title; "" if there are none */
    char *lists;
} cli_help_doc;
cli_help_doc cli_help_split(const cli_help *help);

/* What an option takes, as its parser says: names, and whether a file's name. */
typedef struct cli_choices {
    const char *names[CLI_HELP_CHOICES];
    size_t count;
    bool list, file;
} cli_choices;
void cli_help_ask(const cli_help_option *option, cli_choices *choices);

bool cli_help_is_heading(const cli_help_option *option);

void cli_help_text(const cli_help *help);
void cli_help_man(const cli_help *help);
void cli_help_bash(const cli_help *help);
void cli_help_zsh(const cli_help *help);

extern const char cli_help_statuses[]; /* what the exit statuses mean */

#endif
