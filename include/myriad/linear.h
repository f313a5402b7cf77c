/* Losses of a log-linear policy: the margin of pair i is u_i = sum_p Delta_ip theta_p, where Delta is what
 * the features of the preferred answer are more than those of the other one.
 *
 *     loss       = sum_i v_i L(u_i - r_i) / sum_i v_i
 *     gradient_p = sum_i v_i L'(u_i - r_i) Delta_ip / sum_i v_i
 *
 * L is any loss of the margin alone (myr_loss_takes_margin; DPO's is -log sigmoid(beta .)), r_i the
 * reference's margin, v_i the weight of the pair. */
#ifndef MYRIAD_LINEAR_H
#define MYRIAD_LINEAR_H

#include "myriad/preference.h"
#include "myriad/run.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MYR_MAX_PARAMETERS 8192

/* The pairs' features. delta is [count][parameters], MYR_F32, finite. reference_margin (not read if the
 * loss is reference-free) and weight (0 or more, not all 0) are [count] of type MYR_F64 or MYR_F32, at most
 * 1e15 in size as the margins are; data NULL: they are 0 and 1. */
typedef struct myr_features {
    size_t struct_size;
    uint64_t count;      /* of pairs, 1 … 2^40 */
    uint64_t parameters; /* 1 … MYR_MAX_PARAMETERS */
    myr_array delta;
    myr_array reference_margin;
    myr_array weight;
    /* Of fits alone: what is drawn on its own. Game g is the rows game_begin[g] … game_begin[g + 1] - 1 (a
     * tie is two, half each way), from 0 to count, in host memory; and there are game_count[g] games like
     * it, a whole number, which the weights are of together. game_begin NULL: each row is a game;
     * game_count NULL: each is once. */
    uint64_t games;
    const uint64_t *game_begin;
    const double *game_count;
} myr_features;

#define MYR_FEATURES_INIT \
    { sizeof(myr_features), 0, 0, {NULL, MYR_F32}, {NULL, MYR_F64}, {NULL, MYR_F64}, 0, NULL, NULL }
MYR_API void myr_features_default(myr_features *made, size_t struct_size);

/* Weighted means over the pairs; the margin of rewards is beta (u_i - r_i), and a pair is accurate whose
 * margin is above 0. weight is sum_i v_i. */
typedef struct myr_linear_metrics {
    uint64_t count;
    double weight;
    double loss;
    double rewards_accuracies, rewards_margins;
} myr_linear_metrics;

/* The loss at theta, [parameters] of type MYR_F64 or MYR_F32, finite, its metrics and, unless its data is
 * NULL, its gradient, [parameters] likewise. delta is read once. cpu and cuda round theta to float, as the
 * margins and the slopes; their sums are double, in an order that depends on count and parameters alone, so
 * that results are the same bits on both, on any number of threads and any instruction set.
 *
 * A pair whose features, margin, reference margin or weight are refused is named in a MYR_INVALID_DATA: the
 * row, from 0, and the column. loss, options, metrics and report may be NULL. Other errors as of
 * myr_loss_pairs; MYR_UNSUPPORTED for a loss that is not of the margin alone. */
MYR_API myr_status myr_loss_linear(myr_context *context, const myr_loss_options *loss,
                                   const myr_features *features, myr_array theta,
                                   const myr_compute_options *options, myr_array_out gradient,
                                   myr_linear_metrics *metrics, myr_report *report);

#define MYR_MAX_REPLICATES 65536

/* Many losses of the same pairs at once. Replicate b = 0 … replicates - 1 has its own theta, its own beta,
 * its own bootstrap weights, or several of these.
 *
 * The bootstrap weight of pair i in replicate b multiplies v_i. It is Poisson(1), made of word w of the
 * generator: number first_replicate + b of stream MYR_STREAM_RESAMPLE of "trajectory" i (myriad/random.h;
 * word j is component j mod 4 of block floor(j / 4)). The weight is the number of k >= 0 with w >= 2^32
 * F(k), rounded to a whole number, where F is the distribution function of Poisson(1). Weights are never
 * stored. */
typedef struct myr_many {
    size_t struct_size;
    uint32_t replicates;      /* 1 … MYR_MAX_REPLICATES */
    uint32_t first_replicate; /* so that replicates can be drawn in parts; their sum is at most 2^32 */
    const double *betas;      /* [replicates] in host memory, 1e-6 … 1e6; NULL: the loss's own for all */
    bool each_theta;          /* theta is [replicates][parameters]; else one for all */
    bool bootstrap;           /* Poisson weights */
    uint64_t seed;            /* theirs */
} myr_many;

#define MYR_MANY_INIT \
    { sizeof(myr_many), 1, 0, NULL, false, false, MYR_DEFAULT_SEED }
MYR_API void myr_many_default(myr_many *made, size_t struct_size);

/* As myr_loss_linear, for every replicate: gradient [replicates][parameters], metrics [replicates] or NULL;
 * many is not NULL. Two matrix products around one pointwise step, in chunks of pairs: memory stays bounded. cpu
 * and cuda multiply in float within 1,024 pairs, and add up beyond in double, in their order. The products are
 * OpenBLAS's and cuBLAS's: results repeat to the bit on one machine, whatever the number of threads; between
 * the two they agree to rounding.
 *
 * A replicate whose weights are all 0 (a bootstrap of few pairs) has loss, means and gradient NaN. */
MYR_API myr_status myr_loss_many(myr_context *context, const myr_loss_options *loss,
                                 const myr_features *features, myr_array theta, const myr_many *many,
                                 const myr_compute_options *options, myr_array_out gradient,
                                 myr_linear_metrics *metrics, myr_report *report);

/* For features in host memory that are evaluated many times on a GPU: copies of delta, reference_margin and weight stay
 * on the device of the options, where myr_loss_linear, myr_loss_many and fits of this context find them for features
 * with the same arrays, until they are released as often, with the same options, or the context is destroyed. The arrays
 * must not change until then. What finds no room there is copied by each call in parts, as if it were not held; on cpu and
 * reference, and of arrays in device memory, nothing is to be done. Fits do this themselves. options may be NULL. Errors
 * as of myr_loss_linear. */
MYR_API myr_status myr_features_hold(myr_context *context, const myr_features *features,
                                     const myr_compute_options *options);
MYR_API myr_status myr_features_release(myr_context *context, const myr_features *features,
                                        const myr_compute_options *options);

#ifdef __cplusplus
}
#endif
#endif
