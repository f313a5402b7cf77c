#include "sweep_estimate.h"

#include <math.h>

enum { chunk = 4096 };

cli_blocks cli_blocks_make(uint64_t trajectories) {
    cli_blocks blocks = {.size = chunk};
    while ((trajectories - 1) / blocks.size >= CLI_MOST_BLOCKS)
        blocks.size *= 2;
    blocks.count = (size_t)((trajectories - 1) / blocks.size) + 1;
    for (size_t j = 0; j < blocks.count; j++) {
        const uint64_t before = (uint64_t)j * blocks.size;
        const uint64_t left = trajectories - before;
        blocks.share[j] = (double)(left < blocks.size ? left : blocks.size) / (double)trajectories;
    }
    return blocks;
}

double cli_jackknife(const cli_blocks *blocks, const cli_estimate *estimate) {
    const double count = (double)blocks->count;
    if (blocks->count < 2)
        return NAN;
    /* The mean of the t_j less whole: small, where the t_j themselves may be large. */
    double mean = 0.0, square = 0.0;
    for (size_t j = 0; j < blocks->count; j++)
        mean += (1.0 - blocks->share[j]) * (estimate->whole - estimate->without[j]);
    for (size_t j = 0; j < blocks->count; j++) {
        const double rest = 1.0 / blocks->share[j] - 1.0;
        const double off = rest * (estimate->whole - estimate->without[j]) - mean;
        square += off * off / rest;
    }
    return sqrt(square / count);
}

bool cli_is_hidden(const cli_sweep_point *point) {
    return !(fabs(point->error.whole) > point->floor);
}

cli_difference cli_differ(const cli_blocks *blocks, const cli_sweep_point *a, const cli_sweep_point *b) {
    cli_estimate difference = {.whole = a->error.whole - b->error.whole};
    for (size_t j = 0; j < blocks->count; j++)
        difference.without[j] = a->error.without[j] - b->error.without[j];
    const double error = cli_jackknife(blocks, &difference);
    return (cli_difference){difference.whole, error, hypot(a->standard_error, b->standard_error) / error};
}

/* The errors of points first … last without a block; of whole runs with block -1, the exact ones with -2.
 */
static double error_of(const cli_sweep_point *point, int block) {
    if (block == -2)
        return point->exact;
    return block < 0 ? point->error.whole : point->error.without[block];
}

/* The standard error of that slope, of points whose errors are independent: the slope is a sum of their
 * logs with the weights x/sum x^2, and a log's error is the relative one. */
static double slope_error(const cli_sweep_point *points, size_t first, size_t last) {
    double mean = 0.0, sxx = 0.0, square = 0.0;
    for (size_t i = first; i <= last; i++)
        mean += log((double)points[i].steps) / (double)(last - first + 1);
    for (size_t i = first; i <= last; i++) {
        const double x = log((double)points[i].steps) - mean;
        const double off = x * points[i].standard_error / points[i].error.whole;
        sxx += x * x;
        square += off * off;
    }
    return sqrt(square) / sxx;
}

/* Least squares of log|error| on -log steps: the slope, and its standard error by the residuals. */
static double slope(const cli_sweep_point *points, size_t first, size_t last, int block, double *scatter) {
    const double n = (double)(last - first + 1);
    double mx = 0.0, my = 0.0, sxx = 0.0, sxy = 0.0, rest = 0.0;
    for (size_t i = first; i <= last; i++) {
        mx += -log((double)points[i].steps) / n;
        my += log(fabs(error_of(&points[i], block))) / n;
    }
    for (size_t i = first; i <= last; i++) {
        const double x = -log((double)points[i].steps) - mx;
        sxx += x * x;
        sxy += x * (log(fabs(error_of(&points[i], block))) - my);
    }
    for (size_t i = first; i <= last; i++) {
        const double x = -log((double)points[i].steps) - mx;
        const double off = log(fabs(error_of(&points[i], block))) - my - sxy / sxx * x;
        rest += off * off;
    }
    *scatter = n > 2.0 ? sqrt(rest / (n - 2.0) / sxx) : 0.0;
    return sxy / sxx;
}

/* The finest two points or more in a row that are visible and of one sign. */
static bool find_run(const cli_sweep_point *points, size_t count, size_t *first, size_t *last) {
    for (size_t end = count; end > 1; end = *first) {
        *first = *last = end - 1;
        while (!cli_is_hidden(&points[*last]) && *first > 0 && !cli_is_hidden(&points[*first - 1]) &&
               signbit(points[*first - 1].error.whole) == signbit(points[*last].error.whole))
            (*first)--;
        if (*first < *last)
            return true;
    }
    return false;
}

cli_order cli_fit_order(const cli_blocks *blocks, const cli_sweep_point *points, size_t count) {
    size_t first, last;
    if (!find_run(points, count, &first, &last))
        return (cli_order){.order = NAN, .standard_error = NAN, .exact = NAN};
    double scatter, ignored;
    cli_estimate estimate = {.whole = slope(points, first, last, -1, &scatter)};
    for (size_t j = 0; j < blocks->count; j++)
        estimate.without[j] = slope(points, first, last, (int)j, &ignored);
    const double error =
        blocks->count > 0 ? cli_jackknife(blocks, &estimate) : slope_error(points, first, last);
    return (cli_order){first, last, estimate.whole, hypot(error, scatter),
                       slope(points, first, last, -2, &ignored)};
}
