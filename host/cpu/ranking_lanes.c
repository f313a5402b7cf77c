/* The hot loops over rankings: a tile of MYR_RANK_TILE answers at a time, of one ranking or, where all are
 * short, of several, each at a multiple of the width. Arithmetic that IEEE 754 defines to the bit. */
#include "ranking_lanes.h"

#include <string.h>

enum { TILE = MYR_RANK_TILE };

typedef double tile_doubles[TILE] __attribute__((aligned(64)));

/* A sum and the power of two that it is relative to. */
typedef struct carried {
    double n, sum;
} carried;

typedef struct ranked {
    uint64_t first;
    int count; /* answers; 0: no ranking */
    double weight;
} ranked;

static inline int load_answers(const myr_ranking_view *view, const int type, const ranked *r, double *x,
                               double *n) {
    int bad = 0;
#pragma omp simd reduction(| : bad)
    for (int i = 0; i < r->count; i++) {
        x[i] = myr_rank_score(view, type, (size_t)r->first + (size_t)i, &bad);
        n[i] = myr_rank_power(x[i]);
    }
    return bad;
}

/* A ranking's scores and their powers; nothing up to `room`. */
static int load_ranking(const myr_ranking_view *view, const ranked *r, int room, double *x, double *n) {
    for (int i = r->count; i < room; i++) {
        x[i] = 0.0;
        n[i] = MYR_NO_POWER;
    }
    switch (view->type) {
        case MYR_F64:
            return load_answers(view, MYR_F64, r, x, n);
        case MYR_F32:
            return load_answers(view, MYR_F32, r, x, n);
        case MYR_BF16:
            return load_answers(view, MYR_BF16, r, x, n);
        default:
            return load_answers(view, MYR_F16, r, x, n);
    }
}

/* to[j] = from[j + step] of the same ranking, or else. Reads past the tile. */
static inline __attribute__((always_inline)) void look_down(const int width, const int step,
                                                            const double *from, double otherwise,
                                                            double *to) {
#pragma omp simd
    for (int j = 0; j < TILE; j++) {
        const double other = from[j + step];
        to[j] = (j & (width - 1)) + step < width ? other : otherwise;
    }
}

/* to[j] = from[j - step] of the same ranking, or else. Reads ahead of the tile. */
static inline __attribute__((always_inline)) void look_up(const int width, const int step,
                                                          const double *from, double otherwise,
                                                          double *to) {
#pragma omp simd
    for (int j = 0; j < TILE; j++) {
        const double other = from[j - step];
        to[j] = (j & (width - 1)) >= step ? other : otherwise;
    }
}

/* What follows each answer of a tile: n, a, s and rest. */
static inline __attribute__((always_inline)) void follow(const int width, myr_ranking_work *work, int at,
                                                         carried next) {
    const double *x = work->x + at;
    double *n = work->n + at, *s = work->s + at, *rest = work->rest + at;
    float *a = work->a + at;
    tile_doubles other_n, other;
#pragma GCC unroll 5
    for (int step = 1; step < width; step *= 2) {
        look_down(width, step, n, MYR_NO_POWER, other);
#pragma omp simd
        for (int j = 0; j < TILE; j++)
            n[j] = other[j] > n[j] ? other[j] : n[j];
    }
#pragma omp simd
    for (int j = 0; j < TILE; j++) {
        const double power = next.n > n[j] ? next.n : n[j];
        const float e = myr_exp((float)myr_rank_offset(x[j], power));
        a[j] = n[j] > MYR_NO_POWER ? e : 0.0f;
        s[j] = (double)a[j];
        n[j] = power;
    }
#pragma GCC unroll 5
    for (int step = 1; step < width; step *= 2) {
        look_down(width, step, n, MYR_NO_POWER, other_n);
        look_down(width, step, s, 0.0, other);
#pragma omp simd
        for (int j = 0; j < TILE; j++)
            s[j] += myr_rank_fall(other_n[j], n[j]) * other[j];
    }
#pragma omp simd
    for (int j = 0; j < TILE; j++)
        s[j] += myr_rank_fall(next.n, n[j]) * next.sum;
    look_down(width, 1, n, next.n, other_n);
    look_down(width, 1, s, next.sum, other);
#pragma omp simd
    for (int j = 0; j < TILE; j++)
        rest[j] = myr_rank_fall(other_n[j], n[j]) * other[j];
}

/* Losses, added to loss[TILE]; gradients in x, over s. *last becomes the last answer's sum. */
static inline __attribute__((always_inline)) void precede(const int width, myr_ranking_work *work, int at,
                                                          carried *last, double *loss) {
    const double *x = work->x + at, *rest = work->rest + at;
    const float *a = work->a + at;
    double *s = work->s + at;
    tile_doubles room[4] = {{0.0}}, other, other_n, reciprocal;
    double *n = room[1], *t = room[3];
    memcpy(n, work->n + at, sizeof room[1]);
#pragma omp simd
    for (int j = 0; j < TILE; j++) {
        const int is_there = a[j] > 0.0f || rest[j] > 0.0;
        const double value = myr_rank_loss(a[j], rest[j], s[j], myr_rank_offset(x[j], n[j]));
        loss[j] += is_there ? value : 0.0;
        reciprocal[j] = is_there ? 1.0 / s[j] : 0.0;
        t[j] = reciprocal[j];
    }
#pragma GCC unroll 5
    for (int step = 1; step < width; step *= 2) {
        look_up(width, step, n, -MYR_NO_POWER, other_n);
        look_up(width, step, t, 0.0, other);
#pragma omp simd
        for (int j = 0; j < TILE; j++)
            t[j] += myr_rank_fall(n[j], other_n[j]) * other[j];
    }
#pragma omp simd
    for (int j = 0; j < TILE; j++)
        t[j] += myr_rank_fall(n[j], last->n) * last->sum;
    look_up(width, 1, n, last->n, other_n);
    look_up(width, 1, t, last->sum, other);
#pragma omp simd
    for (int j = 0; j < TILE; j++)
        s[j] = (double)a[j] * (myr_rank_fall(n[j], other_n[j]) * other[j]) - rest[j] * reciprocal[j];
    *last = (carried){n[TILE - 1], t[TILE - 1]};
}

