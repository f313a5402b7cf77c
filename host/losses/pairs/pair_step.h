/* The step between the log-probabilities of sequences and their gradients: a loss on pairs, by
 * myr_loss_pairs on the host (for cuda on the cpu backend: the bits are the same, the numbers are few). */
#ifndef MYRIAD_PAIR_STEP_H
#define MYRIAD_PAIR_STEP_H

#include "backends/reductions.h"
#include "myriad/tokens.h"

typedef struct myr_pair_step {
    const myr_loss_options *options;
    myr_loss loss;
    const char *backend;
    int threads;
    uint64_t pairs;
    bool lengths;      /* losses that take them get them */
    double *reference; /* [2 pairs]; NULL: not read */
    double *weight;    /* [pairs]; NULL: all 1 */
    double *length;    /* [2 pairs], of all sequences */
    double total;      /* of the weights, or of the weighted tokens: what the loss is divided by */
    double weights;    /* of the weights: what rewards are divided by */
} myr_pair_step;

/* Checks, and fetches what the options' memory holds. length, [2 pairs], stays the caller's, and is filled
 * in before myr_pair_step_begin. Destroy also after a failure. */
myr_status myr_pair_step_make(myr_context *context, const myr_loss_options *options,
                              const myr_token_pairs *given, uint64_t sequences, bool average,
                              const myr_backend *backend, const myr_compute *compute, myr_pair_step *step);
void myr_pair_step_destroy(myr_pair_step *step);

/* The totals over the batch. */
void myr_pair_step_begin(myr_pair_step *step, double *length);

/* Whether a pair's gradient is known from the pair alone (and the totals). */
bool myr_pair_step_pointwise(const myr_pair_step *step);

/* Pairs first … first + count - 1 of the batch: from the log-probabilities of all sequences, [2 pairs], to
 * the gradient of the batch's loss, [2 pairs] (NULL: none), at those pairs; adds their share to the
 * metrics. */
myr_status myr_pair_step_run(myr_context *context, const myr_pair_step *step, uint64_t first,
                             uint64_t count, const double *logps, double *gradient,
                             myr_loss_metrics *metrics);

#endif
