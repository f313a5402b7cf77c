/* The Wasserstein-1 distance of each coordinate, W1 = integral of |F_n - F| dx.
 *
 * Over a bin from a to b the integral of F_n - F is known: with D = F_n - F, s the samples' sum in the bin
 * over their number in all (both relative to the centre) and m the target's,
 *
 *     b D(b) - a D(a) - (s - m),
 *
 * and in the outer bins, D being 0 far out, a or b there does not matter. The sum of their sizes is W1 but
 * for bins in which F_n crosses F. In a bin D stays between D(a) - f and D(a) + g, f and g being the
 * target's and the samples' share of the bin; so what is lost there is at most twice the width times the
 * lesser of f - D(a) and D(a) + g, if both are positive; and in an outer bin twice the lesser of the two
 * tails' integrals. The sum of that is the resolution.
 *
 * Of atoms (data, states), W1 = sum |D| times the step from atom to atom, with each sample moved to the
 * atom it is nearest to; the resolution is how far that moved them in the mean.
 *
 * Its null law: sqrt(n) (F_n - F) tends to a Brownian bridge B at u = F, so sqrt(n) W1 to the integral of
 * |B(u)| dQ(u), Q the target's quantile function. A thousand bridges on 512 cells (equal steps of a normal
 * quantile from -6 to 6) give its mean and p. The standard error is that of the mean of
 * h(x) = -integral up to x of sign(F_n - F), by which W1 changes when a sample is added at x. */
#include <math.h>
#include <stdlib.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/generator.h"
#include "myriad/random.h"
#include "statistic.h"

enum { CELLS = 512, BRIDGES = 1000 };

typedef struct wasserstein {
    const myr_marginal_bins *marginals;
    float (*bridge)[CELLS]; /* [BRIDGES]: |B| in the middle of each cell */
    float (*width)[CELLS];  /* [dimension]: of the cell in x */
} wasserstein;

static double normal_cdf(double z) {
    return 0.5 * erfc(-z * 0.70710678118654752);
}

/* u at step g/2 of the cells: their ends are at even numbers, their middles at odd ones. */
static double cell_at(int half_steps) {
    return normal_cdf(-6.0 + 6.0 * half_steps / CELLS);
}

/* B(u) = W(u) - u W(1), W the Wiener process. */
static void draw_bridge(uint64_t seed, uint64_t index, float *bridge) {
    myr_normals stream = myr_normals_make(seed, index, MYR_STREAM_BRIDGE);
    double walk = 0.0, before = 0.0, path[CELLS];
    for (int g = 0; g < CELLS; g++) {
        const double u = cell_at(2 * g + 1);
        path[g] = walk += sqrt(u - before) * myr_normals_draw(&stream, g);
        before = u;
    }
    walk += sqrt(1.0 - before) * myr_normals_draw(&stream, CELLS);
    for (int g = 0; g < CELLS; g++)
        bridge[g] = (float)fabs(path[g] - cell_at(2 * g + 1) * walk);
}

static myr_status fill_widths(myr_context *context, const myr_statistics_setting *setting, wasserstein *w) {
    for (int c = 0; c < setting->dimension; c++) {
        myr_marginal marginal;
        myr_status status = myr_marginal_create(context, setting->target, c, NULL, &marginal);
        if (status != MYR_OK)
            return status;
        double before = myr_marginal_quantile(&marginal, cell_at(0), marginal.mean);
        for (int g = 0; g < CELLS; g++) {
            const double at = myr_marginal_quantile(&marginal, cell_at(2 * g + 2), before);
            w->width[c][g] = (float)(at - before);
            before = at;
        }
        myr_marginal_destroy(&marginal);
    }
    return MYR_OK;
}

static void destroy(void *state) {
    wasserstein *w = state;
    free(w->bridge);
    free(w->width);
    free(w);
}

static myr_status create(myr_context *context, myr_statistics_setting *setting, void **state) {
    wasserstein *w = calloc(1, sizeof *w);
    const size_t d = (size_t)setting->dimension;
    if (!w)
        return myr_fail_memory(context, sizeof *w);
    w->bridge = malloc(BRIDGES * sizeof *w->bridge);
    w->width = malloc(d * sizeof *w->width);
    w->marginals = myr_statistics_marginals(context, setting);
    myr_status status = MYR_OK;
    if (!w->bridge || !w->width || !w->marginals)
        status = myr_fail_memory(context, (BRIDGES + d) * sizeof *w->width);
    if (status == MYR_OK) {
#pragma omp parallel num_threads(setting->threads)
        {
            MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
            for (int n = 0; n < BRIDGES; n++)
                draw_bridge(setting->seed, (uint64_t)n, w->bridge[n]);
        }
        status = fill_widths(context, setting, w);
    }
    if (status == MYR_OK)
        *state = w;
    else
        destroy(w);
    return status;
}

/* ---- the distance ---------------------------------------------------------------------------------- */

/* What is known at the edges of a bin, and of it. The missing edge of an outer bin is its other one. */
typedef struct piece {
    bool inner;
    double a, b;         /* relative to the centre */
    double off_a, off_b; /* F_n - F there */
    double area;         /* integral of F_n - F over it */
    double share;        /* of the target */
    double samples;      /* of all samples */
    double tail,
        samples_tail; /* of an outer bin: integral of F, or 1 - F, over it, and of F_n, or 1 - F_n */
} piece;

