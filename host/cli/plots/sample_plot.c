#include "sample_plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "options/arguments.h"
#include "plot.h"
#include "reports/messages.h"

enum { BINS = 100, PLANE_BINS = 160, MOST_LINES = 1000, SHEET = 10 };

/* ---- what is drawn --------------------------------------------------------------------------------- */

error_t cli_read_image(const char *text, int *rows, int *columns) {
    char first[8] = "";
    const char *by = strchr(text, 'x');
    uint64_t sides[2];
    cli_refusal refusal;
    if (by && (size_t)(by - text) < sizeof first) {
        memcpy(first, text, (size_t)(by - text));
        if (cli_parse_count(first, 1, MYR_MAX_DATA_DIMENSION, &sides[0], &refusal) &&
            cli_parse_count(by + 1, 1, MYR_MAX_DATA_DIMENSION, &sides[1], &refusal)) {
            *rows = (int)sides[0];
            *columns = (int)sides[1];
            return 0;
        }
    }
    cli_fail(CLI_USAGE, "--image: '%s' is no size: expected ROWSxCOLUMNS, as 8x8", text);
    return CLI_REPORTED;
}

static bool is_image(const cli_sample_picture *p) {
    return p->rows > 0;
}

static bool is_lines(const cli_sample_picture *p) {
    return p->shape.levels > 0;
}

/* Coordinates that are drawn. */
static int axes_of(const cli_sample_picture *p) {
    return p->shape.dimension > 1 ? 2 : 1;
}

/* Numbers that are kept of a trajectory. */
static size_t kept_of(const cli_sample_picture *p) {
    return is_image(p) ? (size_t)p->shape.dimension : (size_t)p->shape.levels * (size_t)axes_of(p);
}

static int check(const cli_sample_picture *p) {
    if (is_image(p) && is_lines(p))
        return cli_fail(CLI_USAGE, "--image: whole trajectories are drawn as lines: expected no --trace");
    if (is_image(p) && p->rows * p->columns != p->shape.dimension)
        return cli_fail(CLI_USAGE, "--image: %dx%d takes %d numbers, and a sample has %d", p->rows,
                        p->columns, p->rows * p->columns, p->shape.dimension);
    if (is_lines(p) && p->shape.count > MOST_LINES)
        return cli_fail(CLI_USAGE,
                        "--plot: %" PRIu64 " trajectories are too many lines: expected at most %d",
                        p->shape.count, MOST_LINES);
    return CLI_DONE;
}

/* So many times a number is what doubles near it are apart, and some more. */
#define FEW_DOUBLES 1e-15

/* Three standard deviations on both sides of the target's mean; of states, each. */
static void set_ranges(cli_sample_picture *p) {
    static double mean[MYR_MAX_DATA_DIMENSION], variance[MYR_MAX_DATA_DIMENSION];
    myr_target_moments(p->plan->target, mean, variance);
    const int states = myr_target_states(p->plan->target);
    for (int c = 0; c < axes_of(p); c++) {
        const double half =
            fmax(variance[c] > 0.0 ? 3.0 * sqrt(variance[c]) : 1.0, FEW_DOUBLES * fabs(mean[c]));
        p->low[c] = states > 0 ? 0.5 : mean[c] - half;
        p->high[c] = states > 0 ? states + 0.5 : mean[c] + half;
        p->bins[c] = states > 0 ? states : axes_of(p) > 1 ? PLANE_BINS : BINS;
    }
    if (axes_of(p) == 1)
        p->bins[1] = 1;
}

int cli_sample_picture_begin(cli_sample_picture *p, const cli_plan_options *plan,
                             const myr_samples_shape *shape) {
    p->plan = plan;
    p->shape = *shape;
    if (!p->options.path)
        return CLI_DONE;
    int status = check(p);
    if (status != CLI_DONE)
        return status;
    set_ranges(p);
    p->most = is_lines(p) ? MOST_LINES : is_image(p) ? SHEET * SHEET : 0;
    if (p->most > shape->count)
        p->most = shape->count;
    p->counts = calloc((size_t)p->bins[0] * (size_t)p->bins[1], sizeof *p->counts);
    p->values = calloc((size_t)p->most * kept_of(p) + 1, sizeof *p->values);
    if (!p->counts || !p->values)
        cli_out_of_memory();
    return CLI_DONE;
}

void cli_sample_picture_free(cli_sample_picture *p) {
    free(p->counts);
    free(p->values);
}

/* ---- taking up samples ----------------------------------------------------------------------------- */

