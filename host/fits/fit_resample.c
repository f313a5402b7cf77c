#include "fit_resample.h"

#include <math.h>
#include <stdlib.h>

bool myr_poisson_set(myr_poisson *poisson, double mean) {
    if (poisson->count && poisson->mean == mean)
        return true;
    /* 2^-33 is 6.3 standard deviations of a normal away. A Poisson number's lower tail is lighter; at the
     * upper end 20 more pay for the heavier one (mean 1 needs 12). */
    const double spread = 7.0 * sqrt(mean);
    const double first = floor(mean > spread ? mean - spread : 0.0);
    const uint64_t count = (uint64_t)(ceil(mean + spread) + 20.0 - first);
    if (count > poisson->room) {
        double *larger = realloc(poisson->thresholds, (size_t)count * sizeof *larger);
        if (!larger)
            return false;
        poisson->thresholds = larger;
        poisson->room = count;
    }
    /* Probabilities relative to that of the mean, from there in both directions, then their sums. */
    double *p = poisson->thresholds;
    const uint64_t mode = (uint64_t)(mean - first);
    p[mode] = 1.0;
    for (uint64_t n = mode + 1; n < count; n++)
        p[n] = p[n - 1] * mean / (first + (double)n);
    for (uint64_t n = mode; n > 0; n--)
        p[n - 1] = p[n] * (first + (double)n) / mean;
    for (uint64_t n = 1; n < count; n++)
        p[n] += p[n - 1];
    const double total = p[count - 1];
    for (uint64_t n = 0; n < count; n++)
        p[n] = floor(p[n] / total * 4294967296.0 + 0.5);
    poisson->mean = mean;
    poisson->first = (uint64_t)first;
    poisson->count = count;
    return true;
}

uint32_t myr_poisson_draw(const myr_poisson *poisson, uint32_t word) {
    uint64_t low = 0, high = poisson->count;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (poisson->thresholds[middle] <= (double)word)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint32_t)(poisson->first + low);
}

void myr_poisson_free(myr_poisson *poisson) {
    free(poisson->thresholds);
    *poisson = (myr_poisson){0};
}
