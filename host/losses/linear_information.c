#include "linear_information.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/product.h"

enum { TILE = 256 }; /* rows that are squared at once */

/* A fixed number of partial sums, each over every SLOTS-th tile, are added up in order: so it does not
 * matter how many threads there are. */
typedef struct slot {
    double value;
    double *gradient, *rows, *hessian;
} slot;

static int slot_count(uint64_t parameters) {
    return parameters <= 512 ? 16 : 4;
}

static double weight_of(const myr_features *f, uint64_t i) {
    return f->weight.data ? myr_element(f->weight, i) : 1.0;
}

static double reference_of(const myr_linear_model *m, uint64_t i) {
    const myr_array r = m->features->reference_margin;
    return m->reference_free || !r.data ? 0.0 : myr_element(r, i);
}

static double margin_of(const myr_linear_model *m, const double *theta, uint64_t i) {
    const uint64_t P = m->features->parameters;
    const float *delta = (const float *)m->features->delta.data + i * P;
    double u = 0.0;
    for (uint64_t p = 0; p < P; p++)
        u += delta[p] * theta[p];
    return m->beta * (u - reference_of(m, i));
}

/* Row i: adds its value and gradient; the row times the root of its curvature goes to `to`, unless NULL. */
static void add_row(const myr_linear_model *m, const double *theta, uint64_t i, slot *s, double *to) {
    const uint64_t P = m->features->parameters;
    const float *delta = (const float *)m->features->delta.data + i * P;
    const double v = weight_of(m->features, i), h = margin_of(m, theta, i);
    const double e = exp(-fabs(h)), slope = -m->beta * v * (h >= 0.0 ? e : 1.0) / (1.0 + e);
    const double curve = m->beta * sqrt(v * e) / (1.0 + e);
    s->value += v * (log1p(e) + (h >= 0.0 ? 0.0 : -h));
    for (uint64_t p = 0; p < P; p++)
        s->gradient[p] += slope * delta[p];
    for (uint64_t p = 0; to && p < P; p++)
        to[p] = curve * delta[p];
}

static void add_tile(const myr_linear_model *m, const double *theta, uint64_t tile, slot *s) {
    const uint64_t P = m->features->parameters, begin = tile * TILE;
    const uint64_t end = begin + TILE < m->features->count ? begin + TILE : m->features->count;
    for (uint64_t i = begin; i < end; i++)
        add_row(m, theta, i, s, s->hessian ? s->rows + (i - begin) * P : NULL);
    if (s->hessian)
        myr_product_add_squares((int64_t)P, (int64_t)(end - begin), s->rows, s->hessian);
}

/* The partial sums' memory: a gradient, and of squares a tile of rows and their sum. NULL if out of memory. */
static double *make_slots(uint64_t parameters, bool squares, slot parts[16]) {
    const size_t P = (size_t)parameters, each = P + (squares ? (TILE + P) * P : 0);
    const int slots = slot_count(P);
    double *memory = calloc((size_t)slots * each, sizeof *memory);
    for (int s = 0; memory && s < slots; s++) {
        double *own = memory + (size_t)s * each;
        parts[s] = (slot){0.0, own, own + P, squares ? own + P + TILE * P : NULL};
    }
    return memory;
}

static void add_hessians(const slot *parts, uint64_t parameters, double *hessian) {
    const size_t squares = (size_t)(parameters * parameters);
    memset(hessian, 0, squares * sizeof *hessian);
    for (int s = 0; s < slot_count(parameters); s++)
        for (size_t q = 0; q < squares; q++)
            hessian[q] += parts[s].hessian[q];
}

myr_status myr_linear_information(myr_context *context, const myr_linear_model *model, const double *theta,
                                  int threads, double *value, double *gradient, double *hessian) {
    const size_t P = model->features->parameters;
    const int slots = slot_count(P);
    const uint64_t tiles = (model->features->count + TILE - 1) / TILE;
    slot parts[16];
    double *memory = make_slots(P, hessian, parts);
    if (!memory)
        return myr_fail_memory(context, (size_t)slots * (TILE + P) * P * sizeof *memory);
#pragma omp parallel num_threads(threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(dynamic, 1) nowait
        for (int s = 0; s < slots; s++)
            for (uint64_t tile = (uint64_t)s; tile < tiles; tile += (uint64_t)slots)
                add_tile(model, theta, tile, &parts[s]);
    }
    *value = 0.0;
    memset(gradient, 0, P * sizeof *gradient);
    for (int s = 0; s < slots; s++) {
        *value += parts[s].value;
        for (size_t p = 0; p < P; p++)
            gradient[p] += parts[s].gradient[p];
    }
    if (hessian)
        add_hessians(parts, P, hessian);
    free(memory);
    return MYR_OK;
}

double myr_linear_weight(const myr_features *features, uint64_t row) {
    return weight_of(features, row);
}