static void keep(cli_sample_picture *p, const double *trajectory) {
    const size_t d = (size_t)p->shape.dimension, kept = kept_of(p);
    const size_t axes = is_image(p) ? d : (size_t)axes_of(p);
    double *to = p->values + (size_t)p->taken * kept;
    for (size_t n = 0; n < kept; n++)
        to[n] = trajectory[n / axes * d + n % axes];
    p->taken++;
}

static void count(cli_sample_picture *p, const double *sample) {
    size_t cell = 0;
    for (int c = 0; c < axes_of(p); c++) {
        const double at = (sample[c] - p->low[c]) / (p->high[c] - p->low[c]) * p->bins[c];
        if (!(at >= 0.0 && at < p->bins[c]))
            return;
        cell = cell * (size_t)p->bins[c] + (size_t)at;
    }
    p->counts[cell]++;
}

void cli_sample_picture_add(cli_sample_picture *p, const double *values, uint64_t trajectories) {
    const size_t numbers = (size_t)(is_lines(p) ? p->shape.levels : 1) * (size_t)p->shape.dimension;
    if (!p->options.path)
        return;
    for (uint64_t n = 0; n < trajectories; n++, values += numbers) {
        if (p->taken < p->most)
            keep(p, values);
        if (p->most == 0)
            count(p, values);
    }
}

/* ---- drawing --------------------------------------------------------------------------------------- */

static double width_of(const cli_sample_picture *p, int c) {
    return (p->high[c] - p->low[c]) / p->bins[c];
}

static double middle_of(const cli_sample_picture *p, int c, int bin) {
    return p->low[c] + (bin + 0.5) * width_of(p, c);
}

static void draw_histogram(const cli_sample_picture *p, FILE *script) {
    const bool states = myr_target_states(p->plan->target) > 0;
    const double origin = cli_plot_origin(p->low[0], p->high[0]);
    char axis[64];
    fputs("$counts << END\n", script);
    for (int b = 0; b < p->bins[0]; b++)
        fprintf(script, "%.17g %.17g\n", middle_of(p, 0, b) - origin,
                (double)p->counts[b] / (double)p->shape.count / width_of(p, 0));
    fprintf(
        script,
        "END\n"
        "set xlabel '%s%s'\nset ylabel '%s'\nset border 3\nset tics nomirror\nunset key\n"
        "set yrange [0:*]\nset xrange [%.17g:%.17g]\nset boxwidth %.17g\nset style fill solid 0.4 border\n"
        "plot $counts using 1:2 with boxes lc rgb '#404040'\n",
        states ? "state" : cli_plot_axis("x", origin, axis), states ? "" : " (data units)",
        states ? "probability" : "density (per data unit)", p->low[0] - origin, p->high[0] - origin,
        states ? 0.8 : width_of(p, 0));
}

static void draw_density(const cli_sample_picture *p, FILE *script) {
    const double scale = 1.0 / ((double)p->shape.count * width_of(p, 0) * width_of(p, 1));
    const double origins[2] = {cli_plot_origin(p->low[0], p->high[0]),
                               cli_plot_origin(p->low[1], p->high[1])};
    char axes[2][64];
    fputs("$density << END\n", script);
    for (int a = 0; a < p->bins[0]; a++)
        for (int b = 0; b < p->bins[1]; b++)
            fprintf(script, "%.17g %.17g %.17g\n", middle_of(p, 0, a) - origins[0],
                    middle_of(p, 1, b) - origins[1], (double)p->counts[a * p->bins[1] + b] * scale);
    fprintf(script,
            "END\n"
            "set xlabel '%s (data units)'\nset ylabel '%s (data units)'\nset cblabel 'density (per data "
            "unit squared)'\nset palette gray negative\n"
            "set xrange [%.17g:%.17g]\nset yrange [%.17g:%.17g]\nset cbrange [0:*]\nset size ratio 1\n"
            "set tics out nomirror\nunset key\n"
            "plot $density using 1:2:3 with image pixels\n",
            cli_plot_axis("x_0", origins[0], axes[0]), cli_plot_axis("x_1", origins[1], axes[1]),
            p->low[0] - origins[0], p->high[0] - origins[0], p->low[1] - origins[1],
            p->high[1] - origins[1]);
}

/* The origin of what is kept, of every stride-th number from the first on. */
static double origin_of(const cli_sample_picture *p, size_t first, size_t stride) {
    double low = INFINITY, high = -INFINITY;
    for (size_t n = first; n < (size_t)p->taken * kept_of(p); n += stride) {
        low = fmin(low, p->values[n]);
        high = fmax(high, p->values[n]);
    }
    return cli_plot_origin(low, high);
}

