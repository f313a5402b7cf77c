/* Quantiles of each coordinate at fixed levels, interpolated in the bin that holds them; of atoms, the mean
 * of what is in it. The standard error is Woodruff's: half the distance of the quantiles one standard error
 * of the share up and down. */
#include <math.h>
#include <stdlib.h>

#include "ground/failure.h"
#include "statistic.h"

static const double levels[] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};
enum { LEVELS = sizeof levels / sizeof *levels };

typedef struct quantiles {
    const myr_marginal_bins *marginals;
    double expected[][LEVELS]; /* [dimension] */
} quantiles;

static myr_status fill_expected(myr_context *context, const myr_statistics_setting *setting, quantiles *q) {
    for (int c = 0; c < setting->dimension; c++) {
        myr_marginal marginal;
        myr_status status = myr_marginal_create(context, setting->target, c, NULL, &marginal);
        for (int n = 0; status == MYR_OK && n < LEVELS; n++)
            q->expected[c][n] = myr_marginal_quantile(&marginal, levels[n], marginal.mean);
        myr_marginal_destroy(&marginal);
        if (status != MYR_OK)
            return status;
    }
    return MYR_OK;
}

static myr_status create(myr_context *context, myr_statistics_setting *setting, void **state) {
    const size_t bytes = sizeof(quantiles) + (size_t)setting->dimension * sizeof(double[LEVELS]);
    quantiles *q = calloc(1, bytes);
    if (!q)
        return myr_fail_memory(context, bytes);
    q->marginals = myr_statistics_marginals(context, setting);
    myr_status status = q->marginals ? fill_expected(context, setting, q) : MYR_OUT_OF_MEMORY;
    if (status == MYR_OK)
        *state = q;
    else
        free(q);
    return status;
}

typedef struct place {
    double value, width;
} place;

static place find_quantile(const myr_bins *bins, uint64_t total, double level) {
    const int edges = bins->count - 1;
    const double wanted = level * (double)total;
    uint64_t below = 0;
    int j = 0;
    while (j < edges && (bins->found[j] == 0 || (double)(below + bins->found[j]) < wanted))
        below += bins->found[j++];
    const double from = j > 0 ? fmax(bins->edge[j - 1], bins->least) : bins->least;
    const double to = j < edges ? fmin(bins->edge[j], bins->greatest) : bins->greatest;
    if (bins->found[j] == 0) /* all are below: level 1 */
        return (place){bins->greatest, 0.0};
    const double n = (double)bins->found[j];
    if (bins->atoms)
        return (place){bins->centre + bins->sum[j] / n, to - from};
    return (place){from + (to - from) * fmax(wanted - (double)below, 0.0) / n, to - from};
}

static double standard_error(const myr_bins *bins, uint64_t total, double level) {
    const double step = sqrt(level * (1.0 - level) / (double)total);
    const place low = find_quantile(bins, total, fmax(level - step, 0.0));
    const place high = find_quantile(bins, total, fmin(level + step, 1.0));
    return 0.5 * (high.value - low.value);
}

static void report(const void *state, myr_statistic_rows *rows) {
    const quantiles *q = state;
    for (int c = 0; c < q->marginals->dimension; c++)
        for (int n = 0; n < LEVELS; n++) {
            const myr_bins *bins = &q->marginals->bins[c];
            const place found = find_quantile(bins, q->marginals->total, levels[n]);
            myr_statistic_row *row = myr_statistic_row_add(rows, myr_statistic_quantiles.name);
            row->first = c;
            row->low = levels[n];
            row->value = bins->faults > 0 ? NAN : found.value;
            row->standard_error = standard_error(bins, q->marginals->total, levels[n]);
            row->resolution = found.width;
            row->expected = q->expected[c][n];
        }
}

const myr_statistic myr_statistic_quantiles = {
    .name = "quantiles",
    .help = "1, 5, 25, 50, 75, 95 and 99 % quantiles of each coordinate, beside the target's",
    .expected = "a marginal distribution in closed form",
    .suits = myr_has_marginal,
    .create = create,
    .report = report,
    .destroy = free,
};