static piece look_at(const myr_bins *bins, int j, uint64_t before, uint64_t total) {
    const int edges = bins->count - 1;
    const double n = (double)total, below = j > 0 ? bins->below[j - 1] : 0.0;
    const double up_to = j < edges ? bins->below[j] : 1.0;
    piece p = {.inner = j > 0 && j < edges, .share = up_to - below, .samples = (double)bins->found[j] / n};
    if (j > 0) {
        p.a = bins->edge[j - 1] - bins->centre;
        p.off_a = (double)before / n - below;
    }
    if (j < edges) {
        p.b = bins->edge[j] - bins->centre;
        p.off_b = (double)(before + bins->found[j]) / n - up_to;
    }
    const double lower = (j < edges ? bins->lower[j] : 0.0) - (j > 0 ? bins->lower[j - 1] : 0.0);
    p.area = p.b * p.off_b - p.a * p.off_a - (bins->sum[j] / n - lower);
    p.tail = j == 0 ? p.b * up_to - lower : lower - p.a * (1.0 - below);
    p.samples_tail = j == 0 ? p.tail + p.area : p.tail - p.area;
    return p;
}

/* How much more the integral of |F_n - F| over the bin may be than the size of that of F_n - F. */
static double hidden(const piece *p) {
    if (!p->inner)
        return 2.0 * fmax(0.0, fmin(p->tail, p->samples_tail));
    return 2.0 * (p->b - p->a) * fmax(0.0, fmin(p->share - p->off_a, p->off_a + p->samples));
}

typedef struct distance {
    double value, standard_error, resolution;
} distance;

/* Var h, for the standard error: h grows by slope from place to place. */
typedef struct influence {
    double h, mean, square;
} influence;

static void weigh(influence *i, double h, double share) {
    i->mean += share * h;
    i->square += share * h * h;
}

static double standard_error(const influence *i, uint64_t total) {
    return sqrt(fmax(i->square - i->mean * i->mean, 0.0) / (double)total);
}

static distance distance_of_density(const myr_bins *bins, uint64_t total) {
    distance found = {0.0, 0.0, 0.0};
    influence all = {0.0, 0.0, 0.0};
    uint64_t before = 0;
    for (int j = 0; j < bins->count; j++) {
        const piece p = look_at(bins, j, before, total);
        const double slope = p.area > 0.0 ? -1.0 : p.area < 0.0 ? 1.0 : 0.0;
        found.value += fabs(p.area);
        found.resolution += hidden(&p);
        if (bins->found[j] > 0) { /* the samples of the bin, at their mean place */
            const double x = bins->sum[j] / (double)bins->found[j];
            weigh(&all, all.h + slope * (x - (j > 0 ? p.a : p.b)), p.samples);
        }
        all.h += p.inner ? slope * (p.b - p.a) : 0.0;
        before += bins->found[j];
    }
    found.standard_error = standard_error(&all, total);
    return found;
}

static distance distance_of_atoms(const myr_bins *bins, uint64_t total) {
    distance found = {0.0, 0.0, bins->strayed / (double)total + bins->spread};
    influence all = {0.0, 0.0, 0.0};
    uint64_t before = 0;
    for (int j = 0; j < bins->count; j++) {
        weigh(&all, all.h, (double)bins->found[j] / (double)total);
        before += bins->found[j];
        if (j == bins->count - 1)
            break;
        const double off = (double)before / (double)total - bins->below[j];
        const double step = bins->home[j + 1] - bins->home[j];
        found.value += fabs(off) * step;
        all.h += off > 0.0 ? -step : off < 0.0 ? step : 0.0;
    }
    found.standard_error = standard_error(&all, total);
    return found;
}

static distance find_distance(const myr_bins *bins, uint64_t total) {
    distance found = bins->atoms ? distance_of_atoms(bins, total) : distance_of_density(bins, total);
    if (bins->faults > 0)
        found.value = NAN;
    return found;
}

static void report(const void *state, myr_statistic_rows *rows) {
    const wasserstein *w = state;
    const double n = (double)w->marginals->total;
    for (int c = 0; c < w->marginals->dimension; c++) {
        const distance found = find_distance(&w->marginals->bins[c], w->marginals->total);
        double sum = 0.0;
        int larger = 0;
        for (int b = 0; b < BRIDGES; b++) {
            double area = 0.0;
            for (int g = 0; g < CELLS; g++)
                area += (double)w->bridge[b][g] * (double)w->width[c][g];
            sum += area;
            larger += !(area < found.value * sqrt(n));
        }
        myr_statistic_row *row = myr_statistic_row_add(rows, myr_statistic_w1.name);
        row->first = c;
        row->value = found.value;
        row->standard_error = found.standard_error;
        row->resolution = found.resolution;
        row->expected = sum / BRIDGES / sqrt(n);
        row->p = isnan(found.value) ? NAN : (1.0 + larger) / (1.0 + BRIDGES);
    }
}

const myr_statistic myr_statistic_w1 = {
    .name = "w1",
    .help = "Wasserstein-1 distance of each coordinate from the target's",
    .expected = "a marginal distribution in closed form",
    .suits = myr_has_marginal,
    .create = create,
    .report = report,
    .destroy = destroy,
};
