/* Plackett-Luce over ranked answers: pointwise code of cpu and cuda, and the order of its sums.
 *
 *     loss = sum_k log(sum_{j >= k} exp(x_j)) - x_k,     d loss/dx_i = sum_{k <= i} p_ik - 1,
 *     p_ik = exp(x_i) / sum_{j >= k} exp(x_j)
 *
 * Let n_k be the largest round(x_j/ln 2), j >= k. Sums are kept relative to 2^n_k, so that nothing
 * overflows, and to pass from one n to another is exact:
 *
 *     a_k = exp(x_k) 2^-n_k
 *     s_k = sum_{j >= k} exp(x_j) 2^-n_k             = a_k + rest_k,   rest_k = s_{k+1} 2^(n_{k+1} - n_k)
 *     t_k = sum_{j <= k} (1/s_j) 2^(n_k - n_j)       = 1/s_k + before_k
 *     loss_k = log(1 + rest_k/a_k),     gradient_k = a_k before_k - rest_k/s_k
 *
 * both without cancellation. Scores and sums are double, exponentials and logarithms float.
 *
 * The order: sums along a ranking go tile by tile of MYR_RANK_TILE answers, in each as Kogge & Stone
 * (1973): every answer adds what its neighbour 1, 2, 4 … away has. A tile's own sum comes first, then what
 * comes from the next tile, or from the one before. Losses of a ranking: answer k belongs to partial sum k
 * mod MYR_RANK_TILE; halved. (Where no ranking is longer than 4, 8 or 16 tiles are that wide: the same
 * bits.) Rankings: see myr_ranking_shape. */
#ifndef MYRIAD_RANKING_H
#define MYRIAD_RANKING_H

#include "exponential.h"
#include "load.h"
#include "logarithm.h"
#include "myriad/rankings.h"
#include "token_row.h"

#define MYR_RANK_TILE 32
#define MYR_RANK_LIMIT 1e15

/* A batch of rankings is added up in chunks, whose sums meet in a binary tree: in a chunk ranking i belongs
 * to partial sum i mod slots; halved. */
typedef struct myr_ranking_shape {
    int width; /* of a tile: 4 … MYR_RANK_TILE */
    int slots; /* 256 / width: a thread block's worth */
    int chunk; /* rankings of a chunk: one or eight of each slot */
} myr_ranking_shape;

static inline myr_ranking_shape myr_ranking_shape_make(uint64_t longest) {
    myr_ranking_shape shape = {4, 0, 0};
    while (shape.width < MYR_RANK_TILE && (uint64_t)shape.width < longest)
        shape.width *= 2;
    shape.slots = 256 / shape.width;
    shape.chunk = longest > MYR_RANK_TILE ? shape.slots : 8 * shape.slots;
    return shape;
}

/* Sums of a chunk, v being a ranking's weight. */
enum {
    MYR_RANKED_NEIGHBOURS, /* v (K - 1) */
    MYR_RANKED_LOSS,       /* v L */
    MYR_RANKED_MARGIN,     /* v (x_1 - x_K) */
    MYR_RANKED_ACCURATE,   /* v times the k with x_k > x_{k+1} */
    MYR_RANKED_SUMS
};

typedef struct myr_ranking_view {
    const void *log_probs;
    const void *reference; /* NULL: none */
    const void *weight;    /* NULL: 1 */
    void *gradient;        /* NULL: none; MYR_F64 or MYR_F32 */
    int type, weight_type, gradient_type;
    const uint64_t *starts; /* [count + 1]; NULL: each has `each` answers */
    uint64_t each, count;
    double beta, scale; /* of gradients: beta/sum v */
    myr_ranking_shape shape;
} myr_ranking_view;

static MYR_HD double myr_rank_load(const void *data, int type, size_t i) {
    return type == MYR_F64 ? ((const double *)data)[i] : (double)myr_load_float(data, type, i);
}

/* x of an answer; *bad is set where it is refused. */
static MYR_HD double myr_rank_score(const myr_ranking_view *view, int type, size_t i, int *bad) {
    const double now = myr_rank_load(view->log_probs, type, i);
    const double old = view->reference ? myr_rank_load(view->reference, type, i) : 0.0;
    const double x = view->beta * (now - old);
    *bad |= !(fabs(now) <= MYR_RANK_LIMIT) | !(fabs(old) <= MYR_RANK_LIMIT) | !(fabs(x) <= MYR_RANK_LIMIT);
    return x;
}

static MYR_HD double myr_rank_weight(const myr_ranking_view *view, uint64_t ranking) {
    return view->weight ? myr_rank_load(view->weight, view->weight_type, (size_t)ranking) : 1.0;
}

static MYR_HD uint64_t myr_rank_start(const myr_ranking_view *view, uint64_t ranking) {
    return view->starts ? view->starts[ranking] : view->each * ranking;
}

/* round(x/ln 2), and what there is where no answer is. */
#define MYR_NO_POWER (-0x1p60)

static MYR_HD double myr_rank_power(double x) {
    const double whole = 0x1.8p52; /* sums with it are whole numbers */
    return (x * 0x1.71547652b82fep0 + whole) - whole;
}

static MYR_HD double myr_rank_offset(double x, double n) {
    return x - n * 0x1.62e42fefa39efp-1;
}

/* 2^(below - above), below <= above; 0 below 2^-800, so that products with exponentials are no
 * subnormal doubles. The difference is whole: with 3 2^51 added its last bits are those of the
 * exponent. */
static MYR_HD double myr_rank_fall(double below, double above) {
    const double fall = below - above, shifted = fall + (0x1.8p52 + 1023.0);
    uint64_t bits;
    double power;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= 52;
    memcpy(&power, &bits, sizeof power);
    return fall >= -800.0 ? power : 0.0;
}

/* 1/power for a power of two from 2^-800 to 1, exactly. */
static MYR_HD double myr_rank_rise(double power) {
    uint64_t bits;
    memcpy(&bits, &power, sizeof bits);
    bits = UINT64_C(0x7fe0000000000000) - bits;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* log(1 + rest/a): where rest is the larger as log s - d, a being exp(d). A rest below 2^-124 counts as 0,
 * as in myr_exp. */
static MYR_HD double myr_rank_loss(float a, double rest, double s, double d) {
    const float ratio = myr_narrow(rest, 0x1p-124) / a;
    const double small = (double)myr_log1p_unit(ratio);
    const double large = (double)(-0.5f * myr_minus_two_log((float)s)) - d;
    return rest <= (double)a ? small : large;
}

#endif
