/* The hot loop of the reduction over pairs: MYR_PARTIALS rows at a time go through the first-level cache.
 * What is here is for any batch: one loop loads them, one evaluates the loss, one adds to the partial sums,
 * one writes gradients. Arithmetic that IEEE 754 defines to the bit. */
#include "pair_lanes.h"

#include <float.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "pair_block.h"
#include "pair_tiles.h"

/* Elements first … first + n - 1 of a column of any type. */
static void load(const void *data, int type, size_t first, int n, float *to) {
    switch (type) {
#define LOAD_CASE(type)                                         \
    case type:                                                  \
        _Pragma("omp simd") for (int j = 0; j < n; j++) to[j] = \
            myr_load_float(data, type, first + (size_t)j);      \
        break;
        LOAD_CASE(MYR_F64)
        LOAD_CASE(MYR_F32)
        LOAD_CASE(MYR_BF16)
        LOAD_CASE(MYR_F16)
        LOAD_CASE(MYR_I32)
        LOAD_CASE(MYR_I64)
#undef LOAD_CASE
    }
}

static void load_ratio(const void *policy, const void *reference, int type, size_t first, int n,
                       double *to) {
    const int has_reference = reference != NULL;
    switch (type) {
#define LOAD_CASE(type)                                                                \
    case type:                                                                         \
        _Pragma("omp simd") for (int j = 0; j < n; j++) to[j] =                        \
            myr_pair_ratio(policy, reference, type, has_reference, first + (size_t)j); \
        break;
        LOAD_CASE(MYR_F64)
        LOAD_CASE(MYR_F32)
        LOAD_CASE(MYR_BF16)
        LOAD_CASE(MYR_F16)
#undef LOAD_CASE
    }
}

static void divide(const float *value, const float *by, float *to) {
#pragma omp simd
    for (int j = 0; j < ROWS; j++)
        to[j] = value[j] / by[j];
}

/* What the loss takes, from w and l, or log pi. */
static void round_block(const myr_pair_view *view, block *b) {
    const double *chosen = view->policy_only ? b->policy[0] : b->ratio[0];
    const double *rejected = view->policy_only ? b->policy[1] : b->ratio[1];
#pragma omp simd
    for (int j = 0; j < ROWS; j++) {
        b->chosen[j] = (float)chosen[j];
        b->rejected[j] = (float)rejected[j];
        b->margin[j] = (float)(chosen[j] - rejected[j]);
    }
    if (!view->per_token_ratios)
        return;
    divide(b->chosen, b->length[0], b->chosen);
    divide(b->rejected, b->length[1], b->rejected);
#pragma omp simd
    for (int j = 0; j < ROWS; j++)
        b->margin[j] = b->chosen[j] - b->rejected[j];
}

static void load_block(const myr_pair_view *view, size_t first, int n, block *b) {
    for (int column = 0; column < 2; column++)
        load_ratio(view->policy[column], view->reference[column], view->type, first, n, b->ratio[column]);
    if (view->weight)
        load(view->weight, view->weight_type, first, n, b->weight);
    for (int column = 0; column < 2; column++)
        if (view->length[column])
            load(view->length[column], view->length_type[column], first, n, b->length[column]);
    for (int column = 0; view->policy_only && column < 2; column++)
        load_ratio(view->policy[column], NULL, view->type, first, n, b->policy[column]);
    round_block(view, b);
}

static void take_offset(double offset, block *b) {
#pragma omp simd
    for (int j = 0; j < ROWS; j++) {
        b->chosen[j] = (float)(b->ratio[0][j] - offset);
        b->rejected[j] = (float)(b->ratio[1][j] - offset);
    }
}

/* myr_pair_row_bad of any row. */
static int any_bad(const block *b, int n) {
    int bad = 0;
#pragma omp simd reduction(| : bad)
    for (int j = 0; j < n; j++) {
        const double w = b->ratio[0][j], l = b->ratio[1][j];
        myr_pair_row row = {w,
                            l,
                            {(float)w, (float)l},
                            b->chosen[j],
                            b->rejected[j],
                            b->margin[j],
                            b->weight[j],
                            {b->length[0][j], b->length[1][j]}};
        bad |= myr_pair_row_bad(&row);
    }
    return bad;
}

/* One evaluator a loss and divergence. */
typedef void (*evaluator)(const myr_pair_view *view, block *b);

#define EVALUATOR(name, divergence)                                                           \
    static void evaluate_##name##_##divergence(const myr_pair_view *view, block *b) {         \
        const myr_loss_constants c = view->constants;                                         \
        const float *length_w = view->per_token ? b->length[0] : b->one;                      \
        const float *length_l = view->per_token ? b->length[1] : b->one;                      \
        _Pragma("omp simd") for (int j = 0; j < ROWS; j++) {                                  \
            myr_pair_value v =                                                                \
                myr_pair_loss(MYR_LOSS_##name, MYR_DIVERGENCE_##divergence, &c, b->chosen[j], \
                              b->rejected[j], b->margin[j], length_w[j], length_l[j]);        \
            b->loss[j] = v.loss;                                                              \
            b->slope[0][j] = v.dw;                                                            \
            b->slope[1][j] = v.dl;                                                            \
        }                                                                                     \
    }
#define MARGIN_EVALUATORS(name, traits, help) \
    EVALUATOR(name, reverse_kl)               \
    EVALUATOR(name, js_divergence)            \
    EVALUATOR(name, alpha_divergence)
#define ANSWER_EVALUATORS(name, traits, help) EVALUATOR(name, reverse_kl)
MYR_MARGIN_LOSS_LIST(MARGIN_EVALUATORS)
MYR_ANSWER_LOSS_LIST(ANSWER_EVALUATORS)

