#include "plot.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interrupt.h"
#include "options/arguments.h"
#include "options/named_files.h"
#include "reports/messages.h"

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
    {"plot", KEY_PLOT, "FILE", 0,
     "draw a picture of it, by gnuplot: .svg, .png or .pdf; the exit status is 5 if there is none", 7},
    {"keep", KEY_KEEP, NULL, 0, "keep gnuplot's script with its data beside the picture, as .gp", 7},
    {0}};

/* The format that a name ends in, or -1. */
static int find_format(const char *path) {
    const char *extension = strrchr(path, '.');
    for (int n = 0; extension && n < FORMATS; n++)
        if (strcmp(extension, formats[n].extension) == 0)
            return n;
    return -1;
}

/* The name of the script that is kept, the picture's with another extension; it lives as long as the
 * command. */
static char *script_name(const char *path) {
    const int stem = (int)(strrchr(path, '.') - path);
    char *name = malloc((size_t)stem + 4);
    if (!name)
        cli_out_of_memory();
    snprintf(name, (size_t)stem + 4, "%.*s.gp", stem, path);
    return name;
}

static const char *base_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static error_t check_path(const char *path) {
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c < ' ') {
            cli_fail(CLI_USAGE, "--plot: '%s' has a control character: expected a plain name", path);
            return CLI_REPORTED;
        }
    if (find_format(base_of(path)) >= 0)
        return 0;
    cli_fail(CLI_USAGE, "--plot: '%s' is no picture's name: expected one that ends in .svg, .png or .pdf",
             path);
    return CLI_REPORTED;
}

/* gnuplot takes the name of a script that begins with < for a command, one with - for options: whoever runs
 * what is kept would run that. */
static error_t check_kept(const char *path) {
    if (!strchr("<|-~", base_of(path)[0]))
        return 0;
    cli_fail(CLI_USAGE,
             "--keep: a script of the name of '%s' would be a command to gnuplot: "
             "expected one that does not begin with <, |, - or ~",
             path);
    return CLI_REPORTED;
}

