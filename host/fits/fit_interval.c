#include "fit_interval.h"

#include <math.h>
#include <stdlib.h>

double myr_normal_reach(double level) {
    double low = 0.0, high = 40.0; /* P(|Z| > z) = erfc(z / sqrt(2)), which falls */
    for (int halving = 0; halving < 64; halving++) {
        const double middle = 0.5 * (low + high);
        if (erfc(middle * 0.70710678118654752) > 1.0 - level)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

static int compare(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

/* Number n in order, of `known` numbers and then `count - known` that are outer. */
static double at(const double *sorted, int64_t n, uint64_t known, double outer) {
    return n < 0 || n >= (int64_t)known ? outer : sorted[n];
}

void myr_percentiles(double *values, uint64_t count, double level, double *low, double *high) {
    *low = *high = NAN;
    if (count == 0)
        return;
    qsort(values, count, sizeof *values, compare);
    uint64_t known = count;
    while (known > 0 && isnan(values[known - 1]))
        known--;
    const double share[2] = {0.5 - 0.5 * level, 0.5 + 0.5 * level};
    for (int end = 0; end < 2; end++) {
        const double place = share[end] * (double)(count - 1), below = floor(place);
        /* at the lower end those that can be anything come first */
        const int64_t n = (int64_t)below - (end == 0 ? (int64_t)(count - known) : 0);
        const double outer = end == 0 ? -INFINITY : INFINITY, part = place - below;
        const double a = at(values, n, known, outer);
        const double b = part > 0.0 ? at(values, n + 1, known, outer) : a;
        double *to = end == 0 ? low : high;
        *to = isfinite(a) && isfinite(b) ? a + part * (b - a) : end == 0 ? a : b;
    }
}
