#include "marginal_bins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"

/* Evaluations of a normal's distribution function that making the bins may take: some seconds. */
static const double most_evaluations = 1e8;

/* Samples that are placed at a time. */
enum { PIECE = MYR_BINS_PIECE };

static int bin_count(int dimension, const myr_marginal *marginal) {
    double count = (double)MYR_BINS_TOGETHER / dimension;
    if (marginal->parts > 0)
        count = fmin(count, most_evaluations / (3.0 * marginal->parts * (double)dimension));
    count = fmin(MYR_BINS_MOST, fmax(count, 64.0));
    if (marginal->atoms > 0)
        count = fmin(count, (double)marginal->atoms);
    return (int)count;
}

static bool allocate(myr_bins *bins, int count) {
    const size_t n = (size_t)count;
    bins->count = count;
    bins->edge = malloc(n * sizeof *bins->edge);
    bins->below = malloc(n * sizeof *bins->below);
    bins->lower = malloc(n * sizeof *bins->lower);
    bins->guide = malloc((n + 1) * sizeof *bins->guide);
    bins->found = calloc(n, sizeof *bins->found);
    bins->sum = calloc(n, sizeof *bins->sum);
    bins->home = calloc(n, sizeof *bins->home);
    return bins->edge && bins->below && bins->lower && bins->guide && bins->found && bins->sum &&
           bins->home;
}

/* Edges at equal steps of probability. */
static void place_edges(myr_bins *bins, const myr_marginal *marginal) {
    double at = myr_marginal_quantile(marginal, 1.0 / bins->count, marginal->mean);
    int used = 0;
    for (int j = 1; j < bins->count; j++) {
        at = myr_marginal_quantile(marginal, (double)j / bins->count, at);
        if (used > 0 && at <= bins->edge[used - 1])
            continue; /* the next double is as far as it goes */
        bins->edge[used] = at;
        bins->below[used] = myr_marginal_cdf(marginal, at);
        bins->lower[used++] = myr_marginal_lower(marginal, at);
    }
    bins->count = used + 1;
}

/* Where the atoms of each bin are. */
static void find_homes(myr_bins *bins, const myr_marginal *marginal) {
    size_t atom = 0;
    for (int j = 0; j < bins->count; j++) {
        const bool last = j == bins->count - 1;
        const size_t begin = atom;
        const double before = begin > 0 ? marginal->below[begin - 1] : 0.0;
        const double part = begin > 0 ? marginal->part[begin - 1] : 0.0;
        while (atom < marginal->atoms && (last || marginal->at[atom] < bins->edge[j]))
            atom++;
        const double share = marginal->below[atom - 1] - before;
        bins->home[j] = atom == begin + 1 ? marginal->at[begin]
                                          : marginal->mean + (marginal->part[atom - 1] - part) / share;
        for (size_t i = begin; atom > begin + 1 && i < atom; i++)
            bins->spread += (marginal->below[i] - (i > 0 ? marginal->below[i - 1] : 0.0)) *
                            fabs(marginal->at[i] - bins->home[j]);
    }
}

/* Of atoms: edges midway between neighbours, of all of them or, where there are more, of some at about
 * equal steps. So what is a rounding error away from an atom is still with it. */
static void place_between(myr_bins *bins, const myr_marginal *marginal) {
    const int most = bins->count;
    int used = 0;
    double next = 0.0;
    for (size_t j = 0; j + 1 < marginal->atoms && used + 1 < most; j++) {
        const bool all = marginal->atoms <= (size_t)most;
        if (!all && marginal->below[j] < next)
            continue;
        bins->edge[used] = marginal->at[j] + 0.5 * (marginal->at[j + 1] - marginal->at[j]);
        bins->below[used] = marginal->below[j];
        bins->lower[used++] = marginal->part[j];
        next = marginal->below[j] + 1.0 / most;
    }
    bins->count = used + 1;
    find_homes(bins, marginal);
}

static double guide_step(const myr_bins *bins) {
    return (bins->edge[bins->count - 2] - bins->edge[0]) / bins->count;
}

/* guide[g]: edges below edge[0] + g steps. */
static void fill_guide(myr_bins *bins) {
    const int edges = bins->count - 1;
    int below = 0;
    for (int g = 0; g <= bins->count; g++) {
        const double at = edges > 0 ? bins->edge[0] + g * guide_step(bins) : 0.0;
        while (below < edges && bins->edge[below] < at)
            below++;
        bins->guide[g] = below;
    }
}

