/* The hot loops over a row of logits. A row stays in the second-level cache between its three passes: the
 * largest logit, the sum, the gradient; blocks of MYR_ROW_LANES in the first-level one. Arithmetic that
 * IEEE 754 defines to the bit. */
#include "token_lanes.h"

#include <string.h>

#include "load.h"
#include "store.h"
#include "token_row.h"

enum { LANES = MYR_ROW_LANES, TILE = MYR_ROW_LANES * MYR_ROW_STRIDES };

typedef float lane_floats[LANES] __attribute__((aligned(64)));
typedef double lane_doubles[LANES] __attribute__((aligned(64)));

/* Elements first … first + n - 1 as floats: in place if they are floats, else through the buffer. */
static const float *load_block(const void *data, int type, size_t first, size_t n, float *buffer) {
    switch (type) {
        case MYR_F32:
            return (const float *)data + first;
#define LOAD_CASE(type)                                                \
    case type:                                                         \
        _Pragma("omp simd") for (size_t j = 0; j < n; j++) buffer[j] = \
            myr_load_float(data, type, first + j);                     \
        return buffer;
            LOAD_CASE(MYR_F64)
            LOAD_CASE(MYR_BF16)
            LOAD_CASE(MYR_F16)
#undef LOAD_CASE
        default:
            return buffer;
    }
}

static void store_block(const float *buffer, void *data, int type, size_t first, size_t n) {
    switch (type) {
#define STORE_CASE(type)                                       \
    case type:                                                 \
        _Pragma("omp simd") for (size_t j = 0; j < n; j++)     \
            myr_store_float(data, type, first + j, buffer[j]); \
        break;
        STORE_CASE(MYR_F64)
        STORE_CASE(MYR_F32)
        STORE_CASE(MYR_BF16)
        STORE_CASE(MYR_F16)
#undef STORE_CASE
    }
}

static size_t block_size(size_t at, size_t vocabulary) {
    return vocabulary - at < LANES ? vocabulary - at : LANES;
}

/* The largest logit; *bad becomes whether one is out of range. Lanes without an element keep the floor. */
static float find_largest(const void *logits, int type, size_t first, size_t vocabulary, float lowest,
                          float *buffer, int *bad) {
    lane_floats largest;
    int any_bad = 0;
    for (int lane = 0; lane < LANES; lane++)
        largest[lane] = MYR_LOGIT_FLOOR;
    for (size_t at = 0; at < vocabulary; at += LANES) {
        size_t n = block_size(at, vocabulary);
        const float *x = load_block(logits, type, first + at, n, buffer);
#pragma omp simd reduction(| : any_bad)
        for (size_t lane = 0; lane < n; lane++) {
            any_bad |= myr_logit_bad(x[lane], lowest);
            largest[lane] = x[lane] > largest[lane] ? x[lane] : largest[lane];
        }
    }
    for (int half = LANES / 2; half > 0; half /= 2) {
#pragma omp simd
        for (int lane = 0; lane < half; lane++)
            largest[lane] = largest[lane + half] > largest[lane] ? largest[lane + half] : largest[lane];
    }
    *bad = any_bad;
    return largest[0];
}

/* The lanes' sums; lanes past the width, a power of two, are 0. */
static double halve_lanes(double *sum, int width) {
    for (int half = width / 2; half > 0; half /= 2) {
#pragma omp simd
        for (int lane = 0; lane < half; lane++)
            sum[lane] += sum[lane + half];
    }
    return sum[0];
}

static double sum_exponentials(const void *logits, int type, size_t first, size_t vocabulary, int32_t power,
                               float *buffer) {
    lane_doubles sum;
    int width = 1;
    while (width < LANES && (size_t)width < vocabulary)
        width *= 2;
    memset(sum, 0, (size_t)width * sizeof *sum);
    for (size_t tile = 0; tile < vocabulary; tile += TILE) {
        lane_floats partial;
        memset(partial, 0, (size_t)width * sizeof *partial);
        for (size_t at = tile; at < vocabulary && at < tile + TILE; at += LANES) {
            size_t n = block_size(at, vocabulary);
            const float *x = load_block(logits, type, first + at, n, buffer);
#pragma omp simd
            for (size_t lane = 0; lane < n; lane++)
                partial[lane] += myr_exp_relative(x[lane], power, MYR_POWER_SPAN);
        }
#pragma omp simd
        for (int lane = 0; lane < width; lane++)
            sum[lane] += (double)partial[lane];
    }
    return halve_lanes(sum, width);
}

