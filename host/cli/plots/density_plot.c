#include "density_plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "reports/messages.h"

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

/* From where to where a coordinate's finite bins reach, which all runs have the same. */
static void find_span(const cli_histogram *run, int coordinate, double *low, double *high) {
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t n = 0; n < run->count; n++)
        if (run->rows[n].first == coordinate && isfinite(run->rows[n].low + run->rows[n].high)) {
            *low = fmin(*low, run->rows[n].low);
            *high = fmax(*high, run->rows[n].high);
        }
}

/* Whether all panels have something to show; prints why not. */
static int check_spans(const cli_density_picture *picture, int panels, bool states) {
    double low, high;
    for (int c = 0; c < panels && !states; c++) {
        find_span(&picture->runs[0], c, &low, &high);
        if (low == high)
            return cli_fail(CLI_IO,
                            "%s: cannot be drawn: numbers near %.3g are further apart than x_%d is spread: "
                            "expected a target nearer 0, or a wider one",
                            picture->options.path, low, c);
    }
    return CLI_DONE;
}

/* A coordinate's bins, where each begins and its density, of a run or of the target; then where the last
 * one ends. */
static void put_bins(const cli_plot *plot, const cli_histogram *run, int coordinate, double origin,
                     bool states, bool target) {
    double end = NAN, density = 0.0;
    for (size_t n = 0; n < run->count; n++) {
        const myr_statistic_row *row = &run->rows[n];
        const double width = width_of(row, states),
                     middle = 0.5 * ((row->low - origin) + (row->high - origin));
        if (row->first != coordinate || !isfinite(middle) || !(width > 0.0))
            continue;
        end = middle + 0.5 * width;
        density = (target ? row->expected : row->value) / width;
        fprintf(plot->script, "%.17g %.17g\n", middle - 0.5 * width, density);
    }
    fprintf(plot->script, "%.17g %.17g\nEND\n", end, density);
}

static void put_panel(cli_plot *plot, const cli_density_picture *picture, int coordinate, bool states) {
    double low, high;
    find_span(&picture->runs[0], coordinate, &low, &high);
    const double origin = cli_plot_origin(low, high);
    char name[32], axis[64];
    fprintf(plot->script, "$target%d << END\n", coordinate);
    put_bins(plot, &picture->runs[0], coordinate, origin, states, true);
    for (size_t n = 0; n < picture->count; n++) {
        fprintf(plot->script, "$run%d_%zu << END\n", coordinate, n);
        put_bins(plot, &picture->runs[n], coordinate, origin, states, false);
    }
    snprintf(name, sizeof name, "x_%d", coordinate);
    if (states)
        fputs("set xlabel 'state'\nset ylabel 'probability'\n", plot->script);
    else
        fprintf(plot->script, "set xlabel '%s (data units)'\nset ylabel 'density (per data unit)'\n",
                cli_plot_axis(name, origin, axis));
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
    const bool states = myr_target_states(options->target) > 0;
    int status = check_spans(picture, panels, states);
    if (status == CLI_DONE)
        status = cli_plot_open(&plot, &picture->options, 500 * across + 200, 340 * down + 60);
    if (status != CLI_DONE)
        return status;
    fprintf(plot.script,
            "set border 3\nset tics nomirror\nset yrange [0:*]\nset key above vertical maxrows 4 reverse "
            "Left\nset multiplot layout %d,%d title 'process %s, start %s, %.3g trajectories'\n",
            down, across, options->process, options->start, (double)trajectories);
    for (int c = 0; c < panels; c++)
        put_panel(&plot, picture, c, states);
    fputs("unset multiplot\n", plot.script);
    return cli_plot_close(&plot);
}