static void write_gradient(const myr_ranking_view *view, const ranked *r, const double *slope) {
    const double scale = r->weight * view->scale;
    if (view->gradient_type == MYR_F32) {
        float *to = (float *)view->gradient + r->first;
        for (int i = 0; i < r->count; i++)
            to[i] = (float)(slope[i] * scale);
    } else {
        double *to = (double *)view->gradient + r->first;
        for (int i = 0; i < r->count; i++)
            to[i] = slope[i] * scale;
    }
}

/* A ranking's sums, of whose losses the partial sums are halved. */
static void add_ranking(const ranked *r, const double *x, double loss, double *sums) {
    int accurate = 0;
    for (int i = 0; i + 1 < r->count; i++)
        accurate += x[i] > x[i + 1];
    sums[MYR_RANKED_NEIGHBOURS] += r->weight * (double)(r->count - 1);
    sums[MYR_RANKED_LOSS] += r->weight * loss;
    sums[MYR_RANKED_MARGIN] += r->weight * (x[0] - x[r->count - 1]);
    sums[MYR_RANKED_ACCURATE] += r->weight * (double)accurate;
}

static ranked find_ranking(const myr_ranking_view *view, uint64_t index, uint64_t end) {
    ranked r = {0, 0, 0.0};
    if (index >= end)
        return r;
    r.first = myr_rank_start(view, index);
    r.count = (int)(myr_rank_start(view, index + 1) - r.first);
    r.weight = myr_rank_weight(view, index);
    return r;
}

/* A tile of rankings, or the tiles of one; sums of ranking i in sums[i]. Returns whether one is bad. */
static inline __attribute__((always_inline)) int run_tiles(const int width, const myr_ranking_view *view,
                                                           uint64_t index, uint64_t end,
                                                           myr_ranking_work *work,
                                                           double sums[][MYR_RANKED_SUMS]) {
    const int rankings = TILE / width;
    double loss[2 * TILE] = {0.0};
    ranked r[TILE / 4];
    int bad = 0;
    for (int i = 0; i < rankings; i++) {
        r[i] = find_ranking(view, index + (uint64_t)i, end);
        const int room = (r[i].count + width - 1) / width * width;
        bad |= load_ranking(view, &r[i], room > 0 ? room : width, work->x + i * width, work->n + i * width);
    }
    const int tiles = width == TILE ? (r[0].count + TILE - 1) / TILE : 1;
    carried next = {MYR_NO_POWER, 0.0}, last = {-MYR_NO_POWER, 0.0};
    for (int at = (tiles - 1) * TILE; at >= 0; at -= TILE) {
        follow(width, work, at, next);
        next = (carried){work->n[at], work->s[at]};
    }
    for (int at = 0; at < tiles * TILE; at += TILE)
        precede(width, work, at, &last, loss);
#pragma GCC unroll 5
    for (int half = width / 2; half > 0; half /= 2)
        for (int j = 0; j < TILE; j++)
            loss[j] += loss[j + half];
    for (int i = 0; i < rankings && r[i].count > 0; i++) {
        add_ranking(&r[i], work->x + i * width, loss[i * width], sums[i]);
        if (view->gradient)
            write_gradient(view, &r[i], work->s + i * width);
    }
    return bad;
}

static int run(const myr_ranking_view *view, uint64_t index, uint64_t end, myr_ranking_work *work,
               double sums[][MYR_RANKED_SUMS]) {
    switch (view->shape.width) {
        case 4:
            return run_tiles(4, view, index, end, work, sums);
        case 8:
            return run_tiles(8, view, index, end, work, sums);
        case 16:
            return run_tiles(16, view, index, end, work, sums);
        default:
            return run_tiles(TILE, view, index, end, work, sums);
    }
}

static int chunk(const myr_ranking_view *view, uint64_t first, int count, myr_ranking_work *work,
                 double *sums) {
    const int slots = view->shape.slots, rankings = TILE / view->shape.width;
    double partial[64][MYR_RANKED_SUMS] = {{0.0}};
    int bad = 0;
    for (int i = 0; i < count; i += rankings)
        bad |= run(view, first + (uint64_t)i, first + (uint64_t)count, work, partial + i % slots);
    for (int half = slots / 2; half > 0; half /= 2)
        for (int slot = 0; slot < half; slot++)
            for (int sum = 0; sum < MYR_RANKED_SUMS; sum++)
                partial[slot][sum] += partial[slot + half][sum];
    memcpy(sums, partial[0], sizeof partial[0]);
    return bad;
}

#define MYR_PASTE(a, b) a##b
#define MYR_EXPAND(a, b) MYR_PASTE(a, b)

const myr_ranking_lanes MYR_EXPAND(myr_ranking_lanes_, MYR_ISA) = {chunk};
