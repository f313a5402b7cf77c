/* Losses of known margins, row by row of a chunk, and the sums over them. Arithmetic that IEEE 754 defines
 * to the bit. */
#include "linear_lanes.h"
#include "poisson.h"

static void subtract(const double *reference, int count, float *x) {
#pragma omp simd
    for (int j = 0; j < count; j++)
        x[j] = (float)((double)x[j] - reference[j]);
}

/* MYR_MARGIN_WIDTH rows, the first of which adds to partial sum number `class`. */
#define EVALUATOR(name, traits, help)                                                                     \
    static int evaluate_##name(const myr_loss_constants *constants, const float *margin,                  \
                               const float *weight, float *slope, int class,                              \
                               myr_margin_partials partial) {                                             \
        const myr_loss_constants c = *constants;                                                          \
        double *weights = partial[MYR_MARGIN_WEIGHT] + class, *losses = partial[MYR_MARGIN_LOSS] + class; \
        double *margins = partial[MYR_MARGIN_MARGIN] + class,                                             \
               *accurate = partial[MYR_MARGIN_ACCURATE] + class;                                          \
        int bad = 0;                                                                                      \
        _Pragma("omp simd reduction(| : bad)") for (int j = 0; j < MYR_MARGIN_WIDTH; j++) {               \
            float x = margin[j], v = weight[j];                                                           \
            myr_margin_value value = myr_margin_loss(MYR_LOSS_##name, &c, x);                             \
            bad |= myr_margin_bad(x, v, value.loss);                                                      \
            slope[j] = v * value.slope;                                                                   \
            weights[j] += (double)v;                                                                      \
            losses[j] += (double)v * (double)value.loss;                                                  \
            margins[j] += (double)v * (double)x;                                                          \
            accurate[j] += x > 0.0f ? (double)v : 0.0;                                                    \
        }                                                                                                 \
        return bad;                                                                                       \
    }
MYR_MARGIN_LOSS_LIST(EVALUATOR)

typedef int (*evaluator)(const myr_loss_constants *, const float *, const float *, float *, int,
                         myr_margin_partials);

static const evaluator evaluators[MYR_MARGIN_LOSSES] = {
#define LINE(name, traits, help) [MYR_LOSS_##name] = evaluate_##name,
    MYR_MARGIN_LOSS_LIST(LINE)};

static int evaluate(const myr_margin_rows *rows, myr_margin_partials partials) {
    const evaluator run = evaluators[rows->kind];
    int bad = 0, step;
    for (int j = rows->count; j < rows->count + MYR_MARGIN_WIDTH; j++)
        rows->margin[j] = rows->weight[j] = 0.0f;
    for (int j = 0; j < rows->count; j += step) {
        int class = (rows->first + j) % MYR_ROW_CLASSES, room = MYR_ROW_CLASSES - class;
        step = MYR_MARGIN_WIDTH < room ? MYR_MARGIN_WIDTH : room;
        bad |= run(rows->constants, rows->margin + j, rows->weight + j, rows->slope + j, class, partials);
    }
    return bad;
}

static void finish(myr_margin_partials partials, double *sums) {
    for (int sum = 0; sum < MYR_MARGIN_SUMS; sum++) {
        double *partial = partials[sum];
        for (int half = MYR_ROW_CLASSES / 2; half > 0; half /= 2) {
#pragma omp simd
            for (int p = 0; p < half; p++)
                partial[p] += partial[p + half];
        }
        sums[sum] = partial[0];
    }
}

static void resample(const uint32_t *words, const float *v, float *weight) {
#pragma omp simd
    for (int lane = 0; lane < MYR_LANES; lane++)
        weight[lane] = v[lane] * myr_poisson_weight(words[lane]);
}

#define MYR_PASTE(a, b) a##b
#define MYR_EXPAND(a, b) MYR_PASTE(a, b)

const myr_margin_lanes MYR_EXPAND(myr_margin_lanes_, MYR_ISA) = {subtract, evaluate, finish, resample};
