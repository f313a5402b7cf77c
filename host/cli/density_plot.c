#include "density_plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"

enum { MOST_PANELS = 9 };

myr_status cli_density_keep(myr_context *context, cli_density_picture *picture, const myr_plan *plan,
                            const char *sampler, myr_statistics *histogram) {
    const myr_statistic_row *rows = NULL;
    cli_histogram kept = {.count = 0};
    myr_status status = myr_statistics_rows(context, histogram, &rows, &kept.count);
    if (status != MYR_OK)
        return status;
    kept.rows = malloc(kept.count * sizeof *kept.rows);
    picture->runs = realloc(picture->runs, (picture->count + 1) * sizeof *picture->runs);
    if (!kept.rows || !picture->runs)
        cli_out_of_memory();
    memcpy(kept.rows, rows, kept.count * sizeof *rows);
    snprintf(kept.name, sizeof kept.name, "%s, %" PRId64 " steps", sampler, myr_plan_steps(plan));
    picture->runs[picture->count++] = kept;
    return MYR_OK;
}

void cli_density_free(cli_density_picture *picture) {
    for (size_t n = 0; n < picture->count; n++)
        free(picture->runs[n].rows);
    free(picture->runs);
}

static double width_of(const myr_statistic_row *row, bool states) {
    return states ? 1.0 : row->high - row->low;
}

/* A coordinate's bins, where each begins and its density, of a run or of the target; then where the last
 * one ends. */
static void put_bins(const cli_plot *plot, const cli_histogram *run, int coordinate, bool states,
                     bool target) {
    double end = NAN, density = 0.0;
    for (size_t n = 0; n < run->count; n++) {
        const myr_statistic_row *row = &run->rows[n];
        const double width = width_of(row, states), middle = 0.5 * (row->low + row->high);
        if (row->first != coordinate || !isfinite(middle))
            continue;
        end = middle + 0.5 * width;
        density = (target ? row->expected : row->value) / width;
        fprintf(plot->script, "%.9g %.9g\n", middle - 0.5 * width, density);
    }
    fprintf(plot->script, "%.9g %.9g\nEND\n", end, density);
}

static void put_panel(cli_plot *plot, const cli_density_picture *picture, int coordinate, bool states) {
    fprintf(plot->script, "$target%d << END\n", coordinate);
    put_bins(plot, &picture->runs[0], coordinate, states, true);
    for (size_t n = 0; n < picture->count; n++) {
        fprintf(plot->script, "$run%d_%zu << END\n", coordinate, n);
        put_bins(plot, &picture->runs[n], coordinate, states, false);
    }
    if (states)
        fputs("set xlabel 'state'\nset ylabel 'probability'\n", plot->script);
    else
        fprintf(plot->script, "set xlabel 'x_%d (data units)'\nset ylabel 'density (per data unit)'\n",
                coordinate);
    fprintf(plot->script,
            "plot $target%d using 1:2 with fillsteps fs solid 0.35 noborder lc rgb '#808080' "
            "title 'target, exact'",
            coordinate);
    for (size_t n = 0; n < picture->count; n++) {
        fprintf(plot->script, ", $run%d_%zu using 1:2 with steps lw 1.5 dt %zu lc rgb '%s' title ",
                coordinate, n, n % 5 + 1, cli_plot_colour(n));
        cli_plot_text(plot, picture->runs[n].name);
        fputs(" noenhanced", plot->script);
    }
    fputs("\n", plot->script);
}

int cli_density_draw(const cli_density_picture *picture, const cli_plan_options *options,
                     uint64_t trajectories) {
    cli_plot plot;
    if (!picture->options.path)
        return cli_plot_without(&picture->options);
    const int d = myr_target_dimension(options->target), panels = d < MOST_PANELS ? d : MOST_PANELS;
    const int across = panels < 3 ? panels : 3, down = (panels + across - 1) / across;
    int status = cli_plot_open(&plot, &picture->options, 500 * across + 200, 340 * down + 60);
    if (status != CLI_DONE)
        return status;
    fprintf(plot.script,
            "set border 3\nset tics nomirror\nset yrange [0:*]\nset key above vertical maxrows 4 reverse "
            "Left\nset multiplot layout %d,%d title 'process %s, start %s, %.3g trajectories'\n",
            down, across, options->process, options->start, (double)trajectories);
    for (int c = 0; c < panels; c++)
        put_panel(&plot, picture, c, myr_target_states(options->target) > 0);
    fputs("unset multiplot\n", plot.script);
    return cli_plot_close(&plot);
}
