/* The hot loops over rankings, some at a time, in blocks whose columns are tiles; see ranking_lanes.h.
 * Arithmetic that IEEE 754 defines to the bit.
 *
 * Sums along a ranking are relative to 2^n_k, as in ranking.h. But where scores are NEAR the first, so that
 * powers are less than 400 from its own, all sums are relative to 2^top, top being 400 above that, and
 * nothing is to be scaled from answer to answer. The bits are the same: sums of exponentials are multiples
 * of 2^-(149 + 800) then, and their reciprocals' below 2^(800 + 13), so that nothing is subnormal, nor so
 * far below another that myr_rank_fall drops it. */
#include "ranking_lanes.h"

#include <stdbool.h>
#include <string.h>

enum { TILE = MYR_RANK_TILE, BLOCK = MYR_RANK_BLOCK, SLOTS = MYR_RANK_SLOTS };
enum { LANES = 8 /* divides every number of slots */, FEW_BLOCKS = 4, MOST_TILES = 128 };

#define NEAR 256.0

typedef double block_doubles[BLOCK] __attribute__((aligned(64)));
typedef double slot_doubles[SLOTS] __attribute__((aligned(64)));

typedef struct tile {
    int ranking, at;
    int count; /* answers: above the width where the ranking goes on, the next tile's first too */
} tile;

/* Rankings that are worked on together. */
typedef struct batch {
    const myr_ranking_view *view;
    myr_ranking_work *work;
    int width, slots;
    uint64_t first; /* answer */
    int rankings, tiles, blocks, answers;
    bool is_long; /* one has more than a tile */
    bool is_near; /* all scores are near the first */
    double top;
    int at[SLOTS + 1]; /* of each ranking the first answer */
    slot_doubles weight, neighbours, loss, margin, accurate;
    tile tile[MOST_TILES];
} batch;

static void add_tiles(batch *b, int at, int count) {
    for (int done = 0; done < count; done += b->width) {
        const int left = count - done;
        b->tile[b->tiles++] = (tile){b->rankings, at + done, left <= b->width ? left : b->width + 1};
    }
}

/* As many rankings as there are slots, or as fit a few blocks, or one. */
static void find_rankings(batch *b, uint64_t index, uint64_t end) {
    const int most = FEW_BLOCKS * b->slots;
    b->rankings = b->tiles = b->at[0] = 0;
    b->first = myr_rank_start(b->view, index);
    for (; index < end && b->rankings < b->slots; index++) {
        const int i = b->rankings, at = b->at[i];
        const int next = (int)(myr_rank_start(b->view, index + 1) - b->first), count = next - at;
        const int tiles = count > TILE ? (count + TILE - 1) / TILE : 1;
        if (i > 0 && b->tiles + tiles > most)
            break;
        add_tiles(b, at, count);
        b->weight[i] = myr_rank_weight(b->view, index);
        b->neighbours[i] = (double)(count - 1);
        b->accurate[i] = 0.0;
        b->at[++b->rankings] = next;
    }
    b->answers = b->at[b->rankings];
    b->is_long = b->tiles > b->rankings;
    b->blocks = (b->tiles + b->slots - 1) / b->slots;
    while (b->tiles < b->blocks * b->slots)
        b->tile[b->tiles++] = (tile){0, 0, 0};
}

static bool is_first(const batch *b, const tile *t) {
    return t->at == b->at[t->ranking];
}

/* Always inline: with a type that varies the loop has branches, and does not vectorise. */
static inline __attribute__((always_inline)) int load_answers(batch *b, const int type) {
    const myr_ranking_view view = *b->view; /* a copy: no store to x changes it */
    const size_t first = (size_t)b->first;
    double *x = b->work->answers;
    int bad = 0, far = 0;
    const double middle = myr_rank_score(&view, type, first, &bad);
#pragma omp simd reduction(| : bad, far)
    for (int i = 0; i < b->answers; i++) {
        int is_bad = 0;
        x[i] = myr_rank_score(&view, type, first + (size_t)i, &is_bad);
        far |= !(fabs(x[i] - middle) <= NEAR);
        bad |= is_bad;
    }
    b->is_near = !far;
    b->top = myr_rank_power(middle) + 400.0;
    return bad;
}

