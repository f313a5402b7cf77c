/* The reduction over pairs, as cpu and cuda see it: the columns, and what is done with one row. */
#ifndef MYRIAD_PAIR_VIEW_H
#define MYRIAD_PAIR_VIEW_H

#include "chunk_moments.h"
#include "load.h"
#include "pair_loss.h"

/* Sums of a chunk: the first five are the survey's, which a loss with weights, tokens or the batch's own
 * shift needs first. */
enum {
    MYR_SUM_WEIGHT,   /* v */
    MYR_SUM_TOKENS,   /* v length_w */
    MYR_SUM_CHOSEN,   /* v w */
    MYR_SUM_REJECTED, /* v l */
    MYR_SUM_ACCURATE, /* v where w > l */
    MYR_SUM_LOSS,     /* v L */
    MYR_SUMS
};
#define MYR_SURVEY_SUMS MYR_SUM_LOSS

/* Column 0 is the chosen answer's, 1 the rejected one's. */
typedef struct myr_pair_view {
    const void *policy[2];
    const void *reference[2]; /* NULL: it counts for nothing */
    const void *weight;       /* NULL: 1 */
    const void *length[2];    /* NULL: 1, in the sum of tokens */
    void *gradient[2];        /* NULL: none */
    int type, weight_type, length_type[2], gradient_type;
    int policy_only;      /* the loss takes log pi, not w and l */
    int per_token;        /* lengths divide what the loss takes */
    int per_token_ratios; /* lengths divide w and l themselves, for lack of a divergence; else its scores */
    int stream;           /* cpu: gradients are more than the caches hold */
    int survey, losses;   /* which sums are wanted; gradients come with the loss */
    int kind, divergence;
    myr_loss_constants constants;
    float scale;   /* of gradients: 1/sum v, or 1/sum of tokens */
    double offset; /* of bco_pair, shift/beta, else 0: what the loss takes is less by it, before it is
                      rounded */
} myr_pair_view;

/* What w and l, and weights and lengths, may be at most: far enough from overflow for every loss but some
 * divergences', whose losses are looked at. */
#define MYR_PAIR_LIMIT 1e15f

/* log pi - log pi_ref of a row's answer, or the column's element where there is no reference. Doubles stay
 * doubles until they have been subtracted, from each other too: a margin may be far smaller than w and l.
 * Of narrower types the difference is one of floats. type and has_reference are literal in loops. */
static MYR_HD double myr_pair_ratio(const void *policy, const void *reference, const int type,
                                    const int has_reference, size_t i) {
    if (type == MYR_F64)
        return ((const double *)policy)[i] - (has_reference ? ((const double *)reference)[i] : 0.0);
    return (double)(has_reference ? myr_load_difference(policy, reference, type, i)
                                  : myr_load_float(policy, type, i));
}

/* One row, loaded. */
typedef struct myr_pair_row {
    double w, l;            /* for the rewards */
    float rounded[2];       /* the same */
    float chosen, rejected; /* what the loss takes: w and l, or log pi, perhaps per token */
    float margin;           /* chosen - rejected */
    float weight;
    float length[2];
} myr_pair_row;

static MYR_HD int myr_pair_row_bad(const myr_pair_row *row) {
    return !(fabsf(row->rounded[0]) <= MYR_PAIR_LIMIT) | !(fabsf(row->rounded[1]) <= MYR_PAIR_LIMIT) |
           !(fabsf(row->chosen) <= MYR_PAIR_LIMIT) | !(fabsf(row->rejected) <= MYR_PAIR_LIMIT) |
           !(row->weight >= 0.0f) | !(row->weight <= MYR_PAIR_LIMIT) | !(row->length[0] >= 1.0f) |
           !(row->length[0] <= MYR_PAIR_LIMIT) | !(row->length[1] >= 1.0f) |
           !(row->length[1] <= MYR_PAIR_LIMIT);
}

/* A loss that is not finite is refused too. */
static MYR_HD int myr_loss_bad(float loss) {
    return !(fabsf(loss) <= 3.4028234e38f);
}

#endif
