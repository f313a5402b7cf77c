/* Completion of command lines: scripts for bash and zsh, with the names that the options' parsers know. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "help.h"

static void put_names(const char *before, const char *after) {
#define COMMAND_NAME(name, help) printf("%s%s%s", before, #name, after);
    CLI_COMMAND_LIST(COMMAND_NAME)
#undef COMMAND_NAME
}

static void put_choices(const cli_choices *choices) {
    for (size_t n = 0; n < choices->count; n++)
        printf("%s%s", n ? " " : "", choices->names[n]);
}

/* ---- bash ------------------------------------------------------------------------------------------ */

static const char bash_begin[] =
    "# Completion of myriad for bash.\n"
    "_myriad() {\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local command='' option='' options='' words='' list='' file='' head=''\n"
    "    [ \"$COMP_CWORD\" -lt 2 ] || command=${COMP_WORDS[1]}\n"
    "    # --option=word is three words, or two while the last is empty.\n"
    "    if [ \"$word\" = = ]; then\n"
    "        option=$before word=''\n"
    "    elif [ \"$before\" = = ]; then\n"
    "        option=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    elif [ -n \"$command\" ] && [[ $before == --* ]]; then\n"
    "        option=$before\n"
    "    fi\n"
    "    case $command in\n";

static const char bash_end[] =
    "    esac\n"
    "    [ -n \"$option\" ] || words=$words$options list=''\n"
    "    [ -z \"$list\" ] || head=${word%\"${word##*,}\"}\n"
    "    COMPREPLY=($(compgen -P \"$head\" -W \"$words\" -- \"${word#\"$head\"}\"))\n"
    "    if [ -n \"$file\" ]; then\n"
    "        COMPREPLY+=($(compgen -f -- \"$word\"))\n"
    "        compopt -o filenames 2>/dev/null\n"
    "    elif [[ ${COMPREPLY[0]-} == *= ]]; then\n"
    "        compopt -o nospace 2>/dev/null\n"
    "    fi\n"
    "    return 0\n"
    "}\n"
    "complete -F _myriad myriad\n";

static void put_bash_option(const cli_help_option *option) {
    cli_choices choices;
    printf("        --%s) ", option->option->name);
    if (!option->option->arg) { /* the next word is another option */
        printf("option='' ;;\n");
        return;
    }
    cli_help_ask(option, &choices);
    printf("words='");
    put_choices(&choices);
    printf("'%s%s ;;\n", choices.list ? " list=1" : "", choices.file ? " file=1" : "");
}

void cli_help_bash(const cli_help *help) {
    printf("    %s)\n        options='", help->command);
    for (int i = 0; i < help->option_count; i++)
        if (!cli_help_is_heading(&help->options[i]))
            printf("--%s%s ", help->options[i].option->name, help->options[i].option->arg ? "=" : "");
    printf("'\n        case $option in\n");
    for (int i = 0; i < help->option_count; i++)
        if (!cli_help_is_heading(&help->options[i]))
            put_bash_option(&help->options[i]);
    printf("        esac\n");
    if (help->takes_file)
        printf("        [ -n \"$option\" ] || file=1\n");
    printf("        ;;\n");
}

static void put_bash(void (*run)(const char *command)) {
    fputs(bash_begin, stdout);
    printf("    '') words='");
    put_names("", " ");
    printf("help --help --version' ;;\n    help) words='");
    put_names("", " ");
    printf("--man --completion'\n        [ \"$option\" != --completion ] || words='bash zsh' ;;\n");
#define COMMAND_RUN(name, help) run(#name);
    CLI_COMMAND_LIST(COMMAND_RUN)
    fputs(bash_end, stdout);
}

/* ---- zsh ------------------------------------------------------------------------------------------- */

/* Within single quotes, and the brackets or the colons of what _arguments and _describe read. */
static void put_zsh(const char *text) {
    for (const char *c = text; *c; c++)
        if (*c == '\'')
            fputs("'\\''", stdout);
        else if (strchr("[]:\\", *c))
            printf("\\%c", *c);
        else
            putchar(*c);
}

static void put_zsh_option(const cli_help_option *option) {
    const struct argp_option *o = option->option;
    cli_choices choices;
    printf(" \\\n            '--%s%s[", o->name, o->arg ? "=" : "");
    put_zsh(o->doc);
    putchar(']');
    cli_help_ask(option, &choices);
    if (o->arg) {
        putchar(':');
        put_zsh(o->arg);
        putchar(':');
    }
    if (choices.file) {
        fputs("_files", stdout);
    } else if (choices.count > 0 && choices.list) {
        printf("_values -s , %s ", o->name);
        put_choices(&choices);
    } else if (choices.count > 0) {
        putchar('(');
        put_choices(&choices);
        putchar(')');
    }
    putchar('\'');
}

void cli_help_zsh(const cli_help *help) {
    printf("    %s)\n        _arguments", help->command);
    for (int i = 0; i < help->option_count; i++)
        if (!cli_help_is_heading(&help->options[i]))
            put_zsh_option(&help->options[i]);
    printf("%s ;;\n", help->takes_file ? " \\\n            '1:FILE:_files'" : "");
}

static void put_zsh_command(const char *name, const char *help) {
    printf("        '%s:", name);
    put_zsh(help);
    fputs("'\n", stdout);
}

static void put_zsh_script(void (*run)(const char *command)) {
    printf("#compdef myriad\n_myriad() {\n    local -a commands\n    commands=(\n");
#define COMMAND_ENTRY(name, help) put_zsh_command(#name, help);
    CLI_COMMAND_LIST(COMMAND_ENTRY)
#undef COMMAND_ENTRY
    put_zsh_command("help", "the overview, or with a command's name that command's help");
    printf(
        "    )\n"
        "    if (( CURRENT == 2 )); then\n"
        "        _describe command commands\n"
        "        return\n"
        "    fi\n"
        "    shift words\n"
        "    (( CURRENT-- ))\n"
        "    case $words[1] in\n"
        "    help)\n"
        "        _arguments --man '--completion:shell:(bash zsh)' '*: :{_describe command commands}' ;;\n");
    CLI_COMMAND_LIST(COMMAND_RUN)
#undef COMMAND_RUN
    printf("    esac\n}\n_myriad \"$@\"\n");
}

void cli_help_script(cli_help_form form, void (*run)(const char *command)) {
    if (form == CLI_HELP_ZSH)
        put_zsh_script(run);
    else
        put_bash(run);
}
