/* Bradley-Terry: of a pair's results, with t = x_first - x_second (+ home),
 *
 *     value = a softplus(-t) + b softplus(t),    slope = b sigmoid(t) - a sigmoid(-t),
 *     curvature = (a + b) sigmoid(t) sigmoid(-t),      a and b the weights of first and of second wins */
#include <math.h>

#include "fit_value.h"
#include "ground/environment.h"

enum { CHUNK = 4096 }; /* pairs whose values are added up together */

static uint64_t chunk_count(const myr_model *model) {
    return (model->pair_count + CHUNK - 1) / CHUNK;
}

/* The slopes, and of each chunk the value and the sum of the slopes. */
uint64_t myr_pairs_scratch(const myr_model *model) {
    return model->pair_count + 2 * chunk_count(model);
}

static double margin(const myr_model *model, const double *x, uint64_t pair) {
    double t = x[model->pairs[pair].first] - x[model->pairs[pair].second];
    return model->home ? t + x[model->items] : t;
}

static void add_chunk(const myr_model *model, const double *weights, const double *x, uint64_t chunk,
                      double *slopes, double *sums) {
    const uint64_t begin = chunk * CHUNK;
    const uint64_t end = begin + CHUNK < model->pair_count ? begin + CHUNK : model->pair_count;
    double value = 0.0, slope_sum = 0.0;
    for (uint64_t p = begin; p < end; p++) {
        const double a = weights[2 * p], b = weights[2 * p + 1], t = margin(model, x, p);
        const double e = exp(-fabs(t)), both = (a + b) * log1p(e);
        const double large = 1.0 / (1.0 + e), small = e / (1.0 + e); /* sigmoid(|t|), sigmoid(-|t|) */
        const double against = t >= 0.0 ? b : a, in_favour = t >= 0.0 ? a : b;
        const double outward = against * large - in_favour * small;
        value += both + against * fabs(t);
        slopes[p] = t >= 0.0 ? outward : -outward;
        slope_sum += slopes[p];
    }
    sums[0] = value;
    sums[1] = slope_sum;
}

static void gather(const myr_model *model, const double *slopes, double *gradient, int threads) {
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (uint32_t i = 0; i < model->items; i++) {
            double sum = 0.0;
            for (uint64_t k = model->arc_begin[i]; k < model->arc_begin[i + 1]; k++) {
                uint64_t index = model->arcs[k].index;
                sum += index % 2 ? -slopes[index / 2] : slopes[index / 2];
            }
            gradient[i] = sum;
        }
    }
}

long double myr_pairs_value(const myr_model *model, const double *weights, const double *x,
                            double *gradient, double *scratch, int threads) {
    const uint64_t chunks = chunk_count(model);
    double *slopes = scratch, *sums = scratch + model->pair_count;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(static) nowait
        for (uint64_t c = 0; c < chunks; c++)
            add_chunk(model, weights, x, c, slopes, sums + 2 * c);
    }
    gather(model, slopes, gradient, threads);
    long double value = 0.0L, home = 0.0L;
    for (uint64_t c = 0; c < chunks; c++) {
        value += sums[2 * c];
        home += sums[2 * c + 1];
    }
    if (model->home)
        gradient[model->items] = (double)home;
    return value;
}

static double curvature(const myr_model *model, const double *weights, const double *x, uint64_t pair) {
    const double e = exp(-fabs(margin(model, x, pair)));
    return (weights[2 * pair] + weights[2 * pair + 1]) * e / ((1.0 + e) * (1.0 + e));
}

void myr_pairs_hessian(const myr_model *model, const double *weights, const double *x, double *hessian) {
    const size_t n = model->parameters, h = model->items;
    for (uint64_t p = 0; p < model->pair_count; p++) {
        const size_t i = model->pairs[p].first, j = model->pairs[p].second;
        const size_t low = i < j ? i : j, high = i < j ? j : i;
        const double c = curvature(model, weights, x, p);
        hessian[i * n + i] += c;
        hessian[j * n + j] += c;
        hessian[high * n + low] -= c;
        if (model->home) {
            hessian[h * n + i] += c;
            hessian[h * n + j] -= c;
            hessian[h * n + h] += c;
        }
    }
}

void myr_pairs_diagonal(const myr_model *model, const double *weights, const double *x, double *diagonal) {
    for (uint64_t p = 0; p < model->pair_count; p++) {
        const double c = curvature(model, weights, x, p);
        diagonal[model->pairs[p].first] += c;
        diagonal[model->pairs[p].second] += c;
        if (model->home)
            diagonal[model->items] += c;
    }
}

/* Of a pair the sum of the squares of its games' slopes: a game's gradient is its slope at the first item,
 * the opposite at the second, and at home. */
void myr_pairs_scores(const myr_model *model, const double *x, double *scores) {
    for (uint64_t p = 0; p < model->pair_count; p++)
        scores[p] = 0.0;
    for (uint64_t c = 0; c < model->cells; c++) {
        const myr_cell *cell = &model->cell[c];
        const double t = margin(model, x, cell->pair), e = exp(-fabs(t));
        const double large = 1.0 / (1.0 + e), small = e / (1.0 + e);
        const double slope =
            cell->first_wins * (t >= 0.0 ? small : large) - cell->second_wins * (t >= 0.0 ? large : small);
        scores[cell->pair] += cell->count * slope * slope;
    }
}

double myr_pairs_spread(const myr_model *model, const double *scores, const double *v) {
    double sum = 0.0;
    for (uint64_t p = 0; p < model->pair_count; p++) {
        const double along = margin(model, v, p);
        sum += scores[p] * along * along;
    }
    return sum;
}
