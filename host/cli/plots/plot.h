/* Pictures, by gnuplot: .svg, .png or .pdf. The file appears whole, by rename, or not at all. */
#ifndef MYRIAD_CLI_PLOT_H
#define MYRIAD_CLI_PLOT_H

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

#include "myriad/myriad.h"

typedef struct cli_plot_options {
    const char *path; /* NULL: no picture */
    bool keep;        /* the script too, with its data */
    char *script;     /* where to: PATH with .gp for its extension */
    bool missed; /* after settling: one is asked for, and there is no gnuplot to draw it; path is NULL */
} cli_plot_options;

/* --plot --keep; the input is a cli_plot_options. */
extern const struct argp cli_plot_argp;

/* After parsing, before the work: whether the picture can be written at all. Prints a refusal; returns the
 * exit status. Where only gnuplot is missing it says so, and the work goes on without the picture: the
 * command then ends with what cli_plot_without returns, CLI_IO, and no further line. */
int cli_plot_settle(cli_plot_options *options);
int cli_plot_without(const cli_plot_options *options);

typedef struct cli_plot {
    const cli_plot_options *options;
    FILE *script; /* what gnuplot is told; terminal and output are set */
    myr_context *context;
    myr_atomic_file *picture, *kept; /* kept: the script's file, NULL if it has none */
} cli_plot;

/* Begins a picture of that many pixels (of pdf, 1/100 inch). Prints what went wrong; returns the exit
 * status. */
int cli_plot_open(cli_plot *plot, const cli_plot_options *options, int width, int height);

/* Ends it, likewise. */
int cli_plot_close(cli_plot *plot);

/* A text in the double quotes of gnuplot; and one for a tic, which gnuplot takes for a format. What draws it
 * has to be noenhanced, or marks of the text are taken for markup. */
void cli_plot_text(cli_plot *plot, const char *text);
void cli_plot_tic(cli_plot *plot, const char *text);

/* The colour of line n, counted from 0: dark ones of unlike brightness (Okabe and Ito), for print in black
 * and white; lines have unlike dashes or points besides. */
const char *cli_plot_colour(size_t n);

/* Where a picture's axis begins to count. gnuplot reckons in doubles and writes tics of six digits, so numbers that
 * lie close together far from 0 are drawn as what they are beyond a round number, which the axis's label names. It is
 * 0 where tics tell low from high as they are. */
double cli_plot_origin(double low, double high);

/* "x_0 - 1e+10": the name of what is drawn, or the name alone if the origin is 0. */
const char *cli_plot_axis(const char *name, double origin, char text[64]);

#endif
