/* The reduction over pairs: log-probabilities to loss, rewards and gradients, every number read once. A thread
 * block takes a chunk of MYR_CHUNK rows and leaves its sums, in the order of host/losses/pairs/pair_sums.h: thread
 * p owns partial sum p of each.
 *
 * The loss and the divergence are literal in every kernel, which makes many of them: a file a family. */
#ifndef MYRIAD_REDUCE_PAIRS_CUH
#define MYRIAD_REDUCE_PAIRS_CUH

#include "pair_launch.h"
#include "reduce_chunk.cuh"

/* The column's element, or 1. */
MYR_GPU float load_or_one(const void *data, int type, size_t i) {
    return data ? myr_load_float(data, type, i) : 1.0f;
}

MYR_GPU double load_wide(const myr_pair_view *view, int column, int with_reference, size_t i) {
    return myr_pair_ratio(view->policy[column], view->reference[column], MYR_F64,
                          with_reference && view->reference[column], i);
}

MYR_GPU float load_narrow(const myr_pair_view *view, int column, int with_reference, size_t i) {
    if (with_reference && view->reference[column])
        return myr_load_difference(view->policy[column], view->reference[column], view->type, i);
    return myr_load_float(view->policy[column], view->type, i);
}

/* w, l and what the loss takes of them. Doubles apart: others need no arithmetic in double but for sums. */
MYR_GPU void load_wide_row(const myr_pair_view *view, size_t i, myr_pair_row *row) {
    row->w = load_wide(view, 0, 1, i);
    row->l = load_wide(view, 1, 1, i);
    row->rounded[0] = (float)row->w;
    row->rounded[1] = (float)row->l;
    const double chosen = view->policy_only ? load_wide(view, 0, 0, i) : row->w;
    const double rejected = view->policy_only ? load_wide(view, 1, 0, i) : row->l;
    row->chosen = (float)chosen;
    row->rejected = (float)rejected;
    row->margin = (float)(chosen - rejected);
}

MYR_GPU void load_narrow_row(const myr_pair_view *view, size_t i, myr_pair_row *row) {
    const float w = load_narrow(view, 0, 1, i), l = load_narrow(view, 1, 1, i);
    row->w = (double)w;
    row->l = (double)l;
    row->rounded[0] = w;
    row->rounded[1] = l;
    row->chosen = view->policy_only ? load_narrow(view, 0, 0, i) : w;
    row->rejected = view->policy_only ? load_narrow(view, 1, 0, i) : l;
    row->margin = row->chosen - row->rejected;
}

MYR_GPU myr_pair_row load_row(const myr_pair_view *view, size_t i) {
    myr_pair_row row;
    if (view->type == MYR_F64)
        load_wide_row(view, i, &row);
    else
        load_narrow_row(view, i, &row);
    row.weight = load_or_one(view->weight, view->weight_type, i);
    row.length[0] = load_or_one(view->length[0], view->length_type[0], i);
    row.length[1] = load_or_one(view->length[1], view->length_type[1], i);
    if (view->per_token_ratios) {
        row.chosen /= row.length[0];
        row.rejected /= row.length[1];
        row.margin = row.chosen - row.rejected;
    }
    return row;
}

MYR_GPU void add_survey(const myr_pair_row *row, double sums[MYR_SUMS]) {
    const double v = (double)row->weight;
    sums[MYR_SUM_WEIGHT] += v;
    sums[MYR_SUM_TOKENS] += v * (double)row->length[0];
    sums[MYR_SUM_CHOSEN] += v * row->w;
    sums[MYR_SUM_REJECTED] += v * row->l;
    sums[MYR_SUM_ACCURATE] += row->w > row->l ? v : 0.0;
}

MYR_GPU void write_gradient(const myr_pair_view *view, int column, size_t i, const myr_pair_row *row,
                            float slope) {
    if (!view->gradient[column])
        return;
    if (view->per_token)
        slope /= row->length[column];
    slope = slope * (row->weight * view->scale);
    if (view->gradient_type == MYR_F32)
        ((float *)view->gradient[column])[i] = slope;
    else
        ((double *)view->gradient[column])[i] = (double)slope;
}

