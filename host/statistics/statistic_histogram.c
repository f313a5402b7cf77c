/* A histogram of each coordinate in equal bins, beside the target's probabilities. */
#include <math.h>
#include <stdlib.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "statistic.h"

static const double deviations = 5.0; /* on both sides of the mean */

/* Bin b of 1 … bins is from low + (b - 1) step on; 0 is what is below, bins + 1 what is from the end on. */
typedef struct axis {
    double low, step;
} axis;

typedef struct histogram {
    int dimension, bins, threads;
    uint64_t total;
    axis *axis;       /* [dimension] */
    double *expected; /* [dimension][bins + 2] */
    uint64_t *found;  /* likewise */
} histogram;

static void destroy(void *state) {
    histogram *h = state;
    free(h->axis);
    free(h->expected);
    free(h->found);
    free(h);
}

/* The probability of low <= X < high: at an atom's place the edge counts it to the bin above. */
static double below(const myr_marginal *marginal, double x) {
    return myr_marginal_cdf(marginal, nextafter(x, -INFINITY));
}

static myr_status fill_axis(myr_context *context, const myr_statistics_setting *setting, int c,
                            histogram *h) {
    myr_marginal marginal;
    myr_status status = myr_marginal_create(context, setting->target, c, NULL, &marginal);
    if (status != MYR_OK)
        return status;
    double *expected = h->expected + (size_t)c * (size_t)(h->bins + 2), before = 0.0;
    axis *a = &h->axis[c];
    const double half = marginal.deviation > 0.0 ? deviations * marginal.deviation : 1.0;
    *a = (axis){marginal.mean - half, 2.0 * half / h->bins};
    if (myr_target_states(setting->target) > 0)
        *a = (axis){0.5, 1.0};
    for (int b = 0; b <= h->bins + 1; b++) {
        const double up_to = b <= h->bins ? below(&marginal, a->low + b * a->step) : 1.0;
        expected[b] = up_to - before;
        before = up_to;
    }
    myr_marginal_destroy(&marginal);
    return MYR_OK;
}

static myr_status create(myr_context *context, myr_statistics_setting *setting, void **state) {
    histogram *h = calloc(1, sizeof *h);
    if (!h)
        return myr_fail_memory(context, sizeof *h);
    const int states = myr_target_states(setting->target);
    *h = (histogram){.dimension = setting->dimension, .threads = setting->threads};
    h->bins = states > 0 ? states : setting->bins;
    const size_t cells = (size_t)h->dimension * (size_t)(h->bins + 2);
    h->axis = malloc((size_t)h->dimension * sizeof *h->axis);
    h->expected = malloc(cells * sizeof *h->expected);
    h->found = calloc(cells, sizeof *h->found);
    myr_status status = MYR_OK;
    if (!h->axis || !h->expected || !h->found)
        status = myr_fail_memory(context, cells * 2 * sizeof *h->expected);
    for (int c = 0; status == MYR_OK && c < h->dimension; c++)
        status = fill_axis(context, setting, c, h);
    if (status == MYR_OK)
        *state = h;
    else
        destroy(h);
    return status;
}

static int find_bin(const axis *a, int bins, double x) {
    const double place = (x - a->low) / a->step;
    if (isnan(place))
        return -1;
    return place < 0.0 ? 0 : place < (double)bins ? 1 + (int)place : bins + 1;
}

static void add(void *state, uint64_t first, uint64_t count, const double *samples) {
    (void)first;
    histogram *h = state;
    const int d = h->dimension;
#pragma omp parallel num_threads(h->threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (int c = 0; c < d; c++) {
            uint64_t *found = h->found + (size_t)c * (size_t)(h->bins + 2);
            for (uint64_t t = 0; t < count; t++) {
                const int b = find_bin(&h->axis[c], h->bins, samples[t * (uint64_t)d + (uint64_t)c]);
                if (b >= 0)
                    found[b]++;
            }
        }
    }
    h->total += count;
}

static void report(const void *state, myr_statistic_rows *rows) {
    const histogram *h = state;
    const double n = (double)h->total;
    for (int c = 0; c < h->dimension; c++)
        for (int b = 0; b <= h->bins + 1; b++) {
            const size_t at = (size_t)c * (size_t)(h->bins + 2) + (size_t)b;
            const double share = (double)h->found[at] / n;
            myr_statistic_row *row = myr_statistic_row_add(rows, myr_statistic_histogram.name);
            row->first = c;
            row->second = b;
            row->low = b > 0 ? h->axis[c].low + (b - 1) * h->axis[c].step : -INFINITY;
            row->high = b <= h->bins ? h->axis[c].low + b * h->axis[c].step : INFINITY;
            row->value = share;
            row->standard_error = sqrt(share * (1.0 - share) / n);
            row->expected = h->expected[at];
        }
}

const myr_statistic myr_statistic_histogram = {
    .name = "histogram",
    .help = "shares of the samples in equal bins of each coordinate, beside the target's probabilities",
    .expected = "a marginal distribution in closed form",
    .suits = myr_has_marginal,
    .create = create,
    .add = add,
    .report = report,
    .destroy = destroy,
};
