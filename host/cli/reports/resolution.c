#include "resolution.h"

#include <math.h>
#include <stdio.h>

#include "messages.h"

enum { LOOKED_AT = 4096 };

/* Rounding to numbers that are u apart adds u^2/12 to a variance (Sheppard). Float backends err by about 1e-6 of
 * the target's variance anyway; rounding that adds more than that is worth a line. It is then more than a 289th
 * of the standard deviation. */
#define WORTH_A_LINE 1e-6
/* Samples that lie together within those errors, as those of one data point, have no spread of their own. */
#define COLLAPSED 1e-12

static double step_at(double value, bool doubles) {
    const float x = (float)fabs(value);
    if (doubles)
        return nextafter(fabs(value), INFINITY) - fabs(value);
    return (double)nextafterf(x, INFINITY) - (double)x;
}

/* Keeps the coordinate that loses most. */
static void weigh(cli_resolution *r, int coordinate, double largest, double spread) {
    const double ratio = step_at(largest, r->doubles) / spread, share = ratio * ratio / 12.0;
    if (!(spread > 0.0 && share > r->share))
        return;
    r->share = share;
    r->coordinate = coordinate;
    r->largest = largest;
    r->spread = spread;
}

static void look_at(cli_resolution *r, double target, const double *values, uint64_t count, uint64_t stride,
                    int coordinate) {
    double sum = 0.0, squares = 0.0, largest = 0.0;
    bool exact = true;
    for (uint64_t n = 0; n < count; n++) {
        const double x = values[n * stride];
        sum += x;
        largest = fmax(largest, fabs(x));
        exact = exact && (double)(float)x == x;
    }
    for (uint64_t n = 0; n < count; n++) {
        const double off = values[n * stride] - sum / (double)count;
        squares += off * off;
    }
    const double variance = squares / ((double)count - 1.0);
    if (!exact && variance > COLLAPSED * target)
        weigh(r, coordinate, largest, sqrt(variance));
}

void cli_resolution_exact(cli_resolution *r, myr_context *context, const myr_plan *plan,
                          const myr_target *target, bool doubles) {
    double mean[MYR_MAX_DIMENSION], variance[MYR_MAX_DIMENSION];
    r->doubles = doubles;
    /* The exact answer, where there is one; the numbers of states are small whole ones, which no file rounds. */
    if (myr_target_states(target) > 0 || myr_plan_exact(context, plan, target, mean, variance) != MYR_OK)
        return;
    r->looked = true;
    for (int c = 0; c < myr_target_dimension(target); c++) {
        const double spread = sqrt(variance[c]);
        weigh(r, c, fabs(mean[c]) + spread, spread);
    }
}

void cli_resolution_look(cli_resolution *r, const myr_target *target, const double *values, uint64_t count,
                         const myr_samples_shape *shape) {
    static double variance[MYR_MAX_DATA_DIMENSION];
    const uint64_t d = (uint64_t)shape->dimension, levels = shape->levels > 0 ? shape->levels : 1;
    if (r->looked || r->doubles || count < 2)
        return;
    r->looked = true;
    myr_target_moments(target, NULL, variance);
    for (int c = 0; c < shape->dimension; c++)
        look_at(r, variance[c], values + (levels - 1) * d + (uint64_t)c,
                count < LOOKED_AT ? count : LOOKED_AT, levels * d, c);
}

void cli_resolution_note(const cli_resolution *r, const char *path) {
    if (r->share > WORTH_A_LINE)
        cli_fail(CLI_DONE,
                 "%s: %s holds numbers near %.3g in steps of %.2g, and the standard deviation of "
                 "coordinate %d "
                 "is %.2g: expected %s",
                 path, r->doubles ? "float64" : "float32", r->largest, step_at(r->largest, r->doubles),
                 r->coordinate, r->spread, r->doubles ? "a mean nearer 0" : "--dtype float64");
}