/* What a thread block leaves: its sums, and the smallest bad row of all, whatever the order. */
MYR_GPU void leave_sums(const myr_pair_view *view, const double sums[MYR_SUMS], uint64_t bad,
                        double *d_sums, unsigned long long *d_bad, double *shared) {
    if (bad != UINT64_MAX)
        atomicMax(d_bad, ~(unsigned long long)bad);
    for (int sum = 0; sum < MYR_SUMS; sum++) {
        const int wanted = sum < MYR_SURVEY_SUMS ? view->survey : view->losses;
        const double total = wanted ? myr_halve(sums[sum], shared) : 0.0;
        if (threadIdx.x == 0)
            d_sums[(size_t)blockIdx.x * MYR_SUMS + (size_t)sum] = total;
    }
}

/* Any rows. */
MYR_GPU uint64_t reduce_rows(const myr_pair_view *view, uint64_t first, uint64_t end, const int kind,
                             const int divergence, double sums[MYR_SUMS]) {
    uint64_t bad = UINT64_MAX;
#pragma unroll 1
    for (uint64_t i = first + threadIdx.x; i < end; i += MYR_PARTIALS) {
        myr_pair_row row = load_row(view, (size_t)i);
        int is_bad = myr_pair_row_bad(&row);
        if (view->survey)
            add_survey(&row, sums);
        if (view->losses) {
            if (view->offset != 0.0) {
                row.chosen = (float)(row.w - view->offset);
                row.rejected = (float)(row.l - view->offset);
            }
            const myr_pair_value v = myr_pair_loss(
                kind, divergence, &view->constants, row.chosen, row.rejected, row.margin,
                view->per_token ? row.length[0] : 1.0f, view->per_token ? row.length[1] : 1.0f);
            is_bad |= myr_loss_bad(v.loss);
            sums[MYR_SUM_LOSS] += (double)row.weight * (double)v.loss;
            write_gradient(view, 0, (size_t)i, &row, v.dw);
            write_gradient(view, 1, (size_t)i, &row, v.dl);
        }
        bad = is_bad && i < bad ? i : bad;
    }
    return bad;
}

/* A whole chunk as most batches have it: of floats or halves, a loss wanted of rows that count once each, gradients float. A
 * thread's rows are loaded plain_rows at a time, before any of them is computed: all loads are then under way together. */
enum { plain_rows = 2 };

MYR_GPU int chunk_is_plain(const myr_pair_view *view, uint64_t rows) {
    return rows == MYR_CHUNK && view->type != MYR_F64 && view->losses && !view->weight &&
           !view->length[0] && !view->length[1] && !view->policy_only && !view->per_token &&
           !view->per_token_ratios && view->offset == 0.0 && view->reference[0] && view->reference[1] &&
           (view->gradient_type == MYR_F32 || !(view->gradient[0] || view->gradient[1]));
}

/* Sums of ones are counted, which is exact: the same bits. */
typedef struct plain_sums {
    double chosen, rejected, loss;
    int accurate, bad; /* bad: the first row that is, or MYR_CHUNK */
} plain_sums;

MYR_GPU void reduce_plain_row(const myr_pair_view *view, size_t first, int row, float w, float l,
                              const int kind, const int divergence, plain_sums *sums) {
    const myr_pair_value v = myr_pair_loss(kind, divergence, &view->constants, w, l, w - l, 1.0f, 1.0f);
    if (!(fabsf(w) <= MYR_PAIR_LIMIT) | !(fabsf(l) <= MYR_PAIR_LIMIT) | myr_loss_bad(v.loss))
        sums->bad = row < sums->bad ? row : sums->bad;
    sums->accurate += w > l;
    sums->chosen += (double)w;
    sums->rejected += (double)l;
    sums->loss += (double)v.loss;
    if (view->gradient[0])
        ((float *)view->gradient[0] + first)[row] = v.dw * view->scale;
    if (view->gradient[1])
        ((float *)view->gradient[1] + first)[row] = v.dl * view->scale;
}