static myr_status create_one(myr_context *context, const myr_target *target, int coordinate,
                             myr_bins *bins) {
    myr_marginal marginal;
    myr_status status = myr_marginal_create(context, target, coordinate, NULL, &marginal);
    const int count = bin_count(target->dimension, &marginal);
    if (status == MYR_OK && !allocate(bins, count))
        status = myr_fail_memory(context, (size_t)count * sizeof(double) * 7);
    if (status == MYR_OK) {
        bins->atoms = marginal.atoms > 0;
        bins->centre = marginal.mean;
        bins->least = INFINITY;
        bins->greatest = -INFINITY;
        (bins->atoms ? place_between : place_edges)(bins, &marginal);
        fill_guide(bins);
    }
    myr_marginal_destroy(&marginal);
    return status;
}

myr_status myr_marginal_bins_create(myr_context *context, const myr_target *target, int threads,
                                    myr_marginal_bins **bins) {
    const size_t d = (size_t)target->dimension;
    myr_marginal_bins *made = calloc(1, sizeof *made);
    if (made)
        made->bins = calloc(d, sizeof *made->bins);
    if (!made || !made->bins) {
        free(made);
        return myr_fail_memory(context, d * sizeof *made->bins);
    }
    made->dimension = target->dimension;
    made->threads = threads;
    myr_status status = MYR_OK;
    for (int c = 0; status == MYR_OK && c < target->dimension; c++)
        status = create_one(context, target, c, &made->bins[c]);
    if (status == MYR_OK)
        *bins = made;
    else
        myr_marginal_bins_destroy(made);
    return status;
}

void myr_marginal_bins_destroy(myr_marginal_bins *bins) {
    for (int c = 0; bins && c < bins->dimension; c++) {
        free(bins->bins[c].edge);
        free(bins->bins[c].below);
        free(bins->bins[c].lower);
        free(bins->bins[c].guide);
        free(bins->bins[c].found);
        free(bins->bins[c].sum);
        free(bins->bins[c].home);
    }
    if (bins)
        free(bins->bins);
    free(bins);
}

/* The bin of x: how many edges are below it. */
static int find_bin(const myr_bins *bins, double x) {
    const int edges = bins->count - 1;
    if (edges == 0 || !(x > bins->edge[0]))
        return 0;
    if (x > bins->edge[edges - 1])
        return edges;
    const double step = guide_step(bins);
    int g = step > 0.0 ? (int)((x - bins->edge[0]) / step) : 0;
    g = g < bins->count - 1 ? g : bins->count - 1;
    /* Rounding may have put x into a neighbouring step. */
    int low = bins->guide[g > 0 ? g - 1 : 0],
        high = bins->guide[g + 2 <= bins->count ? g + 2 : bins->count];
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (bins->edge[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Samples are counted and summed one after the other, in their order. */
static void count_places(myr_bins *bins, int stride, int count, const double *samples,
                         const int32_t *place) {
    for (int t = 0; t < count; t++) {
        const double x = samples[(size_t)t * (size_t)stride];
        bins->faults += isnan(x) ? 1 : 0;
        bins->found[place[t]]++;
        bins->sum[place[t]] += x - bins->centre;
        bins->strayed += fabs(x - bins->home[place[t]]);
        bins->least = x < bins->least ? x : bins->least;
        bins->greatest = x > bins->greatest ? x : bins->greatest;
    }
}

/* Of one coordinate, found by all threads. */
static void add_together(myr_marginal_bins *all, int c, int count, const double *samples) {
    myr_bins *bins = &all->bins[c];
    const int d = all->dimension;
    int32_t *place = all->place;
#pragma omp parallel num_threads(all->threads) if (count > PIECE / 16)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (int t = 0; t < count; t++)
            place[t] = find_bin(bins, samples[(size_t)t * (size_t)d + (size_t)c]);
    }
    count_places(bins, d, count, samples + c, place);
}

/* Of many coordinates, a thread each; few enough samples to stay in the caches. */
static void add_apart(const myr_marginal_bins *all, int count, const double *samples) {
    const int d = all->dimension;
#pragma omp parallel num_threads(all->threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (int c = 0; c < d; c++) {
            int32_t place[PIECE / 16];
            for (int t = 0; t < count; t++)
                place[t] = find_bin(&all->bins[c], samples[(size_t)t * (size_t)d + (size_t)c]);
            count_places(&all->bins[c], d, count, samples + c, place);
        }
    }
}

void myr_marginal_bins_add(myr_marginal_bins *bins, uint64_t count, const double *samples) {
    const bool apart = bins->dimension >= 4 * bins->threads;
    const uint64_t most = apart ? PIECE / 16 : PIECE;
    for (uint64_t at = 0; at < count; at += most) {
        const int n = count - at < most ? (int)(count - at) : (int)most;
        const double *from = samples + at * (uint64_t)bins->dimension;
        if (apart)
            add_apart(bins, n, from);
        for (int c = 0; !apart && c < bins->dimension; c++)
            add_together(bins, c, n, from);
    }
    bins->total += count;
}
