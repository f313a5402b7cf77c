/* The reduction over pairs as it mostly is: no weights, no lengths, a loss of w and l as they are. Part of
 * pair_lanes.c.
 *
 * A block of rows goes through two loops, one up to the exponential, one from there. In a single one the
 * chain of operations is so long that a processor has hardly two rounds of it under way; each further one
 * costs loads, stores and its start. Rounds are of TILE rows. Meanwhile the block after the next is
 * fetched, in both loops: left to itself the processor would fetch in the first only, and compute in the
 * second only. */
#ifndef MYRIAD_PAIR_TILES_H
#define MYRIAD_PAIR_TILES_H

#include "pair_block.h"

enum { TILE = 16, AHEAD = 2 * ROWS };

/* Of every row mod TILE: bit patterns of the largest absolute values, and how often w > l. */
typedef struct tile_marks {
    uint32_t ratio[TILE], loss[TILE];
    int32_t accurate[TILE];
} __attribute__((aligned(64))) tile_marks;

static int has_tiles(const myr_pair_view *view) {
    return view->survey && view->losses && !view->weight && !view->length[0] && !view->policy_only &&
           view->divergence == MYR_DIVERGENCE_reverse_kl && view->offset == 0.0;
}

static void fetch(const void *column, int type, size_t row) {
#if defined(__GNUC__)
    if (!column)
        return;
    const size_t size = type == MYR_F64 ? 8 : type == MYR_F32 ? 4 : 2;
    const uintptr_t at = (uintptr_t)column + (row + AHEAD) * size; /* perhaps past its end */
    __builtin_prefetch((const void *)at);                          /* NOLINT(performance-no-int-to-ptr) */
    if (size == 8)
        __builtin_prefetch((const void *)(at + 64)); /* NOLINT(performance-no-int-to-ptr) */
#endif
}

static MYR_HD double load_log_ratio(const myr_pair_view *view, int column, const int type,
                                    const int has_reference, size_t i) {
    return myr_pair_ratio(view->policy[column], view->reference[column], type, has_reference, i);
}

/* w, l and the margin, their sums, and where the loss takes it the margin's exponential. */
static MYR_HD void load_tiles(const myr_pair_view *given, const int type, const int has_reference,
                              const int is_logistic, size_t first, block *b, partial_sums p,
                              tile_marks *marks) {
    const myr_pair_view view = *given;
    for (int s = 0; s < ROWS; s += TILE) {
        float *w = b->chosen + s, *l = b->rejected + s, *margin = b->margin + s;
        float *exponential = b->exponential + s;
        double *chosen = p[MYR_SUM_CHOSEN] + s, *rejected = p[MYR_SUM_REJECTED] + s;
        const size_t row = first + (size_t)s;
        for (int column = 0; column < 2; column++)
            fetch(view.policy[column], type, row);
#pragma omp simd aligned(w, l, margin, exponential, chosen, rejected : 64)
        for (int j = 0; j < TILE; j++) {
            const double ratio_w = load_log_ratio(&view, 0, type, has_reference, row + (size_t)j);
            const double ratio_l = load_log_ratio(&view, 1, type, has_reference, row + (size_t)j);
            w[j] = (float)ratio_w;
            l[j] = (float)ratio_l;
            margin[j] = type == MYR_F64 ? (float)(ratio_w - ratio_l) : w[j] - l[j];
            if (is_logistic)
                exponential[j] = myr_margin_exponential(&view.constants, margin[j]);
            marks->ratio[j] = larger_bits(marks->ratio[j], larger_bits(size_bits(w[j]), size_bits(l[j])));
            marks->accurate[j] += type == MYR_F64 ? ratio_w > ratio_l : w[j] > l[j];
            chosen[j] += ratio_w;
            rejected[j] += ratio_l;
        }
    }
}

static MYR_HD void load_type(const myr_pair_view *view, const int type, int is_logistic, size_t first,
                             block *b, partial_sums p, tile_marks *marks) {
    if (view->reference[0] && is_logistic)
        load_tiles(view, type, 1, 1, first, b, p, marks);
    else if (view->reference[0])
        load_tiles(view, type, 1, 0, first, b, p, marks);
    else if (is_logistic)
        load_tiles(view, type, 0, 1, first, b, p, marks);
    else
        load_tiles(view, type, 0, 0, first, b, p, marks);
}

