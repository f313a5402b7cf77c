/* Where a picture's axis begins to count. gnuplot reckons in doubles and writes tics of six digits, so numbers that
 * lie close together far from 0 are drawn as what they are beyond a round number, which the axis's label names. */
#ifndef MYRIAD_CLI_PLOT_ORIGIN_H
#define MYRIAD_CLI_PLOT_ORIGIN_H

/* 0 where tics tell low from high as they are. */
double cli_plot_origin(double low, double high);

/* "x_0 - 1e+10": the name of what is drawn, or the name alone if the origin is 0. */
const char *cli_plot_axis(const char *name, double origin, char text[64]);

#endif
