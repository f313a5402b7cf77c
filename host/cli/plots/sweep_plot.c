#include "sweep_plot.h"

#include <inttypes.h>
#include <math.h>

/* A block of data for each line: steps, |error|, its standard error. */
static void put_lines(cli_plot *plot, const cli_sweep_line *lines, size_t count, size_t steps) {
    for (size_t i = 0; i < count; i++) {
        fprintf(plot->script, "$line%zu << END\n", i);
        for (size_t j = 0; j < steps; j++) {
            const cli_sweep_point *point = &lines[i].points[j];
            if (point->error.whole != 0.0 && isfinite(point->error.whole))
                fprintf(plot->script, "%" PRIu64 " %.17g %.17g\n", point->steps, fabs(point->error.whole),
                        point->standard_error);
        }
        fputs("END\n", plot->script);
    }
}

/* The lowest that the picture shows: of the errors drawn, and a third of the floors. */
static double find_bottom(const cli_sweep_line *lines, size_t count, size_t steps) {
    double bottom = INFINITY;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < steps; j++) {
            const cli_sweep_point *point = &lines[i].points[j];
            if (fabs(point->error.whole) > 0.0)
                bottom = fmin(bottom, fabs(point->error.whole));
            if (point->floor > 0.0)
                bottom = fmin(bottom, point->floor / 3.0);
        }
    return isfinite(bottom) ? bottom : 1e-6;
}

/* At each number of steps the floor of the line with the smallest error: the one that it may hide. */
static void put_floor(cli_plot *plot, const cli_sweep_line *lines, size_t count, size_t steps) {
    fputs("$floor << END\n", plot->script);
    for (size_t j = 0; j < steps; j++) {
        const cli_sweep_point *smallest = &lines[0].points[j];
        for (size_t i = 1; i < count; i++)
            if (fabs(lines[i].points[j].error.whole) < fabs(smallest->error.whole))
                smallest = &lines[i].points[j];
        fprintf(plot->script, "%" PRIu64 " %.17g\n", smallest->steps, smallest->floor);
    }
    fputs("END\n", plot->script);
}

static void put_axes(cli_plot *plot, const cli_sweep_report *report, double bottom) {
    const cli_plan_options *plan = report->plan;
    fprintf(plot->script,
            "set logscale xy\n"
            "set xlabel 'steps'\n"
            "set ylabel '%s'\n"
            "set title 'process %s, start %s, %.3g trajectories'\n"
            "set format y '10^{%%T}'\n"
            "set grid xtics ytics lt 1 lc rgb '#d0d0d0' lw 0.5\n"
            "set key outside right top vertical reverse Left samplen 3\n"
            "set border 3\nset tics nomirror\n"
            "set yrange [%.3g:*]\n"
            "set xrange [%g:%g]\n"
            "set xtics (",
            report->distance ? report->distance
                             : "|error of the variance|, as a share of the target''s variance",
            plan->process, plan->start, (double)report->run->trajectories, bottom,
            0.9 * (double)plan->steps[0], 1.1 * (double)plan->steps[plan->steps_count - 1]);
    for (size_t j = 0; j < plan->steps_count; j++)
        fprintf(plot->script, "%s%" PRIu64, j ? ", " : "", plan->steps[j]);
    fputs(")\n", plot->script);
}

int cli_sweep_plot(const cli_sweep_report *report, const cli_sweep_line *lines, size_t count,
                   const cli_plot_options *options) {
    cli_plot plot;
    int status = cli_plot_open(&plot, options, 900, 560);
    if (status)
        return status;
    const size_t steps = report->plan->steps_count;
    put_lines(&plot, lines, count, steps);
    const double bottom = find_bottom(lines, count, steps);
    put_floor(&plot, lines, count, steps);
    put_axes(&plot, report, bottom);
    fprintf(plot.script,
            "plot $floor using 1:2:(%.3g) with filledcurves fs solid 0.3 noborder lc rgb '#a0a0a0' "
            "title 'Monte Carlo floor'",
            bottom);
    for (size_t i = 0; i < count; i++) {
        char name[128];
        cli_sweep_name(report->plan, &lines[i], name, sizeof name);
        fprintf(plot.script,
                ", $line%zu using 1:2 with linespoints lw 1.5 dt %zu pt %zu ps 0.8 lc rgb '%s' title ", i,
                i % 5 + 1, i % 13 + 1, cli_plot_colour(i));
        cli_plot_text(&plot, name);
        fputs(" noenhanced", plot.script);
    }
    return cli_plot_close(&plot);
}