/* The scores; returns whether one is bad. */
static int load(batch *b) {
    switch (b->view->type) {
        case MYR_F64:
            return load_answers(b, MYR_F64);
        case MYR_F32:
            return load_answers(b, MYR_F32);
        case MYR_BF16:
            return load_answers(b, MYR_BF16);
        default:
            return load_answers(b, MYR_F16);
    }
}

/* Scores to their columns. */
static void turn_in(const batch *b, const tile *tiles, double *x) {
    const int slots = b->slots;
    for (int c = 0; c < slots; c++) {
        const double *from = b->work->answers + tiles[c].at;
        int k = 0;
        for (; k < tiles[c].count; k++)
            x[k * slots + c] = from[k];
        for (; k <= b->width; k++)
            x[k * slots + c] = INFINITY;
    }
}

/* Slopes from their columns, scaled. */
static void turn_out(const batch *b, const tile *tiles, const double *slope) {
    const int slots = b->slots, width = b->width;
    for (int c = 0; c < slots; c++) {
        double *to = b->work->answers + tiles[c].at;
        const double scale = b->weight[tiles[c].ranking] * b->view->scale;
        for (int k = 0; k < tiles[c].count && k < width; k++)
            to[k] = slope[k * slots + c] * scale;
    }
}

/* The powers, and of each and those that follow it in its tile the largest. */
static void find_powers(const batch *b, myr_ranking_block *block) {
    const double *x = block->x;
    double *n = block->n + SLOTS;
#pragma omp simd
    for (int i = 0; i < BLOCK; i++)
        n[i] = x[i] < INFINITY ? myr_rank_power(x[i]) : MYR_NO_POWER;
    for (int step = b->slots; step < BLOCK; step *= 2)
#pragma omp simd
        for (int i = 0; i < BLOCK - step; i++)
            n[i] = n[i + step] > n[i] ? n[i + step] : n[i];
}

/* What follows a tile counts in it too. *next: the power that the block's first tile begins with. */
static void carry_powers(const batch *b, const tile *tiles, myr_ranking_block *block, double *next) {
    double *n = block->n + SLOTS, *beyond = n + BLOCK;
    for (int c = b->slots - 1; c >= 0; c--) {
        beyond[c] = tiles[c].count > b->width ? *next : MYR_NO_POWER;
        *next = beyond[c] > n[c] ? beyond[c] : n[c];
    }
    for (int i = 0; b->is_long && i < BLOCK; i += LANES)
#pragma omp simd
        for (int c = 0; c < LANES; c++)
            n[i + c] = beyond[c] > n[i + c] ? beyond[c] : n[i + c];
}

/* The factor from a sum relative to 2^below to one relative to 2^above. */
static inline double fall(const int is_near, double below, double above) {
    return is_near ? 1.0 : myr_rank_fall(below, above);
}

/* The factor from what is relative to 2^n. */
static inline double scale_down(const int is_near, double n, double top) {
    return is_near ? myr_rank_fall(n, top) : 1.0;
}

/* What follows each answer: a and s. *next: the sum that the block's first tile begins with. */
static inline __attribute__((always_inline)) void follow(const int is_near, const batch *b,
                                                         const tile *tiles, myr_ranking_block *block,
                                                         double *next) {
    const double *x = block->x, *n = block->n + SLOTS, top = b->top;
    double *s = block->s, *beyond = s + BLOCK;
    float *a = block->a;
#pragma omp simd
    for (int i = 0; i < BLOCK; i++) {
        const float e = myr_exp((float)myr_rank_offset(x[i], n[i]));
        a[i] = n[i] > MYR_NO_POWER ? e : 0.0f;
        s[i] = (double)a[i] * scale_down(is_near, n[i], top);
    }
    for (int step = b->slots; step < BLOCK; step *= 2)
#pragma omp simd
        for (int i = 0; i < BLOCK - step; i++)
            s[i] += fall(is_near, n[i + step], n[i]) * s[i + step];
    for (int c = b->slots - 1; c >= 0; c--) {
        beyond[c] = tiles[c].count > b->width ? *next : 0.0;
        *next = s[c] + fall(is_near, n[BLOCK + c], n[c]) * beyond[c];
    }
    for (int i = 0; b->is_long && i < BLOCK; i += LANES)
#pragma omp simd
        for (int c = 0; c < LANES; c++)
            s[i + c] += fall(is_near, n[BLOCK + c], n[i + c]) * beyond[c];
}

