#include "plot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arguments.h"
#include "messages.h"

static const struct {
    const char *extension, *terminal;
    double scale; /* of the size */
} formats[] = {
    {".svg", "svg size %g,%g font 'sans,12' background 'white'", 1.0},
    {".png", "pngcairo size %g,%g font 'sans,10'", 1.0},
    {".pdf", "pdfcairo size %g,%g font 'sans,10'", 0.01},
};
enum { FORMATS = sizeof formats / sizeof *formats };

/* ---- --plot and --keep ----------------------------------------------------------------------------- */

enum { KEY_PLOT = 2000, KEY_KEEP };

static const struct argp_option plot_options[] = {
    {"plot", KEY_PLOT, "FILE", 0, "draw a picture of it, by gnuplot: .svg, .png or .pdf", 8},
    {"keep", KEY_KEEP, NULL, 0, "keep gnuplot's script with its data beside the picture, as .gp", 8},
    {0}};

/* The format that a name ends in, or -1. */
static int find_format(const char *path) {
    const char *extension = strrchr(path, '.');
    for (int n = 0; extension && n < FORMATS; n++)
        if (strcmp(extension, formats[n].extension) == 0)
            return n;
    return -1;
}

static error_t check_path(const char *path) {
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c < ' ') {
            cli_fail(CLI_USAGE, "--plot: '%s' has a control character: expected a plain name", path);
            return CLI_REPORTED;
        }
    if (find_format(path) >= 0)
        return 0;
    cli_fail(CLI_USAGE, "--plot: '%s' is no picture's name: expected one that ends in .svg, .png or .pdf",
             path);
    return CLI_REPORTED;
}

static error_t parse_plot(int key, char *argument, struct argp_state *state) {
    cli_plot_options *options = state->input;
    switch (key) {
        case KEY_PLOT:
            options->path = argument;
            return check_path(argument);
        case KEY_KEEP:
            options->keep = true;
            return 0;
        case ARGP_KEY_SUCCESS:
            if (!options->keep || options->path)
                return 0;
            cli_fail(CLI_USAGE, "--keep: there is no picture to keep the script of: expected --plot FILE");
            return CLI_REPORTED;
        default:
            return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_plot_argp = {.options = plot_options, .parser = parse_plot};

/* ---- files ----------------------------------------------------------------------------------------- */

/* PATH.PID.END, and a file of that name that was not there before; NULL after printing why not. */
static FILE *create(const char *path, const char *end, char **name) {
    const size_t size = strlen(path) + strlen(end) + 32;
    *name = malloc(size);
    if (!*name)
        cli_out_of_memory();
    snprintf(*name, size, "%s.%ld.%s", path, (long)getpid(), end);
    FILE *file = fopen(*name, "wbx");
    if (!file) {
        cli_fail(CLI_IO, "%s: cannot be written: %s", path, strerror(errno));
        free(*name);
        *name = NULL;
    }
    return file;
}

static void drop(char **name) {
    if (*name)
        unlink(*name);
    free(*name);
    *name = NULL;
}

/* A terminal's size, of the numbers in its format. */
static void print_terminal(FILE *script, int format, double width, double height) {
    const double scale = formats[format].scale;
    fputs("set terminal ", script);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    fprintf(script, formats[format].terminal, scale * width, scale * height);
#pragma GCC diagnostic pop
    fputs("\n", script);
}

/* Can the picture be written at all? What gnuplot says of that is not one line. */
static int claim(const char *path, char **part) {
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return cli_fail(CLI_IO, "%s: cannot be written: it is no file", path);
    FILE *picture = create(path, "part", part);
    if (!picture)
        return CLI_IO;
    fclose(picture);
    return CLI_DONE;
}

int cli_plot_settle(const cli_plot_options *options) {
    char *part = NULL;
    int status = options->path ? claim(options->path, &part) : CLI_DONE;
    drop(&part);
    return status;
}

int cli_plot_open(cli_plot *plot, const cli_plot_options *options, int width, int height) {
    *plot = (cli_plot){.options = options};
    int status = claim(options->path, &plot->picture_path);
    if (status != CLI_DONE)
        return status;
    plot->script = create(options->path, "gp.part", &plot->script_path);
    if (!plot->script) {
        drop(&plot->picture_path);
        return CLI_IO;
    }
    print_terminal(plot->script, find_format(options->path), width, height);
    /* Here gnuplot is told another name; whoever runs the kept script gets the picture's. */
    fputs("set output (exists('ARG1') && strlen(ARG1) > 0 ? ARG1 : ", plot->script);
    const char *base = strrchr(options->path, '/');
    cli_plot_text(plot, base ? base + 1 : options->path);
    fputs(")\n", plot->script);
    return CLI_DONE;
}

/* Runs gnuplot, silent, on the script; its wait status, or -1 with errno. */
static int run_gnuplot(const cli_plot *plot) {
    char program[] = "gnuplot", option[] = "-c";
    char *arguments[] = {program, option, plot->script_path, plot->picture_path, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child;
    int status = -1;
    errno = posix_spawnp(&child, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (errno == 0)
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
    return status;
}

static int draw(cli_plot *plot) {
    const char *path = plot->options->path;
    const int lost = ferror(plot->script);
    if (fclose(plot->script) != 0 || lost)
        return cli_fail(CLI_IO, "%s: cannot be written: %s", path, strerror(errno));
    const int result = run_gnuplot(plot);
    struct stat made;
    if (result == -1 && errno == ENOENT)
        return cli_fail(CLI_IO, "%s: there is no gnuplot here to draw it: expected gnuplot on the path",
                        path);
    if (result != 0 || stat(plot->picture_path, &made) != 0 || made.st_size == 0)
        return cli_fail(CLI_IO, "%s: gnuplot could not draw it", path);
    if (rename(plot->picture_path, path) != 0)
        return cli_fail(CLI_IO, "%s: cannot be written: %s", path, strerror(errno));
    return CLI_DONE;
}

/* Gives the script its name, the picture's with another extension. */
static int keep_script(const cli_plot *plot) {
    const char *path = plot->options->path;
    const int stem = (int)(strrchr(path, '.') - path);
    char *name = malloc((size_t)stem + 4);
    if (!name)
        cli_out_of_memory();
    snprintf(name, (size_t)stem + 4, "%.*s.gp", stem, path);
    int status = CLI_DONE;
    if (rename(plot->script_path, name) != 0)
        status = cli_fail(CLI_IO, "%s: cannot be written: %s", name, strerror(errno));
    free(name);
    return status;
}

int cli_plot_close(cli_plot *plot) {
    fputs("\nunset output\n", plot->script);
    int status = draw(plot);
    if (status == CLI_DONE && plot->options->keep)
        status = keep_script(plot);
    drop(&plot->picture_path); /* what has its own name by now is not found */
    drop(&plot->script_path);
    return status;
}

/* ---- what is in the script ------------------------------------------------------------------------- */

static void put_text(FILE *script, const char *text, bool format) {
    putc('"', script);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\' || *c == '`')
            putc('\\', script);
        if (*c == '%' && format)
            putc('%', script);
        putc(*c, script);
    }
    putc('"', script);
}

void cli_plot_text(cli_plot *plot, const char *text) {
    put_text(plot->script, text, false);
}

void cli_plot_tic(cli_plot *plot, const char *text) {
    put_text(plot->script, text, true);
}

const char *cli_plot_colour(size_t n) {
    static const char *const colours[] = {"#000000", "#0072b2", "#d55e00", "#009e73",
                                          "#cc79a7", "#56b4e9", "#e69f00", "#808080"};
    return colours[n % (sizeof colours / sizeof *colours)];
}