static void put_point(FILE *script, size_t level, const double *x, const double *origins, size_t axes) {
    if (axes == 1)
        fprintf(script, "%zu %.17g\n", level, x[0] - origins[0]);
    else
        fprintf(script, "%.17g %.17g\n", x[0] - origins[0], x[1] - origins[1]);
}

/* Each line ends with a blank one, which ends it for gnuplot. The last point of each stands apart. */
static void put_lines(const cli_sample_picture *p, const double *origins, FILE *script) {
    const size_t axes = (size_t)axes_of(p), levels = (size_t)p->shape.levels;
    fputs("$lines << END\n", script);
    for (size_t n = 0; n < p->taken; n++) {
        for (size_t k = 0; k < levels; k++)
            put_point(script, k, p->values + (n * levels + k) * axes, origins, axes);
        fputs("\n", script);
    }
    fputs("END\n$ends << END\n", script);
    for (size_t n = 0; n < p->taken; n++)
        put_point(script, levels - 1, p->values + ((n + 1) * levels - 1) * axes, origins, axes);
    fputs("END\n", script);
}

static void draw_lines(const cli_sample_picture *p, FILE *script) {
    const size_t axes = (size_t)axes_of(p);
    double origins[2] = {0.0, 0.0};
    char names[2][64];
    for (size_t c = 0; c < axes; c++)
        origins[c] = origin_of(p, c, axes);
    put_lines(p, origins, script);
    if (axes == 1)
        fprintf(script, "set xlabel 'step'\nset ylabel '%s (data units)'\n",
                cli_plot_axis("x", origins[0], names[0]));
    else
        fprintf(script, "set xlabel '%s (data units)'\nset ylabel '%s (data units)'\n",
                cli_plot_axis("x_0", origins[0], names[0]), cli_plot_axis("x_1", origins[1], names[1]));
    fprintf(script,
            "set border 3\nset tics nomirror\nset key outside bottom center horizontal\n"
            "plot $lines using 1:2 with lines lw %g lc rgb '#80606060' title 'trajectories', "
            "$ends using 1:2 with points pt 7 ps 0.4 lc rgb 'black' title 'samples'\n",
            p->taken > 100 ? 0.4 : 0.8);
}

/* The sheet as one image with a pixel between the samples; the darker the larger. */
static void draw_sheet(const cli_sample_picture *p, FILE *script) {
    const int count = (int)p->taken, across = count < SHEET ? count : SHEET;
    const int down = (count + across - 1) / across;
    const double origin = origin_of(p, 0, 1);
    fputs("$sheet << END\n", script);
    for (int y = 0; y < down * (p->rows + 1) - 1; y++) {
        for (int x = 0; x < across * (p->columns + 1) - 1; x++) {
            const int n = y / (p->rows + 1) * across + x / (p->columns + 1);
            const int row = y % (p->rows + 1), column = x % (p->columns + 1);
            if (n >= count || row == p->rows || column == p->columns)
                fputs("NaN ", script);
            else
                fprintf(script, "%.17g ", p->values[(n * p->rows + row) * p->columns + column] - origin);
        }
        fputs("\n", script);
    }
    fputs(
        "END\n"
        "set palette gray negative\nunset key\nunset tics\nunset colorbox\nunset border\n"
        "set size ratio -1\nset yrange [] reverse\nset autoscale fix\nset margins 1,1,1,1\n"
        "plot $sheet matrix with image pixels\n",
        script);
}

int cli_sample_picture_draw(const cli_sample_picture *p) {
    cli_plot plot;
    if (!p->options.path)
        return cli_plot_without(&p->options);
    const bool square = is_image(p) || (!is_lines(p) && axes_of(p) > 1);
    int status = cli_plot_open(&plot, &p->options, square ? 640 : 800, is_image(p) ? 640 : 520);
    if (status != CLI_DONE)
        return status;
    if (!is_image(p))
        fprintf(plot.script, "set title '%s, %s of %" PRIu64 " steps, %" PRIu64 " %s'\n", p->plan->process,
                p->plan->samplers[0], p->plan->steps[0], p->shape.count,
                is_lines(p) ? "trajectories" : "samples");
    if (is_image(p))
        draw_sheet(p, plot.script);
    else if (is_lines(p))
        draw_lines(p, plot.script);
    else if (axes_of(p) > 1)
        draw_density(p, plot.script);
    else
        draw_histogram(p, plot.script);
    return cli_plot_close(&plot);
}