static error_t parse_plot(int key, char *argument, struct argp_state *state) {
    cli_plot_options *options = state->input;
    switch (key) {
        case KEY_PLOT:
            options->path = argument;
            cli_name_output("--plot", argument);
            return check_path(argument);
        case KEY_KEEP:
            options->keep = true;
            return 0;
        case ARGP_KEY_SUCCESS:
            if (!options->keep)
                return 0;
            if (options->path) {
                options->script = script_name(options->path);
                cli_name_output("--keep", options->script);
                return check_kept(options->path);
            }
            cli_fail(CLI_USAGE, "--keep: there is no picture to keep the script of: expected --plot FILE");
            return CLI_REPORTED;
        default:
            return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_plot_argp = {.options = plot_options, .parser = parse_plot};

/* ---- files ----------------------------------------------------------------------------------------- */

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

/* Begins a picture; prints why it cannot be written. */
static int claim(myr_context *context, const char *path, myr_atomic_file **picture) {
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return cli_fail(CLI_IO, "%s: cannot be written: it is no file", path);
    const myr_status status = myr_atomic_open(context, path, picture);
    return status == MYR_OK ? CLI_DONE : cli_fail_library(context, status);
}

/* Whether a folder of the path has it; an empty one is the working folder. */
static bool is_on_path(const char *program) {
    const char *path = getenv("PATH");
    for (const char *end; path; path = *end ? end + 1 : NULL) {
        char name[4096];
        end = path + strcspn(path, ":");
        const int length = snprintf(name, sizeof name, "%.*s%s%s", (int)(end - path), path,
                                    end > path ? "/" : "./", program);
        if (length < (int)sizeof name && access(name, X_OK) == 0)
            return true;
    }
    return false;
}

int cli_plot_settle(cli_plot_options *options) {
    cli_plot plot = {.options = options};
    char note[512];
    if (!options->path)
        return CLI_DONE;
    if (myr_context_create(&plot.context) != MYR_OK)
        cli_out_of_memory();
    const int status = claim(plot.context, options->path, &plot.picture);
    myr_atomic_close(plot.context, plot.picture, MYR_CANCELLED);
    myr_context_destroy(plot.context);
    if (status != CLI_DONE || is_on_path("gnuplot"))
        return status;
    snprintf(note, sizeof note,
             "%.300s: will not be drawn, since there is no gnuplot here: expected its package, gnuplot-nox",
             options->path);
    cli_note(note);
    options->missed = true;
    options->path = NULL;
    return CLI_DONE;
}

int cli_plot_without(const cli_plot_options *options) {
    return options->missed ? CLI_IO : CLI_DONE;
}

/* By errno. */
static int fail_gnuplot(const cli_plot *plot, const char *what) {
    const bool memory = errno == ENOMEM;
    return cli_fail(memory ? CLI_NO_MEMORY : CLI_IO, "%s: %s: %s", plot->options->path, what,
                    memory ? "out of memory" : strerror(errno));
}

/* A script that is not kept has no name at all. */
static int open_script(cli_plot *plot) {
    if (!plot->options->keep) {
        plot->script = tmpfile();
        return plot->script ? CLI_DONE : fail_gnuplot(plot, "there is no room for gnuplot's script");
    }
    const myr_status status = myr_atomic_open(plot->context, plot->options->script, &plot->kept);
    plot->script = myr_atomic_stream(plot->kept);
    return status == MYR_OK ? CLI_DONE : cli_fail_library(plot->context, status);
}

/* Ends what cli_plot_open began: with CLI_DONE picture and script appear. */
static int end(cli_plot *plot, int status) {
    const int before = status;
    myr_status result = before == CLI_DONE ? MYR_OK : MYR_CANCELLED;
    if (!plot->kept && plot->script)
        fclose(plot->script);
    result = myr_atomic_close(plot->context, plot->picture, result);
    result = myr_atomic_close(plot->context, plot->kept, result);
    if (before == CLI_DONE && result != MYR_OK)
        status = cli_fail_library(plot->context, result);
    myr_context_destroy(plot->context);
    return status;
}

int cli_plot_open(cli_plot *plot, const cli_plot_options *options, int width, int height) {
    *plot = (cli_plot){.options = options};
    if (myr_context_create(&plot->context) != MYR_OK)
        cli_out_of_memory();
    int status = claim(plot->context, options->path, &plot->picture);
    if (status == CLI_DONE)
        status = open_script(plot);
    if (status != CLI_DONE)
        return end(plot, status);
    print_terminal(plot->script, find_format(options->path), width, height);
    /* Here gnuplot writes to its standard output, and is told no name; whoever runs the kept script gets the
     * picture's. A path cannot be taken for a command or a home folder. */
    fputs("set encoding utf8\nif (!exists('myriad_draws')) set output './'.", plot->script);
    cli_plot_text(plot, base_of(options->path));
    fputs("\n", plot->script);
    return CLI_DONE;
}

/* The script as its standard input, the picture as its standard output, silence; errno. */
static int set_files(const cli_plot *plot, posix_spawn_file_actions_t *files) {
    int error = posix_spawn_file_actions_adddup2(files, fileno(plot->script), STDIN_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(files, fileno(myr_atomic_stream(plot->picture)),
                                                 STDOUT_FILENO);
    if (!error)
        error = posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    return error;
}

/* A group of its own, which signals end, and signals as they usually are: main() ignores two; errno. */
static int set_signals(posix_spawnattr_t *attributes) {
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGXFSZ);
    int error = posix_spawnattr_setpgroup(attributes, 0);
    if (!error)
        error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error)
        error = posix_spawnattr_setsigdefault(attributes, &usual);
    if (!error)
        error = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return error;
}

/* Starts gnuplot; errno. No shell, and no name of a file, comes near it. */
static int start_gnuplot(const cli_plot *plot, pid_t *child) {
    char program[] = "gnuplot", option[] = "-e", draws[] = "myriad_draws = 1", standard_input[] = "-";
    char *arguments[] = {program, option, draws, standard_input, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&files);
    if (error)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        error = set_files(plot, &files);
        if (!error)
            error = set_signals(&attributes);
        if (!error)
            error = posix_spawnp(child, program, &files, &attributes, arguments, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    return error;
}

/* Its wait status, or -1 with errno. */
static int run_gnuplot(const cli_plot *plot) {
    pid_t child = 0;
    int status = -1;
    cli_interrupt_hold();
    const int error = start_gnuplot(plot, &child);
    if (!error)
        cli_interrupt_take_along(child);
    cli_interrupt_release();
    if (!error)
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
    cli_interrupt_take_along(0);
    errno = error;
    return status;
}

static int draw(cli_plot *plot) {
    const char *path = plot->options->path;
    errno = 0;
    if (ferror(plot->script) || fflush(plot->script) != 0 || lseek(fileno(plot->script), 0, SEEK_SET) != 0)
        return cli_fail(CLI_IO, "%s: gnuplot's script cannot be written: %s", path,
                        errno ? strerror(errno) : "output was lost");
    const int result = run_gnuplot(plot);
    struct stat made;
    if (result == -1 && errno == ENOENT)
        return cli_fail(CLI_IO, "%s: there is no gnuplot here to draw it: expected gnuplot on the path",
                        path);
    if (result == -1)
        return fail_gnuplot(plot, "gnuplot cannot be started");
    if (result != 0 || fstat(fileno(myr_atomic_stream(plot->picture)), &made) != 0 || made.st_size == 0)
        return cli_fail(CLI_IO, "%s: gnuplot could not draw it", path);
    return CLI_DONE;
}

int cli_plot_close(cli_plot *plot) {
    fputs("\nunset output\n", plot->script);
    return end(plot, draw(plot));
}

/* ---- what is in the script ------------------------------------------------------------------------- */

/* Letters, digits and what means nothing to gnuplot stand as they are; all else of ASCII is written as
 * three octal digits, so that nothing within a text can end it, or is a macro or a command to run. */
static void put_text(FILE *script, const char *text, bool format) {
    putc('"', script);
    for (const char *c = text; *c; c++) {
        const unsigned char byte = (unsigned char)*c;
        if (byte >= 0x80 || isalnum(byte) || strchr(" .,:+-=()/", byte))
            putc(byte, script);
        else
            fprintf(script, byte == '%' && format ? "%%%%" : "\\%03o",
                    byte < ' ' || byte == 0x7f ? ' ' : byte);
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