/* Gradients that nobody will read soon go past the caches, which saves fetching what they replace. */
static MYR_HD void store_tile(const myr_pair_view *view, int column, size_t row, const float *slope) {
    if (view->gradient_type == MYR_F64) {
        double *to = (double *)view->gradient[column] + row;
        for (int j = 0; j < TILE; j++)
            to[j] = (double)slope[j];
        return;
    }
    float *to = (float *)view->gradient[column] + row;
#if defined(__x86_64__)
#if defined(__AVX512F__)
    if (view->stream && (uintptr_t)to % 64 == 0) {
        _mm512_stream_ps(to, _mm512_load_ps(slope));
        return;
    }
#endif
    if (view->stream && (uintptr_t)to % 16 == 0) {
        for (int j = 0; j < TILE; j += 4)
            _mm_stream_ps(to + j, _mm_load_ps(slope + j));
        return;
    }
#endif
    memcpy(to, slope, TILE * sizeof(float));
}

static MYR_HD myr_pair_value value_of(const int kind, const myr_loss_constants *c, float w, float l,
                                      float margin, float exponential) {
    if (kind >= MYR_MARGIN_LOSSES)
        return myr_pair_loss(kind, MYR_DIVERGENCE_reverse_kl, c, w, l, margin, 1.0f, 1.0f);
    const myr_margin_value taken = myr_margin_loss_from(kind, c, margin, exponential);
    myr_pair_value v = {taken.loss, taken.slope, -taken.slope};
    return v;
}

/* The loss, its sum, and the gradients. Without is_logistic there are no exponentials. */
static MYR_HD void finish_tiles(const myr_pair_view *view, const int kind, const int is_logistic,
                                size_t first, const block *b, partial_sums p, tile_marks *marks) {
    const myr_loss_constants c = view->constants;
    const float scale = view->scale;
    for (int s = 0; s < ROWS; s += TILE) {
        float slope[2][TILE] __attribute__((aligned(64)));
        const float *w = b->chosen + s, *l = b->rejected + s, *margin = b->margin + s;
        const float *exponential = b->exponential + s;
        double *losses = p[MYR_SUM_LOSS] + s;
        for (int column = 0; column < 2; column++)
            fetch(view->reference[column], view->type, first + (size_t)s);
#pragma omp simd aligned(w, l, margin, exponential, losses : 64)
        for (int j = 0; j < TILE; j++) {
            const myr_pair_value v =
                value_of(kind, &c, w[j], l[j], margin[j], is_logistic ? exponential[j] : 1.0f);
            slope[0][j] = v.dw * scale;
            slope[1][j] = v.dl * scale;
            marks->loss[j] = larger_bits(marks->loss[j], size_bits(v.loss));
            losses[j] += (double)v.loss;
        }
        for (int column = 0; column < 2; column++)
            if (view->gradient[column])
                store_tile(view, column, first + (size_t)s, slope[column]);
    }
}

typedef struct tile_loss {
    void (*finish)(const myr_pair_view *view, size_t first, const block *b, partial_sums p,
                   tile_marks *marks);
    int is_logistic;
} tile_loss;

#define FINISH(name, traits, help)                                                                     \
    static void finish_##name(const myr_pair_view *view, size_t first, const block *b, partial_sums p, \
                              tile_marks *marks) {                                                     \
        finish_tiles(view, MYR_LOSS_##name, (traits)&MYR_LOGISTIC, first, b, p, marks);                \
    }
MYR_MARGIN_LOSS_LIST(FINISH)
MYR_ANSWER_LOSS_LIST(FINISH)

static const tile_loss tile_losses[MYR_POINTWISE_LOSSES] = {
#define FINISH_LINE(name, traits, help) [MYR_LOSS_##name] = {finish_##name, (traits)&MYR_LOGISTIC},
    MYR_MARGIN_LOSS_LIST(FINISH_LINE) MYR_ANSWER_LOSS_LIST(FINISH_LINE)};

/* A whole block. */
static void run_tiles(const myr_pair_view *view, size_t first, block *b, partial_sums p,
                      tile_marks *marks) {
    const tile_loss *loss = &tile_losses[view->kind];
    switch (view->type) {
#define LOAD_CASE(type)                                               \
    case type:                                                        \
        load_type(view, type, loss->is_logistic, first, b, p, marks); \
        break;
        LOAD_CASE(MYR_F64)
        LOAD_CASE(MYR_F32)
        LOAD_CASE(MYR_BF16)
        LOAD_CASE(MYR_F16)
#undef LOAD_CASE
    }
    loss->finish(view, first, b, p, marks);
}

static int finish_marks(const tile_marks *marks, uint64_t rows, partial_sums p) {
    uint32_t ratio = 0, loss = 0;
    for (int j = 0; j < TILE; j++) {
        ratio = larger_bits(ratio, marks->ratio[j]);
        loss = larger_bits(loss, marks->loss[j]);
        p[MYR_SUM_ACCURATE][0] += marks->accurate[j];
    }
    p[MYR_SUM_WEIGHT][0] += (double)rows;
    p[MYR_SUM_TOKENS][0] += (double)rows;
    return ratio > size_bits(MYR_PAIR_LIMIT) || loss > size_bits(FLT_MAX);
}

#endif
