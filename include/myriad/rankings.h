/* Rankings: the Plackett-Luce loss of answers to one prompt, ranked from the best to the worst.
 *
 *     P(y_1 > y_2 > … > y_K) = prod_k exp(r_k) / sum_{j >= k} exp(r_j)
 *     r_k = beta (log pi(y_k) - log pi_ref(y_k))
 *
 * The loss of a ranking is -log P, that of a batch the weighted mean over its rankings, sum_i v_i L_i /
 * sum_i v_i, with weights v_i that are 1 where none are given. For two answers it is DPO's (sigmoid). */
#ifndef MYRIAD_RANKINGS_H
#define MYRIAD_RANKINGS_H

#include "myriad/compute.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Answers of one ranking at most. */
#define MYR_MAX_RANKED 4096

/* A batch of rankings of different lengths, one after the other, each from its best answer to its worst.
 * Log-probabilities are finite and at most 1e15 in size, and so are the rewards r. */
typedef struct myr_rankings {
    size_t struct_size;
    double beta;      /* 1e-6 … 1e6 */
    uint64_t answers; /* of all rankings together, 1 … 2^40 */
    uint64_t count;   /* of rankings, 1 … 2^31 - 1 */
    myr_array starts; /* [count + 1], MYR_I32 or MYR_I64: ranking i is answers starts[i] … starts[i + 1] -
                         1, 1 … MYR_MAX_RANKED of them. data NULL: all are equally long */
    myr_array log_probs; /* [answers]: log pi; MYR_F64, MYR_F32, MYR_BF16 or MYR_F16 */
    myr_array reference; /* [answers]: log pi_ref, of the same type. data NULL: it counts for nothing, and
                            log_probs may be any scores */
    myr_array weight;    /* [count], of any type: 0 or more, at most 1e15, not all 0. data NULL: all 1 */
} myr_rankings;

/* beta 0.1, as losses of pairs; set what is to be reduced. */
#define MYR_RANKINGS_INIT                                                                     \
    {                                                                                         \
        sizeof(myr_rankings), 0.1, 0, 0, {NULL, MYR_I64}, {NULL, MYR_F32}, {NULL, MYR_F32}, { \
            NULL, MYR_F64                                                                     \
        }                                                                                     \
    }
MYR_API void myr_rankings_default(myr_rankings *made, size_t struct_size);

/* Accuracies and margins are means over neighbours y_k, y_{k+1} of the rankings, by their rankings'
 * weights: the share with r_k > r_{k+1}, and r_k - r_{k+1}; 0 if no ranking has two answers. Those of pairs
 * are myr_loss_metrics'. */
typedef struct myr_ranking_metrics {
    size_t struct_size;
    uint64_t count; /* of rankings */
    double loss;
    double rewards_accuracies, rewards_margins;
} myr_ranking_metrics;

#define MYR_RANKING_METRICS_INIT \
    { sizeof(myr_ranking_metrics), 0, 0.0, 0.0, 0.0 }
MYR_API void myr_ranking_metrics_default(myr_ranking_metrics *made, size_t struct_size);

/* Loss, metrics and, unless its data is NULL, the gradient of the loss to log_probs, [answers], MYR_F64 or
 * MYR_F32. options, metrics and report may be NULL. cpu and cuda take rewards and sums in double and
 * exponentials and logarithms in float, and their results are the same bits, whatever the number of
 * threads; a gradient is within 1e-6 beta v_i / sum v of the exact one, times 1 + the number of answers
 * ranked above it. The starts pass through the host.
 *
 * A ranking with a number that is refused is named, from 0, in a MYR_INVALID_DATA, with the answer's place
 * in it; the gradient is then unspecified. Other errors as of myr_loss_pairs. */
MYR_API myr_status myr_loss_rankings(myr_context *context, const myr_rankings *rankings,
                                     const myr_compute_options *options, myr_array_out gradient,
                                     myr_ranking_metrics *metrics, myr_report *report);

#ifdef __cplusplus
}
#endif
#endif
