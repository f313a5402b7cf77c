/* The hot loop of the reduction over pairs: MYR_PARTIALS rows at a time go through the first-level cache.
 * One loop loads them, one evaluates the loss, one adds to the partial sums, one writes gradients.
 * Arithmetic that IEEE 754 defines to the bit. */
#include "pair_lanes.h"

#include <float.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { ROWS = MYR_PARTIALS };

typedef float row_array[ROWS] __attribute__((aligned(64)));

typedef struct block {
    row_array w, l, chosen, rejected, weight, length[2];
    row_array loss, slope[2];
} block;

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

static void load_difference(const void *left, const void *right, int type, size_t first, int n, float *to) {
    switch (type) {
#define LOAD_CASE(type)                                                \
    case type:                                                         \
        _Pragma("omp simd") for (int j = 0; j < n; j++) to[j] =        \
            myr_load_difference(left, right, type, first + (size_t)j); \
        break;
        LOAD_CASE(MYR_F64)
        LOAD_CASE(MYR_F32)
        LOAD_CASE(MYR_BF16)
        LOAD_CASE(MYR_F16)
#undef LOAD_CASE
    }
}

static void load_ratio(const myr_pair_view *view, int column, size_t first, int n, float *to) {
    if (view->reference[column])
        load_difference(view->policy[column], view->reference[column], view->type, first, n, to);
    else
        load(view->policy[column], view->type, first, n, to);
}

static void divide(const float *value, const float *by, float *to) {
#pragma omp simd
    for (int j = 0; j < ROWS; j++)
        to[j] = value[j] / by[j];
}

static void load_block(const myr_pair_view *view, size_t first, int n, block *b) {
    load_ratio(view, 0, first, n, b->w);
    load_ratio(view, 1, first, n, b->l);
    if (view->weight)
        load(view->weight, view->weight_type, first, n, b->weight);
    for (int column = 0; column < 2; column++)
        if (view->length[column])
            load(view->length[column], view->length_type[column], first, n, b->length[column]);
    if (view->policy_only) {
        load(view->policy[0], view->type, first, n, b->chosen);
        load(view->policy[1], view->type, first, n, b->rejected);
    }
    if (view->per_token) {
        divide(view->policy_only ? b->chosen : b->w, b->length[0], b->chosen);
        divide(view->policy_only ? b->rejected : b->l, b->length[1], b->rejected);
    }
}

/* Whether a number is larger in size than most, or NaN: among bit patterns without their sign these are the
 * larger ones, so that a maximum finds them. */
static uint32_t largest_bits(const float *values, int n, uint32_t largest) {
#pragma omp simd reduction(max : largest)
    for (int j = 0; j < n; j++) {
        uint32_t bits = myr_bits_of_float(values[j]) & 0x7fffffffu;
        largest = bits > largest ? bits : largest;
    }
    return largest;
}

/* myr_pair_row_bad of any row. */
static int any_bad(const block *b, const float *chosen, const float *rejected, int n) {
    int bad = 0;
#pragma omp simd reduction(| : bad)
    for (int j = 0; j < n; j++) {
        myr_pair_row row = {b->w[j],     b->l[j],      chosen[j],
                            rejected[j], b->weight[j], {b->length[0][j], b->length[1][j]}};
        bad |= myr_pair_row_bad(&row);
    }
    return bad;
}

/* The same where there are no weights and no lengths, and the loss takes w and l. */
static int any_bad_plain(const block *b, int n) {
    return largest_bits(b->l, n, largest_bits(b->w, n, 0)) > myr_bits_of_float(MYR_PAIR_LIMIT);
}

/* One evaluator a loss and divergence. */
typedef void (*evaluator)(const myr_loss_constants *c, const float *chosen, const float *rejected,
                          block *b);