static myr_row_result row(const void *logits, int type, size_t first, size_t vocabulary, size_t label,
                          float lowest) {
    lane_floats buffer;
    int bad;
    int32_t power;
    float largest = find_largest(logits, type, first, vocabulary, lowest, buffer, &bad);
    if (bad)
        return myr_row_other(MYR_ROW_BAD_LOGIT);
    (void)myr_exp_split(largest, &power);
    double sum = sum_exponentials(logits, type, first, vocabulary, power, buffer);
    return myr_row_finish(*load_block(logits, type, first + label, 1, buffer), sum, power);
}

static void gradient(void *logits, int type, size_t first, size_t vocabulary, size_t label,
                     const myr_row_result *result, float upstream) {
    lane_floats buffer, slope;
    const myr_row_scale scale = myr_row_scale_make(result, upstream);
    float chosen = *load_block(logits, type, first + label, 1, buffer);
    for (size_t at = 0; at < vocabulary; at += LANES) {
        size_t n = block_size(at, vocabulary);
        const float *x = load_block(logits, type, first + at, n, buffer);
#pragma omp simd
        for (size_t lane = 0; lane < n; lane++)
            slope[lane] = myr_row_slope(x[lane], &scale);
        store_block(slope, logits, type, first + at, n);
    }
    myr_store_float(logits, type, first + label, myr_row_slope_of_label(chosen, result, upstream));
}

typedef struct policy_block {
    float now[MYR_PARTIALS], old[MYR_PARTIALS], ratio[MYR_PARTIALS], weight[MYR_PARTIALS];
} __attribute__((aligned(64))) policy_block;

typedef struct policy_partials {
    double objective[MYR_PARTIALS], tokens[MYR_PARTIALS], capped[MYR_PARTIALS];
} __attribute__((aligned(64))) policy_partials;

static void load_ratios(const myr_policy_view *view, size_t first, size_t n, float *ratio) {
    switch (view->type) {
#define RATIO_CASE(type)                                                                \
    case type:                                                                          \
        _Pragma("omp simd") for (size_t j = 0; j < n; j++) ratio[j] =                   \
            myr_load_difference(view->log_probs, view->old_log_probs, type, first + j); \
        break;
        RATIO_CASE(MYR_F64)
        RATIO_CASE(MYR_F32)
        RATIO_CASE(MYR_BF16)
        RATIO_CASE(MYR_F16)
#undef RATIO_CASE
    }
}

/* Tokens first … first + n - 1, at most MYR_PARTIALS; returns whether one is bad. */
static int policy_tokens(const myr_policy_view *view, size_t first, size_t n, float factor, policy_block *b,
                         policy_partials *p) {
    const float cap = view->cap;
    const uint8_t *mask = view->mask ? view->mask + first : NULL;
    const float *now = load_block(view->log_probs, view->type, first, n, b->now);
    const float *old = load_block(view->old_log_probs, view->type, first, n, b->old);
    int bad = 0;
    load_ratios(view, first, n, b->ratio);
#pragma omp simd reduction(| : bad)
    for (size_t j = 0; j < n; j++) {
        /* Loaded, n of them, by load_block. NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
        myr_policy_token token = myr_policy_token_make(now[j], old[j], b->ratio[j], cap);
        int counts = mask ? mask[j] != 0 : 1;
        bad |= token.bad & counts;
        p->objective[j] += counts ? (double)token.weight * (double)token.now : 0.0;
        p->tokens[j] += counts ? 1.0 : 0.0;
        p->capped[j] += counts & token.capped ? 1.0 : 0.0;
        b->weight[j] = counts ? factor * token.weight : 0.0f;
    }
    if (view->gradient)
        store_block(b->weight, view->gradient, view->gradient_type, first, n);
    return bad;
}

static void policy(const myr_policy_view *view, size_t first, size_t count, float factor,
                   myr_policy_sums *sums) {
    policy_block b;
    policy_partials p;
    memset(&p, 0, sizeof p);
    sums->bad = 0;
    for (size_t at = 0; at < count; at += MYR_PARTIALS) {
        size_t n = count - at < MYR_PARTIALS ? count - at : MYR_PARTIALS;
        sums->bad |= policy_tokens(view, first + at, n, factor, &b, &p);
    }
    sums->objective = halve_lanes(p.objective, MYR_PARTIALS);
    sums->tokens = halve_lanes(p.tokens, MYR_PARTIALS);
    sums->capped = halve_lanes(p.capped, MYR_PARTIALS);
}

#define MYR_PASTE(a, b) a##b
#define MYR_EXPAND(a, b) MYR_PASTE(a, b)
#define MYR_QUOTE(a) #a
#define MYR_NAME(a) MYR_QUOTE(a)

const myr_token_lanes MYR_EXPAND(myr_token_lanes_, MYR_ISA) = {MYR_NAME(MYR_ISA), row, gradient, policy};