static const evaluator evaluators[MYR_POINTWISE_LOSSES][MYR_DIVERGENCES] = {
#define MARGIN_LINE(name, traits, help)                                                 \
    [MYR_LOSS_##name] = {evaluate_##name##_reverse_kl, evaluate_##name##_js_divergence, \
                         evaluate_##name##_alpha_divergence},
#define ANSWER_LINE(name, traits, help) [MYR_LOSS_##name] = {evaluate_##name##_reverse_kl},
    MYR_MARGIN_LOSS_LIST(MARGIN_LINE) MYR_ANSWER_LOSS_LIST(ANSWER_LINE)};

static void add_survey(const block *b, int n, partial_sums p) {
#pragma omp simd
    for (int j = 0; j < n; j++) {
        double v = (double)b->weight[j];
        p[MYR_SUM_WEIGHT][j] += v;
        p[MYR_SUM_TOKENS][j] += v * (double)b->length[0][j];
        p[MYR_SUM_CHOSEN][j] += v * b->ratio[0][j];
        p[MYR_SUM_REJECTED][j] += v * b->ratio[1][j];
        p[MYR_SUM_ACCURATE][j] += b->ratio[0][j] > b->ratio[1][j] ? v : 0.0;
    }
}

static int add_losses(const block *b, int n, partial_sums p) {
    uint32_t largest = 0;
#pragma omp simd reduction(max : largest)
    for (int j = 0; j < n; j++) {
        p[MYR_SUM_LOSS][j] += (double)b->weight[j] * (double)b->loss[j];
        largest = larger_bits(largest, size_bits(b->loss[j]));
    }
    return largest > size_bits(FLT_MAX);
}

static void write_gradient(const myr_pair_view *view, int column, size_t first, int n, block *b) {
    float *slope = b->slope[column];
    if (view->per_token)
        divide(slope, b->length[column], slope);
#pragma omp simd
    for (int j = 0; j < ROWS; j++)
        slope[j] = slope[j] * (b->weight[j] * view->scale);
    if (n == ROWS) {
        for (int s = 0; s < ROWS; s += TILE)
            store_tile(view, column, first + (size_t)s, slope + s);
    } else if (view->gradient_type == MYR_F32) {
        memcpy((float *)view->gradient[column] + first, slope, (size_t)n * sizeof(float));
    } else {
        double *to = (double *)view->gradient[column] + first;
#pragma omp simd
        for (int j = 0; j < n; j++)
            to[j] = (double)slope[j];
    }
}

static double halve(double *partial) {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC unroll 8 /* loops of known lengths take half the time */
#endif
    for (int half = ROWS / 2; half > 0; half /= 2) {
#pragma omp simd
        for (int p = 0; p < half; p++)
            partial[p] += partial[p + half];
    }
    return partial[0];
}

static int run_block(const myr_pair_view *view, size_t first, int n, block *b, partial_sums partials) {
    load_block(view, first, n, b);
    int bad = any_bad(b, n);
    if (view->survey)
        add_survey(b, n, partials);
    if (!view->losses)
        return bad;
    if (view->offset != 0.0)
        take_offset(view->offset, b);
    evaluators[view->kind][view->divergence](view, b);
    bad |= add_losses(b, n, partials);
    for (int column = 0; column < 2; column++)
        if (view->gradient[column])
            write_gradient(view, column, first, n, b);
    return bad;
}

/* Columns that are not there are 1. Rows past the end of the last block are evaluated too, and not kept. */
static void begin_block(int count, block *b) {
    if (count % ROWS != 0)
        memset(b, 0, sizeof *b);
    for (int j = 0; j < ROWS; j++)
        b->weight[j] = b->length[0][j] = b->length[1][j] = b->one[j] = 1.0f;
}

/* Which sums have partial sums; those of ones in tiles are whole numbers, exact in any order. */
static int is_spread(int sum, int all_in_tiles) {
    return !all_in_tiles || sum == MYR_SUM_CHOSEN || sum == MYR_SUM_REJECTED || sum == MYR_SUM_LOSS;
}

static int chunk(const myr_pair_view *view, uint64_t first, int count, double *sums) {
    partial_sums partials;
    tile_marks marks = {{0}, {0}, {0}};
    block b;
    const int whole = has_tiles(view) ? count / ROWS * ROWS : 0;
    int bad = 0;
    for (int sum = 0; sum < MYR_SUMS; sum++)
        memset(partials[sum], 0, is_spread(sum, whole == count) ? sizeof partials[sum] : sizeof(double));
    for (int row = 0; row < whole; row += ROWS)
        run_tiles(view, (size_t)first + (size_t)row, &b, partials, &marks);
    bad |= finish_marks(&marks, (uint64_t)whole, partials);
    if (whole < count)
        begin_block(count, &b);
    for (int row = whole; row < count; row += ROWS) {
        int n = count - row < ROWS ? count - row : ROWS;
        bad |= run_block(view, (size_t)first + (size_t)row, n, &b, partials);
    }
    for (int sum = 0; sum < MYR_SUMS; sum++)
        sums[sum] = is_spread(sum, whole == count) ? halve(partials[sum]) : partials[sum][0];
#if defined(__x86_64__)
    _mm_sfence(); /* after stores past the caches */
#endif
    return bad;
}

#define MYR_PASTE(a, b) a##b
#define MYR_EXPAND(a, b) MYR_PASTE(a, b)
#define MYR_QUOTE(a) #a
#define MYR_NAME(a) MYR_QUOTE(a)

const myr_pair_lanes MYR_EXPAND(myr_pair_lanes_, MYR_ISA) = {MYR_NAME(MYR_ISA), chunk};
