/* Rankings of several answers: Plackett-Luce. The probability of answers y_1 > y_2 > … > y_K with scores r
 * is
 *
 *     prod_k exp(r_k) / sum_{j >= k} exp(r_j),
 *
 * for K = 2 the Bradley-Terry model: sigmoid(r_1 - r_2). */
#ifndef MYRIAD_RANKING_H
#define MYRIAD_RANKING_H

#include "myriad/compute.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MYR_MAX_RANKING 4096

/* Ranking m lists items item[offsets[m]] … item[offsets[m + 1] - 1], best first. */
typedef struct myr_rankings {
    size_t struct_size;
    uint64_t count;    /* of rankings, 1 … 2^31 */
    uint64_t entries;  /* of all rankings together, at most 2^36 */
    uint64_t items;    /* 1 … 2^31 */
    myr_array offsets; /* [count + 1], MYR_I64: 0, ascending by 1 … MYR_MAX_RANKING, entries */
    myr_array item;    /* [entries], MYR_I32 or MYR_I64: 0 … items - 1; none twice in a ranking, which is
                          not checked */
    myr_array weight;  /* [count], MYR_F64 or MYR_F32, 0 … 1e15, not all 0; may be left out: 1 */
} myr_rankings;

#define MYR_RANKINGS_INIT                                                  \
    {                                                                      \
        sizeof(myr_rankings), 0, 0, 0, {NULL, MYR_I64}, {NULL, MYR_I32}, { \
            NULL, MYR_F64                                                  \
        }                                                                  \
    }

typedef struct myr_ranking_metrics {
    uint64_t count;
    double weight; /* sum of the weights */
    double loss;   /* weighted mean of -log of the rankings' probabilities */
} myr_ranking_metrics;

/* The loss at the scores, [items] of type MYR_F64 or MYR_F32, finite and at most 1e15 in size, and, unless
 * its data is NULL, its gradient, [items] likewise. cpu and cuda subtract each ranking's highest score
 * before they round to float, and give the same bits, whatever the number of threads: the gradient is added
 * up in whole numbers, of 2^-62 times 4 entries times the largest weight (the next power of two).
 *
 * An entry, score, offset or weight that is refused is named in a MYR_INVALID_DATA, by ranking and place,
 * from 0. metrics and report may be NULL. */
myr_status myr_loss_rankings(myr_context *context, const myr_rankings *rankings, myr_array scores,
                             const myr_compute_options *options, myr_array_out gradient,
                             myr_ranking_metrics *metrics, myr_compute_report *report);

#ifdef __cplusplus
}
#endif
#endif