/* A sum and the power of two that it is relative to. */
typedef struct carried {
    double n, sum;
} carried;

/* From 1/s to t. *last: the sum that the tile before ends with. */
static inline __attribute__((always_inline)) void precede(const int is_near, const batch *b,
                                                          const tile *tiles, double *t, double *n,
                                                          carried *last) {
    const int slots = b->slots, end = BLOCK - slots;
    double *before = t - slots;
    for (int step = slots; step < BLOCK; step *= 2)
        for (int i = BLOCK - LANES; i >= step; i -= LANES)
#pragma omp simd
            for (int j = i; j < i + LANES; j++)
                t[j] += fall(is_near, n[j], n[j - step]) * t[j - step];
    for (int c = 0; c < slots; c++) {
        const carried none = {-MYR_NO_POWER, 0.0}, from = is_first(b, &tiles[c]) ? none : *last;
        n[c - slots] = from.n;
        before[c] = from.sum;
        *last = (carried){n[end + c], t[end + c] + fall(is_near, n[end + c], from.n) * from.sum};
    }
    for (int i = 0; b->is_long && i < BLOCK; i += LANES)
#pragma omp simd
        for (int c = 0; c < LANES; c++)
            t[i + c] += fall(is_near, n[i + c], n[c - LANES]) * before[c];
}

/* Losses, and slopes in s. */
static inline __attribute__((always_inline)) void differ(const int is_near, const batch *b,
                                                         const tile *tiles, myr_ranking_block *block,
                                                         carried *last, double *loss) {
    const int slots = b->slots;
    const double *x = block->x, top = b->top;
    const float *a = block->a;
    double *s = block->s, *n = block->n + SLOTS;
    double room[SLOTS + BLOCK] __attribute__((aligned(64))), *t = room + SLOTS;
    block_doubles less;
#pragma omp simd
    for (int i = 0; i < BLOCK; i++) {
        const double rest = fall(is_near, n[i + slots], n[i]) * s[i + slots];
        const double down = scale_down(is_near, n[i], top), up = myr_rank_rise(down);
        const int is_there = a[i] > 0.0f || rest > 0.0;
        const double value = myr_rank_loss(a[i], rest * up, s[i] * up, myr_rank_offset(x[i], n[i]));
        loss[i] = is_there ? value : 0.0;
        t[i] = is_there ? 1.0 / s[i] : 0.0;
        less[i] = rest * t[i];
        s[i] = (double)a[i] * down;
    }
    precede(is_near, b, tiles, t, n, last);
#pragma omp simd
    for (int i = 0; i < BLOCK; i++)
        s[i] = s[i] * (fall(is_near, n[i], n[i - slots]) * t[i - slots]) - less[i];
}

/* Rows are halved, to the first. */
static void halve_rows(int slots, double *sums) {
    for (int half = BLOCK / 2; half >= slots; half /= 2)
#pragma omp simd
        for (int i = 0; i < half; i++)
            sums[i] += sums[i + half];
}

/* The loss of a ranking of several tiles: of all of them are added, in `open`, and then halved. */
static void add_tile(batch *b, const tile *t, const double *loss, double *open) {
    if (is_first(b, t))
        memset(open, 0, TILE * sizeof *open);
    for (int k = 0; k < TILE; k++)
        open[k] += loss[k * LANES];
    if (t->count > TILE)
        return;
    for (int half = TILE / 2; half > 0; half /= 2)
        for (int k = 0; k < half; k++)
            open[k] += open[k + half];
    b->loss[t->ranking] = open[0];
}