MYR_GPU uint64_t reduce_plain_chunk(const myr_pair_view *view, size_t first, const int type, const int kind,
                                    const int divergence, double sums[MYR_SUMS]) {
    plain_sums plain = {0.0, 0.0, 0.0, 0, MYR_CHUNK};
#pragma unroll 1
    for (int row = (int)threadIdx.x; row < MYR_CHUNK; row += plain_rows * MYR_PARTIALS) {
        float w[plain_rows], l[plain_rows];
#pragma unroll
        for (int r = 0; r < plain_rows; r++) {
            const size_t i = first + (size_t)(row + r * MYR_PARTIALS);
            w[r] = myr_load_difference(view->policy[0], view->reference[0], type, i);
            l[r] = myr_load_difference(view->policy[1], view->reference[1], type, i);
        }
#pragma unroll
        for (int r = 0; r < plain_rows; r++)
            reduce_plain_row(view, first, row + r * MYR_PARTIALS, w[r], l[r], kind, divergence, &plain);
    }
    sums[MYR_SUM_WEIGHT] = sums[MYR_SUM_TOKENS] = (double)(MYR_CHUNK / MYR_PARTIALS);
    sums[MYR_SUM_CHOSEN] = plain.chosen;
    sums[MYR_SUM_REJECTED] = plain.rejected;
    sums[MYR_SUM_ACCURATE] = (double)plain.accurate;
    sums[MYR_SUM_LOSS] = plain.loss;
    return plain.bad < MYR_CHUNK ? first + (uint64_t)plain.bad : UINT64_MAX;
}

MYR_GPU void reduce_pairs(const myr_pair_view *view, uint64_t count, const int kind, const int divergence,
                          double *d_sums, unsigned long long *d_bad, double *shared) {
    const uint64_t first = (uint64_t)blockIdx.x * MYR_CHUNK;
    const uint64_t end = first + MYR_CHUNK < count ? first + MYR_CHUNK : count;
    double sums[MYR_SUMS] = {0.0};
    uint64_t bad;
    if (!chunk_is_plain(view, end - first))
        bad = reduce_rows(view, first, end, kind, divergence, sums);
    else if (view->type == MYR_F32)
        bad = reduce_plain_chunk(view, (size_t)first, MYR_F32, kind, divergence, sums);
    else if (view->type == MYR_BF16)
        bad = reduce_plain_chunk(view, (size_t)first, MYR_BF16, kind, divergence, sums);
    else
        bad = reduce_plain_chunk(view, (size_t)first, MYR_F16, kind, divergence, sums);
    leave_sums(view, sums, bad, d_sums, d_bad, shared);
}

/* A family's kernels, and its launcher: LIST(KERNELS) and LIST(CASES), where KERNELS(name, traits, help) and
 * CASES(name, traits, help) are these of the loss and a divergence. */
#define MYR_PAIR_KERNEL(name, divergence)                                                                \
    static __global__ void __launch_bounds__(MYR_PARTIALS, 4) reduce_pairs_##name##_##divergence(        \
        const myr_pair_view view, uint64_t count, double *d_sums, unsigned long long *d_bad) {           \
        __shared__ double shared[MYR_PARTIALS];                                                          \
        reduce_pairs(&view, count, MYR_LOSS_##name, MYR_DIVERGENCE_##divergence, d_sums, d_bad, shared); \
    }

#define MYR_PAIR_CASE(name, divergence_)                                                                \
    if (view->kind == MYR_LOSS_##name && view->divergence == MYR_DIVERGENCE_##divergence_)              \
        return MYR_LAUNCH(reduce_pairs_##name##_##divergence_, myr_pair_blocks(count), MYR_PARTIALS, 0, \
                          stream, *view, count, d_sums, d_bad);

static inline unsigned myr_pair_blocks(uint64_t count) {
    return (unsigned)((count + MYR_CHUNK - 1) / MYR_CHUNK);
}

#endif
