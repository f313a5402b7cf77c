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
    return (a > b) - (a < b);
}

static double quantile(const double *sorted, uint64_t count, double share) {
    const double at = share * (double)(count - 1), below = floor(at);
    const uint64_t n = (uint64_t)below;
    return n + 1 < count ? sorted[n] + (at - below) * (sorted[n + 1] - sorted[n]) : sorted[count - 1];
}

void myr_percentiles(double *values, uint64_t count, double level, double *low, double *high) {
    *low = *high = NAN;
    if (count == 0)
        return;
    qsort(values, count, sizeof *values, compare);
    *low = quantile(values, count, 0.5 - 0.5 * level);
    *high = quantile(values, count, 0.5 + 0.5 * level);
}