/* A block's share in the losses of its rankings, and their accuracies. */
static void add_block(batch *b, const tile *tiles, const double *x, double *loss, double *open) {
    const int slots = b->slots;
    block_doubles above;
#pragma omp simd
    for (int i = 0; i < BLOCK; i++)
        above[i] = x[i] > x[i + slots] ? 1.0 : 0.0;
    halve_rows(slots, above);
    if (b->is_long) {
        for (int c = 0; c < slots && tiles[c].count > 0; c++) {
            b->accurate[tiles[c].ranking] += above[c];
            add_tile(b, &tiles[c], loss + c, open);
        }
        return;
    }
    halve_rows(slots, loss);
    memcpy(b->loss, loss, sizeof b->loss);
    memcpy(b->accurate, above, sizeof b->accurate);
}

static inline __attribute__((always_inline)) void run_blocks(const int is_near, batch *b) {
    myr_ranking_block *blocks = b->work->blocks;
    double next = 0.0, open[TILE];
    carried last = {0.0, 0.0};
    for (int i = b->blocks - 1; i >= 0; i--)
        follow(is_near, b, b->tile + i * b->slots, &blocks[i], &next);
    for (int i = 0; i < b->blocks; i++) {
        const tile *tiles = b->tile + i * b->slots;
        block_doubles loss;
        differ(is_near, b, tiles, &blocks[i], &last, loss);
        add_block(b, tiles, blocks[i].x, loss, open);
        if (b->view->gradient)
            turn_out(b, tiles, blocks[i].s);
    }
}

static void write_gradient(const batch *b) {
    const double *from = b->work->answers;
    if (b->view->gradient_type == MYR_F32) {
        float *to = (float *)b->view->gradient + b->first;
        for (int i = 0; i < b->answers; i++)
            to[i] = myr_narrow(from[i], 0x1p-126);
    } else {
        memcpy((double *)b->view->gradient + b->first, from, (size_t)b->answers * sizeof *from);
    }
}

/* The rankings of a batch. Returns whether one is bad. */
static int run(batch *b) {
    myr_ranking_block *blocks = b->work->blocks;
    const double *x = b->work->answers;
    double next = MYR_NO_POWER;
    const int bad = load(b);
    for (int i = 0; i < b->rankings; i++)
        b->margin[i] = x[b->at[i]] - x[b->at[i + 1] - 1];
    for (int i = b->blocks - 1; i >= 0; i--) {
        turn_in(b, b->tile + i * b->slots, blocks[i].x);
        find_powers(b, &blocks[i]);
        carry_powers(b, b->tile + i * b->slots, &blocks[i], &next);
    }
    if (b->is_near)
        run_blocks(1, b);
    else
        run_blocks(0, b);
    if (b->view->gradient)
        write_gradient(b);
    return bad;
}

static void add_rankings(const batch *b, int slot, slot_doubles *partial) {
    for (int i = 0; i < b->rankings; i++) {
        partial[MYR_RANKED_NEIGHBOURS][slot + i] += b->weight[i] * b->neighbours[i];
        partial[MYR_RANKED_LOSS][slot + i] += b->weight[i] * b->loss[i];
        partial[MYR_RANKED_MARGIN][slot + i] += b->weight[i] * b->margin[i];
        partial[MYR_RANKED_ACCURATE][slot + i] += b->weight[i] * b->accurate[i];
    }
}

static int chunk(const myr_ranking_view *view, uint64_t first, int count, myr_ranking_work *work,
                 double *sums) {
    const int slots = view->shape.slots;
    slot_doubles partial[MYR_RANKED_SUMS] = {{0.0}};
    batch b;
    int bad = 0;
    b.view = view, b.work = work;
    b.width = view->shape.width, b.slots = slots;
    for (int done = 0; done < count; done += b.rankings) {
        find_rankings(&b, first + (uint64_t)done, first + (uint64_t)count);
        bad |= run(&b);
        add_rankings(&b, done % slots, partial);
    }
    for (int sum = 0; sum < MYR_RANKED_SUMS; sum++) {
        for (int half = slots / 2; half > 0; half /= 2)
            for (int slot = 0; slot < half; slot++)
                partial[sum][slot] += partial[sum][slot + half];
        sums[sum] = partial[sum][0];
    }
    return bad;
}

#define MYR_PASTE(a, b) a##b
#define MYR_EXPAND(a, b) MYR_PASTE(a, b)

const myr_ranking_lanes MYR_EXPAND(myr_ranking_lanes_, MYR_ISA) = {chunk};
