/* Preferences: losses on pairs of a preferred (chosen) and a dispreferred (rejected) answer.
 *
 *     w = log pi(y_w | x) - log pi_ref(y_w | x),     l the same for the rejected answer
 *
 * The loss of a batch is the weighted mean of its pairs' losses, sum_i v_i L_i / sum_i v_i, with weights
 * v_i that are 1 where none are given; gradients are those of that mean. */
#ifndef MYRIAD_PREFERENCE_H
#define MYRIAD_PREFERENCE_H

#include <math.h>
#include <stdbool.h>

#include "myriad/compute.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The losses, in the order of their list: name and one line of help; NULL past the end. */
MYR_API const char *myr_loss_name(int index);
MYR_API const char *myr_loss_help(int index);

/* True if the loss depends on the pair through the margin w - l alone, so that reductions which know only
 * the margin can take it; false for a name that is NULL or unknown. */
MYR_API bool myr_loss_takes_margin(const char *loss);

/* The divergences that f_divergence names, likewise. */
MYR_API const char *myr_divergence_name(int index);
MYR_API const char *myr_divergence_help(int index);

/* The options of a loss. One that the loss does not take must keep its default. */
typedef struct myr_loss_options {
    size_t struct_size;
    const char *loss;       /* "sigmoid", say */
    double beta;            /* 1e-6 … 1e6 */
    double label_smoothing; /* 0 … 0.5, 0.5 excluded: the share of labels taken to be flipped. sigmoid (then
                               cDPO), sigmoid_norm, robust, aot, aot_unpaired; exo_pair, for which 0 means
                               1e-3 */
    bool reference_free; /* the reference counts for nothing: w = log pi(y_w | x); its columns are unread */
    const char *f_divergence; /* "reverse_kl"; for sigmoid, sigmoid_norm, robust, hinge, ipo, exo_pair and
                                 discopop also "js_divergence", "alpha_divergence" */
    double f_alpha_divergence_coef; /* the c of alpha_divergence, -1e3 … 1e3, as TRL since 0.29 counts it;
                                       its older versions' is 1 - c. Within 1e-6 of 1: reverse_kl */
    double tau;                     /* of discopop, 1e-3 … 1: the temperature of its modulation */
    double shift; /* of bco_pair: what is subtracted from the rewards, at most 1e15 in size. 0, as TRL since
                     0.29. MYR_SHIFT_BATCH: their mean over the batch, chosen and rejected together, the
                     nearest to TRL before, which subtracted a running mean */
} myr_loss_options;

/* sigmoid at beta 0.1. */
#define MYR_LOSS_OPTIONS_INIT \
    { sizeof(myr_loss_options), "sigmoid", 0.1, 0.0, false, "reverse_kl", 0.5, 0.05, 0.0 }
MYR_API void myr_loss_options_default(myr_loss_options *made, size_t struct_size);
#define MYR_SHIFT_BATCH ((double)NAN)

/* A batch of pairs, column by column, each column [count]. Log-probabilities (natural logarithms, of whole
 * answers) are finite and at most 1e15 in size. The four columns are of one type, MYR_F64, MYR_F32,
 * MYR_BF16 or MYR_F16; cpu and cuda round doubles to float once they are subtracted, w and l from each
 * other too. weight (0 or more, not all 0; for cpu and cuda a sum of 1.2e-38 or more) may be left out;
 * lengths (1 or more tokens), of any type, too.
 *
 * Lengths matter to three losses, as in TRL of 2026: ipo takes w and l per token where lengths are given
 * (TRL 0.28 leaves that division to its caller: without lengths, w and l are taken as they are),
 * sigmoid_norm always does and so needs them, and sft becomes the mean over tokens, sum_i v_i (-log
 * pi(y_w)) / sum_i v_i length_i. With a divergence it is the answers' scores f'(pi/pi_ref) that are
 * divided: log(2t/(t + 1)) of js_divergence, (t^(c-1) - 1)/(c-1) of alpha_divergence. Rewards are never
 * divided. */
typedef struct myr_pairs {
    size_t struct_size;
    uint64_t count; /* 1 … 2^40 */
    myr_array policy_chosen, policy_rejected;
    myr_array reference_chosen, reference_rejected; /* not read if reference_free */
    myr_array weight;                               /* data NULL: all 1 */
    myr_array chosen_length, rejected_length;       /* in tokens; both or, data NULL, neither */
} myr_pairs;

/* No pairs: set the count and the columns. */
#define MYR_PAIRS_INIT                                                                            \
    {                                                                                             \
        sizeof(myr_pairs), 0, {NULL, MYR_F64}, {NULL, MYR_F64}, {NULL, MYR_F64}, {NULL, MYR_F64}, \
            {NULL, MYR_F64}, {NULL, MYR_F64}, {                                                   \
            NULL, MYR_F64                                                                         \
        }                                                                                         \
    }
MYR_API void myr_pairs_default(myr_pairs *made, size_t struct_size);

/* Weighted means over the batch, named as TRL names them. The implicit rewards are beta w and beta l;
 * accuracy is the share of pairs whose chosen reward is above the rejected one. */
typedef struct myr_loss_metrics {
    size_t struct_size;
    uint64_t count;
    double loss;
    double rewards_chosen, rewards_rejected, rewards_accuracies, rewards_margins;
} myr_loss_metrics;

#define MYR_LOSS_METRICS_INIT \
    { sizeof(myr_loss_metrics), 0, 0.0, 0.0, 0.0, 0.0, 0.0 }
MYR_API void myr_loss_metrics_default(myr_loss_metrics *made, size_t struct_size);

/* Loss, metrics and, unless their data is NULL, the gradients of the loss to the two policy columns,
 * [count] each, both MYR_F64 or both MYR_F32; one alone is refused. loss and options may be NULL (sigmoid
 * at beta 0.1, the automatic backend), and so may metrics and report. A row with a number that is refused
 * is named, from 0, in a MYR_INVALID_DATA, and so is one whose loss overflows; gradients are then
 * unspecified. aot and aot_unpaired, which sort the batch (ties by row), take host memory and no weights.
 * Other errors: MYR_INVALID_ARGUMENT, MYR_UNSUPPORTED, MYR_NO_DEVICE, MYR_DEVICE_ERROR, MYR_OUT_OF_MEMORY.
 *
 * On cpu and cuda, whose arithmetic is that of floats, a loss that falls off as exp(-h) is 0 where that
 * is below 2^-124, 4.7e-38, and its slope where it is below 2^-80 beta, 8e-25 beta: at margins of
 * rewards beyond 86 and 56. Results are the same bits on both, whatever the number of threads. */
MYR_API myr_status myr_loss_pairs(myr_context *context, const myr_loss_options *loss,
                                  const myr_pairs *pairs, const myr_compute_options *options,
                                  myr_array_out chosen_gradient, myr_array_out rejected_gradient,
                                  myr_loss_metrics *metrics, myr_report *report);

#ifdef __cplusplus
}
#endif
#endif
