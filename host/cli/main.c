/* The tool: finds the command and runs it. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "help/help.h"
#include "interrupt.h"
#include "options/arguments.h"
#include "options/nearest.h"
#include "reports/messages.h"

typedef struct command {
    const char *name;
    const char *help;
    int (*run)(int argc, char **argv);
} command;

static const command commands[] = {
#define COMMAND_LINE(name, help) {#name, help, cli_run_##name},
    CLI_COMMAND_LIST(COMMAND_LINE)
#undef COMMAND_LINE
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static int print_overview(void) {
    cli_help_overview_text();
    return CLI_DONE;
}

static const command *find_command(const char *name) {
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* name NULL: none was given. */
static int refuse_command(const char *what, const char *name) {
    const char *names[COMMAND_COUNT + 1];
    for (int i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    names[COMMAND_COUNT] = "help";
    char expected[512];
    cli_join_names(names, COMMAND_COUNT + 1, expected, sizeof expected);
    if (!name)
        return cli_fail(CLI_USAGE, "%s: expected %s", what, expected);
    const char *nearest = cli_nearest(name, names, COMMAND_COUNT + 1);
    return cli_fail(CLI_USAGE, "%s '%.80s': expected %s%s%s%s", what, name, expected,
                    nearest ? " (did you mean " : "", nearest ? nearest : "", nearest ? "?)" : "");
}

static int run_help_of(const command *found) {
    char name[32], help[] = "--help";
    char *arguments[] = {name, help, NULL};
    snprintf(name, sizeof name, "%s", found->name);
    return found->run(2, arguments);
}

static void run_by_name(const char *name) {
    run_help_of(find_command(name));
}

/* myriad help --completion SHELL */
static int print_completion(int argc, char **argv) {
    static const char *const shells[] = {"bash", "zsh"};
    static const cli_help_form forms[] = {CLI_HELP_BASH, CLI_HELP_ZSH};
    if (argc != 3)
        return cli_fail(CLI_USAGE, "--completion: expected the shell's name after it, bash or zsh, alone");
    const int shell = cli_read_choice("--completion", argv[2], shells, 2);
    if (shell < 0)
        return CLI_USAGE;
    cli_help_choose(forms[shell]);
    cli_help_script(forms[shell], run_by_name);
    return CLI_DONE;
}

/* myriad help [COMMAND], myriad help --man [COMMAND], myriad help --completion SHELL */
static int run_help(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--completion") == 0)
        return print_completion(argc, argv);
    const int man = argc > 1 && strcmp(argv[1], "--man") == 0;
    argc -= man;
    argv += man;
    if (argc > 2)
        return cli_fail(CLI_USAGE, "unexpected argument '%s': expected help and one command", argv[2]);
    if (man)
        cli_help_choose(CLI_HELP_MAN);
    if (argc < 2 && man) {
        cli_help_overview_man();
        return CLI_DONE;
    }
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return print_overview();
    const command *found = find_command(argv[1]);
    return found ? run_help_of(found) : refuse_command("unknown command", argv[1]);
}

static int dispatch(int argc, char **argv) {
    if (argc < 2)
        return refuse_command("no command", NULL);
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return print_overview();
    if (strcmp(name, "--version") == 0) {
        printf("myriad %s\n", myr_version());
        return CLI_DONE;
    }
    if (strcmp(name, "help") == 0)
        return run_help(argc - 1, argv + 1);
    const command *found = find_command(name);
    if (found)
        return found->run(argc - 1, argv + 1);
    return refuse_command(name[0] == '-' ? "unknown option" : "unknown command", name);
}

/* Where jansson lacks memory within a number or a string, it loses bytes of it, or ends at an assertion. */
static void *allocate_for_json(size_t size) {
    void *memory = malloc(size);
    if (!memory)
        cli_out_of_memory();
    return memory;
}

int main(int argc, char **argv) {
    json_set_alloc_funcs(allocate_for_json, free);
    /* A reader that goes away is an I/O error to report, not a signal to die of. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* so is a file that may grow no further */
    cli_interrupt_watch();
    /* Without this check, the next file that is opened would take stdout's number, and the results. */
    if (fcntl(STDOUT_FILENO, F_GETFD) < 0)
        cli_exit(cli_fail(CLI_IO, "standard output is closed: %s", strerror(errno)));
    /* The longest help fits: a write that fails does so in a flush of our own, with its reason at hand.
     * (glibc takes the size only with a buffer.) */
    static char results[1 << 16];
    setvbuf(stdout, results, _IOFBF, sizeof results);
    int status = cli_flush_results(dispatch(argc, argv));
    if (fclose(stdout) != 0 && status == CLI_DONE)
        status = cli_fail(CLI_IO, "cannot write the results to standard output: %s", strerror(errno));
    cli_exit(status);
}
