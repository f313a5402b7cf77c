#include "plot.h"

#include <errno.h>
#include <stdbool.h>
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

/* The format that a name ends in, or -1. */
static int find_format(const char *path) {
    const char *extension = strrchr(path, '.');
    for (int n = 0; extension && n < FORMATS; n++)
        if (strcmp(extension, formats[n].extension) == 0)
            return n;
    return -1;
}

error_t cli_plot_check(const char *option, const char *path) {
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c < ' ') {
            cli_fail(CLI_USAGE, "%s: '%s' has a control character: expected a plain name", option, path);
            return CLI_REPORTED;
        }
    if (find_format(path) >= 0)
        return 0;
    cli_fail(CLI_USAGE, "%s: '%s' is no picture's name: expected one that ends in .svg, .png or .pdf",
             option, path);
    return CLI_REPORTED;
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

int cli_plot_open(cli_plot *plot, const char *path, int width, int height) {
    struct stat there;
    *plot = (cli_plot){.path = path};
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return cli_fail(CLI_IO, "%s: cannot be written: it is no file", path);
    const size_t size = strlen(path) + 32;
    plot->temporary = malloc(size);
    if (!plot->temporary)
        cli_out_of_memory();
    snprintf(plot->temporary, size, "%s.%ld.part", path, (long)getpid());
    FILE *file =
        fopen(plot->temporary, "wbx"); /* can it be written at all? gnuplot's word is not one line */
    if (!file) {
        int status = cli_fail(CLI_IO, "%s: cannot be written: %s", path, strerror(errno));
        free(plot->temporary);
        return status;
    }
    fclose(file);
    /* A fixed command. NOLINTNEXTLINE(cert-env33-c) */
    plot->script = popen("exec gnuplot - >/dev/null 2>&1", "w");
    if (!plot->script) {
        int status = cli_fail(CLI_IO, "%s: gnuplot cannot be started: %s", path, strerror(errno));
        unlink(plot->temporary);
        free(plot->temporary);
        return status;
    }
    print_terminal(plot->script, find_format(path), width, height);
    fputs("set output ", plot->script);
    cli_plot_text(plot, plot->temporary);
    fputs("\n", plot->script);
    return CLI_DONE;
}

int cli_plot_close(cli_plot *plot) {
    fputs("\nunset output\n", plot->script);
    int result = pclose(plot->script), status = CLI_DONE;
    struct stat made;
    if (WIFEXITED(result) && WEXITSTATUS(result) == 127)
        status = cli_fail(CLI_IO, "%s: there is no gnuplot here to draw it: expected gnuplot on the path",
                          plot->path);
    else if (result != 0 || stat(plot->temporary, &made) != 0 || made.st_size == 0)
        status = cli_fail(CLI_IO, "%s: gnuplot could not draw it", plot->path);
    else if (rename(plot->temporary, plot->path) != 0)
        status = cli_fail(CLI_IO, "%s: cannot be written: %s", plot->path, strerror(errno));
    if (status != CLI_DONE)
        unlink(plot->temporary);
    free(plot->temporary);
    return status;
}

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