double myr_linear_reach(const myr_linear_model *model, const double *step) {
    const uint64_t P = model->features->parameters;
    double largest = 0.0;
    for (uint64_t i = 0; i < model->features->count; i++) {
        const float *delta = (const float *)model->features->delta.data + i * P;
        double change = 0.0;
        for (uint64_t p = 0; p < P; p++)
            change += delta[p] * step[p];
        if (weight_of(model->features, i) > 0.0 && !(model->beta * fabs(change) <= largest))
            largest = model->beta * fabs(change);
    }
    return largest;
}

/* ---- games ----------------------------------------------------------------------------------------- */

uint64_t myr_game_total(const myr_features *features) {
    return features->game_begin ? features->games : features->count;
}

myr_game_rows myr_game_at(const myr_features *features, uint64_t game) {
    const uint64_t *begin = features->game_begin;
    const double times = features->game_count ? features->game_count[game] : 1.0;
    return begin ? (myr_game_rows){begin[game], begin[game + 1], times}
                 : (myr_game_rows){game, game + 1, times};
}

/* The gradients of `times` equal games add up to G = times g, so that sum g gᵀ = G Gᵀ/times. */
static void take_game(const myr_linear_model *m, const double *theta, uint64_t game, double *to) {
    const uint64_t P = m->features->parameters;
    const myr_game_rows rows = myr_game_at(m->features, game);
    for (uint64_t p = 0; p < P; p++)
        to[p] = 0.0;
    for (uint64_t i = rows.begin; i < rows.end; i++) {
        const float *delta = (const float *)m->features->delta.data + i * P;
        const double h = margin_of(m, theta, i), e = exp(-fabs(h));
        const double slope = m->beta * weight_of(m->features, i) * (h >= 0.0 ? e : 1.0) / (1.0 + e);
        for (uint64_t p = 0; p < P; p++)
            to[p] += slope / sqrt(rows.times) * delta[p];
    }
}

myr_status myr_linear_spread(myr_context *context, const myr_linear_model *model, const double *theta,
                             int threads, double *spread) {
    const size_t P = model->features->parameters;
    const int slots = slot_count(P);
    const uint64_t games = myr_game_total(model->features), tiles = (games + TILE - 1) / TILE;
    slot parts[16];
    double *memory = make_slots(P, true, parts);
    if (!memory)
        return myr_fail_memory(context, (size_t)slots * (TILE + P) * P * sizeof *memory);
#pragma omp parallel num_threads(threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(dynamic, 1) nowait
        for (int s = 0; s < slots; s++)
            for (uint64_t tile = (uint64_t)s; tile < tiles; tile += (uint64_t)slots) {
                const uint64_t begin = tile * TILE, end = begin + TILE < games ? begin + TILE : games;
                for (uint64_t g = begin; g < end; g++)
                    take_game(model, theta, g, parts[s].rows + (g - begin) * P);
                myr_product_add_squares((int64_t)P, (int64_t)(end - begin), parts[s].rows,
                                        parts[s].hessian);
            }
    }
    add_hessians(parts, P, spread);
    free(memory);
    return MYR_OK;
}

/* ---- the scale ------------------------------------------------------------------------------------- */

/* diagonal [parameters] += the squares of every slots-th tile from number `first` on, weighed; returns the
 * weights' sum. */
static double add_squares(const myr_linear_model *model, uint64_t first, uint64_t slots, double *diagonal) {
    const myr_features *f = model->features;
    double total = 0.0;
    for (uint64_t begin = first * TILE; begin < f->count; begin += slots * TILE)
        for (uint64_t i = begin; i < begin + TILE && i < f->count; i++) {
            const float *row = (const float *)f->delta.data + i * f->parameters;
            const double weight = weight_of(f, i), v = 0.25 * model->beta * model->beta * weight;
            total += weight;
            for (uint64_t p = 0; p < f->parameters; p++)
                diagonal[p] += v * row[p] * row[p];
        }
    return total;
}

myr_status myr_linear_scale(myr_context *context, const myr_linear_model *model, int threads,
                            double *diagonal, double *weight) {
    const size_t P = model->features->parameters;
    enum { SLOTS = 16 };
    double totals[SLOTS], *sums = calloc(SLOTS * P, sizeof *sums);
    if (!sums)
        return myr_fail_memory(context, SLOTS * P * sizeof *sums);
#pragma omp parallel num_threads(threads)
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for schedule(dynamic, 1) nowait
        for (int s = 0; s < SLOTS; s++)
            totals[s] = add_squares(model, (uint64_t)s, SLOTS, sums + (size_t)s * P);
    }
    memset(diagonal, 0, P * sizeof *diagonal);
    *weight = 0.0;
    for (size_t s = 0; s < SLOTS; s++) {
        *weight += totals[s];
        for (size_t p = 0; p < P; p++)
            diagonal[p] += sums[s * P + p];
    }
    free(sums);
    return MYR_OK;
}
