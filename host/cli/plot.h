/* Pictures, by gnuplot: .svg, .png or .pdf. The file appears whole, by rename, or not at all. */
#ifndef MYRIAD_CLI_PLOT_H
#define MYRIAD_CLI_PLOT_H

#include <argp.h>
#include <stdio.h>

typedef struct cli_plot {
    FILE *script; /* what gnuplot is told; terminal and output are set */
    const char *path;
    char *temporary;
} cli_plot;

/* For options' parsers: prints a refusal and returns CLI_REPORTED unless the name's end is one of those. */
error_t cli_plot_check(const char *option, const char *path);

/* Begins a picture of that many pixels (of pdf, 1/100 inch). Prints what went wrong; returns the exit
 * status. */
int cli_plot_open(cli_plot *plot, const char *path, int width, int height);

/* Ends it, likewise. */
int cli_plot_close(cli_plot *plot);

/* A text in the double quotes of gnuplot, as it stands; of a tic, where gnuplot expects a format. */
void cli_plot_text(cli_plot *plot, const char *text);
void cli_plot_tic(cli_plot *plot, const char *text);

#endif
