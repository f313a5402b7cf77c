/* The picture of `myriad sample`: of one coordinate a histogram, of more the density in the plane of the
 * first two; of whole trajectories lines; or a contact sheet, samples as images. */
#ifndef MYRIAD_CLI_SAMPLE_PLOT_H
#define MYRIAD_CLI_SAMPLE_PLOT_H

#include <stdint.h>

#include "options/plan_options.h"
#include "plot.h"

typedef struct cli_sample_picture {
    cli_plot_options options;
    int rows, columns; /* of an image; 0: no images */
    const cli_plan_options *plan;
    myr_samples_shape shape;
    double low[2], high[2]; /* what is shown of the coordinates that are drawn */
    int bins[2];
    uint64_t *counts; /* [bins[0]][bins[1]] of histogram and density */
    double *values;   /* of lines [taken][levels][axes], of images [taken][rows * columns] */
    uint64_t taken, most;
} cli_sample_picture;

/* Reads "8x8" of --image. CLI_REPORTED after printing what is wrong. */
error_t cli_read_image(const char *text, int *rows, int *columns);

/* Whether there can be a picture of that. Prints a refusal; returns the exit status. Makes room for it. */
int cli_sample_picture_begin(cli_sample_picture *picture, const cli_plan_options *plan,
                             const myr_samples_shape *shape);
/* Takes up the next trajectories, as myr_samples_write. */
void cli_sample_picture_add(cli_sample_picture *picture, const double *values, uint64_t trajectories);
/* Draws it. Prints what went wrong; returns the exit status. */
int cli_sample_picture_draw(const cli_sample_picture *picture);
void cli_sample_picture_free(cli_sample_picture *picture);

#endif