#define EVALUATOR(name, divergence)                                                                      \
    static void evaluate_##name##_##divergence(const myr_loss_constants *constants, const float *chosen, \
                                               const float *rejected, block *b) {                        \
        const myr_loss_constants c = *constants;                                                         \
        _Pragma("omp simd") for (int j = 0; j < ROWS; j++) {                                             \
            myr_pair_value v =                                                                           \
                myr_pair_loss(MYR_LOSS_##name, MYR_DIVERGENCE_##divergence, &c, chosen[j], rejected[j]); \
            b->loss[j] = v.loss;                                                                         \
            b->slope[0][j] = v.dw;                                                                       \
            b->slope[1][j] = v.dl;                                                                       \
        }                                                                                                \
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

/* Partial sums of the chunk. */
typedef double partial_sums[MYR_SUMS][ROWS] __attribute__((aligned(64)));

static void add_survey(const block *b, int n, partial_sums p) {
#pragma omp simd
    for (int j = 0; j < n; j++) {
        double v = (double)b->weight[j];
        p[MYR_SUM_WEIGHT][j] += v;
        p[MYR_SUM_TOKENS][j] += v * (double)b->length[0][j];
        p[MYR_SUM_CHOSEN][j] += v * (double)b->w[j];
        p[MYR_SUM_REJECTED][j] += v * (double)b->l[j];
        p[MYR_SUM_ACCURATE][j] += b->w[j] > b->l[j] ? v : 0.0;
    }
}

/* The same without weights and lengths: sums of ones are whole numbers, the same in any order. */
static void add_survey_plain(const block *b, int n, partial_sums p) {
    int accurate = 0;
#pragma omp simd reduction(+ : accurate)
    for (int j = 0; j < n; j++) {
        p[MYR_SUM_CHOSEN][j] += (double)b->w[j];
        p[MYR_SUM_REJECTED][j] += (double)b->l[j];
        accurate += b->w[j] > b->l[j];
    }
    p[MYR_SUM_WEIGHT][0] += n;
    p[MYR_SUM_TOKENS][0] += n;
    p[MYR_SUM_ACCURATE][0] += accurate;
}

static int add_losses(const block *b, int n, int plain, partial_sums p) {
    if (plain) {
#pragma omp simd
        for (int j = 0; j < n; j++)
            p[MYR_SUM_LOSS][j] += (double)b->loss[j];
    } else {
#pragma omp simd
        for (int j = 0; j < n; j++)
            p[MYR_SUM_LOSS][j] += (double)b->weight[j] * (double)b->loss[j];
    }
    return largest_bits(b->loss, n, 0) > myr_bits_of_float(FLT_MAX);
}

/* What gradients are multiplied by; weight NULL: 1. */
static void scale_slopes(float *slope, const float *weight, float scale) {
    if (!weight) {
#pragma omp simd
        for (int j = 0; j < ROWS; j++)
            slope[j] *= scale; /* NOLINT(clang-analyzer-core.NullDereference): a row of a block */
        return;
    }
#pragma omp simd
    for (int j = 0; j < ROWS; j++)
        slope[j] = slope[j] * (weight[j] * scale);
}

/* A whole block that nobody will read soon goes past the caches, which saves fetching what it replaces. */
static void store_block(const float *from, float *to, int stream) {
#if defined(__x86_64__)
    if (stream && (uintptr_t)to % 16 == 0) {
        for (int j = 0; j < ROWS; j += 4)
            _mm_stream_ps(to + j, _mm_load_ps(from + j));
        return;
    }
#endif
    (void)stream;
#pragma omp simd
    for (int j = 0; j < ROWS; j++)
        to[j] = from[j];
}

static void write_gradient(const myr_pair_view *view, int column, size_t first, int n, block *b) {
    float *slope = b->slope[column];
    if (view->per_token)
        divide(slope, b->length[column], slope);
    scale_slopes(slope, view->weight ? b->weight : NULL, view->scale);
    if (view->gradient_type == MYR_F32 && n == ROWS) {
        store_block(slope, (float *)view->gradient[column] + first, view->stream);
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
    for (int half = ROWS / 2; half > 0; half /= 2) {
#pragma omp simd
        for (int p = 0; p < half; p++)
            partial[p] += partial[p + half];
    }
    return partial[0];
}

/* Without weights and lengths, which most batches are. */
static int is_plain(const myr_pair_view *view) {
    return !view->weight && !view->length[0] && !view->policy_only;
}

static int run_block(const myr_pair_view *view, size_t first, int n, block *b, partial_sums partials) {
    const int plain = is_plain(view);
    load_block(view, first, n, b);
    const float *chosen = view->policy_only || view->per_token ? b->chosen : b->w;
    const float *rejected = view->policy_only || view->per_token ? b->rejected : b->l;
    int bad = plain ? any_bad_plain(b, n) : any_bad(b, chosen, rejected, n);
    if (view->survey && plain)
        add_survey_plain(b, n, partials);
    else if (view->survey)
        add_survey(b, n, partials);
    if (!view->losses)
        return bad;
    evaluators[view->kind][view->divergence](&view->constants, chosen, rejected, b);
    bad |= add_losses(b, n, plain, partials);
    for (int column = 0; column < 2; column++)
        if (view->gradient[column])
            write_gradient(view, column, first, n, b);
    return bad;
}

/* Which sums have partial sums; the others are whole in their first place. */
static int is_spread(const myr_pair_view *view, int sum) {
    if (sum == MYR_SUM_LOSS)
        return view->losses;
    return view->survey && (!is_plain(view) || sum == MYR_SUM_CHOSEN || sum == MYR_SUM_REJECTED);
}

/* Columns that are not there are 1. Rows past the end of the last block are evaluated too, and not kept. */
static void begin_block(const myr_pair_view *view, int count, block *b) {
    if (count < ROWS)
        memset(b, 0, sizeof *b);
    if (is_plain(view))
        return;
    for (int j = 0; j < ROWS; j++)
        b->weight[j] = b->length[0][j] = b->length[1][j] = 1.0f;
}

static int chunk(const myr_pair_view *view, uint64_t first, int count, double *sums) {
    partial_sums partials;
    block b;
    int bad = 0;
    begin_block(view, count, &b);
    for (int sum = 0; sum < MYR_SUMS; sum++)
        memset(partials[sum], 0, is_spread(view, sum) ? sizeof partials[sum] : sizeof(double));
    for (int row = 0; row < count; row += ROWS) {
        int n = count - row < ROWS ? count - row : ROWS;
        bad |= run_block(view, (size_t)first + (size_t)row, n, &b, partials);
    }
    for (int sum = 0; sum < MYR_SUMS; sum++)
        sums[sum] = is_spread(view, sum) ? halve(partials[sum]) : partials[sum][0];
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
