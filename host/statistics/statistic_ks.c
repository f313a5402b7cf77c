/* The Kolmogorov-Smirnov distance of each coordinate: max |F_n - F|, at the edges of the bins. Between two
 * edges it can be larger by the target's probability there at most, which is the resolution. Of atoms
 * (data, states) it is taken midway between neighbours, and p, which is that of a continuous law, is an
 * upper bound. */
#include <math.h>
#include <stdlib.h>

#include "ground/failure.h"
#include "null_laws.h"
#include "statistic.h"

static myr_status create(myr_context *context, myr_statistics_setting *setting, void **state) {
    *state = (void *)myr_statistics_marginals(context, setting);
    return *state ? MYR_OK : MYR_OUT_OF_MEMORY;
}

typedef struct distance {
    double value, share, resolution; /* share: F_n where it is */
} distance;

static distance find_distance(const myr_bins *bins, uint64_t total) {
    distance found = {0.0, 0.5, 0.0};
    const int edges = bins->count - 1;
    uint64_t below = 0;
    for (int j = 0; j < edges; j++) {
        below += bins->found[j];
        const double share = (double)below / (double)total, off = fabs(share - bins->below[j]);
        if (off > found.value) {
            found.value = off;
            found.share = share;
        }
        if (!bins->atoms)
            found.resolution = fmax(found.resolution, bins->below[j] - (j > 0 ? bins->below[j - 1] : 0.0));
    }
    if (bins->faults > 0)
        found.value = NAN;
    return found;
}

static void report(const void *state, myr_statistic_rows *rows) {
    const myr_marginal_bins *all = state;
    const double n = (double)all->total;
    for (int c = 0; c < all->dimension; c++) {
        const distance found = find_distance(&all->bins[c], all->total);
        myr_statistic_row *row = myr_statistic_row_add(rows, myr_statistic_ks.name);
        row->first = c;
        row->value = found.value;
        row->standard_error = sqrt(found.share * (1.0 - found.share) / n);
        row->resolution = found.resolution;
        row->expected = myr_kolmogorov_mean(n);
        row->p = myr_kolmogorov_tail(found.value, n);
    }
}

static void destroy(void *state) {
    (void)state; /* the bins are the set's */
}

const myr_statistic myr_statistic_ks = {
    .name = "ks",
    .help = "Kolmogorov-Smirnov distance of each coordinate from the target's",
    .expected = "a marginal distribution in closed form",
    .suits = myr_has_marginal,
    .create = create,
    .report = report,
    .destroy = destroy,
};
