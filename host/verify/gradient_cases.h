/* Batches of pairs for verification: fresh random log-probabilities, and where their results go. */
#ifndef MYRIAD_GRADIENT_CASES_H
#define MYRIAD_GRADIENT_CASES_H

#include "backends/reductions.h"
#include "tiers.h"

typedef struct myr_gradient_batch {
    uint64_t count;
    double *policy[2], *reference[2], *weight,
        *length[2];      /* [count] each, in one allocation with the gradients */
    double *gradient[2]; /* [count] each */
    double loss;         /* the mean */
} myr_gradient_batch;

/* The next of a generator's numbers, in [0, 1); it is of another kind than Philox. */
double myr_next_uniform(uint64_t *state);

/* Answers of 1 … 40 tokens, the policy near the reference, weights 0 … 2; poisoned gradients. */
myr_status myr_gradient_batch_create(myr_context *context, uint64_t count, uint64_t seed,
                                     myr_gradient_batch *batch);
void myr_gradient_batch_destroy(myr_gradient_batch *batch);

/* One of the losses, each with every divergence that it takes, by number; beta and the other options differ
 * from case to case. false past the end. */
bool myr_gradient_case(int index, myr_loss_options *options);

/* The loss and the gradients of the batch, weighted and with lengths, by the reductions: myr_verification's
 * threads and device, or those given. */
myr_status myr_gradient_run(myr_context *context, const myr_backend *backend, int threads, int device,
                            const myr_loss_options *options, myr_gradient_batch *batch);

/* The verified backend's reductions; the tests hand in others. */
myr_status myr_verify_pair_gradients_of(myr_verification *v, const myr_backend *backend);

#endif
