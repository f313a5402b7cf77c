/* Reinforcement learning from verifiable rewards: a truncated importance-sampling objective on groups of
 * answers, a group being the answers to one prompt.
 *
 *     loss   = - sum_i sum_t sg(min(rho_it, cap)) A_i log pi(y_it) / sum_i |y_i|
 *     rho_it = pi(y_it) / pi_old(y_it)
 *
 * over the answers i and their tokens t that count; sg stops the gradient. The advantage A_i comes from the
 * rewards: less the group's mean, then divided by the batch's standard deviation. */
#ifndef MYRIAD_RLVR_H
#define MYRIAD_RLVR_H

#include <stdbool.h>

#include "myriad/compute.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the sum over answers and tokens is divided by, among the answers kept; as ScaleRL calls it. */
typedef enum myr_rlvr_mean {
    MYR_TOKEN_MEAN,    /* all tokens: the formula above (TRL's cispo) */
    MYR_SEQUENCE_MEAN, /* each answer by its tokens, then by the answers */
    MYR_PROMPT_MEAN    /* each group by its tokens, then by the groups */
} myr_rlvr_mean;

/* Fields in the order in which they act. Each filter and step can be switched off. */
typedef struct myr_rlvr_options {
    size_t struct_size;
    bool drop_equal;       /* groups whose rewards are all equal count for nothing */
    double drop_pass_rate; /* so do groups whose pass rate is at least this; above 1: none does */
    double pass_reward;    /* an answer passes whose reward is above this; not used where pass rates are
                              given */
    bool demean;           /* A_i = reward - the group's mean, else the reward itself */
    bool normalize;        /* A over the standard deviation of A over the answers kept (divided by their
                        number; where it is 0, so is A) */
    double cap;            /* 1e-6 … 1e30: ratios are truncated there; 1e30: as good as never */
    myr_rlvr_mean mean;
    double denominator; /* of MYR_TOKEN_MEAN: 0: the tokens kept; else this, as where a batch is spread
                           over several calls */
} myr_rlvr_options;

#define MYR_RLVR_OPTIONS_INIT \
    { sizeof(myr_rlvr_options), true, 0.9, 0.0, true, true, 4.0, MYR_TOKEN_MEAN, 0.0 }
MYR_API void myr_rlvr_options_default(myr_rlvr_options *made, size_t struct_size);

/* A batch: groups of answers, answers of tokens, each at least one. Arrays lie where the call's options
 * say; log-probabilities are finite and at most 1e15 in size, rewards and pass rates likewise. */
typedef struct myr_rlvr_batch {
    size_t struct_size;
    uint64_t tokens;                    /* 1 … 2^40 */
    uint64_t sequences;                 /* answers, 1 … 2^31 - 1 */
    uint64_t groups;                    /* 1 … sequences */
    myr_array log_probs, old_log_probs; /* [tokens], of one type: MYR_F64, MYR_F32, MYR_BF16 or MYR_F16 */
    const uint8_t *mask; /* [tokens]: 0 where one does not count: it is not read; NULL: all count. An answer
                            without any adds nothing. */
    myr_array sequence_starts; /* [sequences + 1], MYR_I32 or MYR_I64: answer i is tokens starts[i] …
                                  starts[i + 1] - 1. data NULL: all are equally long */
    myr_array group_starts;    /* [groups + 1], likewise, of answers */
    myr_array rewards;         /* [sequences], MYR_F64 or MYR_F32 */
    myr_array pass_rates; /* [groups], likewise: each prompt's share of answers that pass, from its history;
                             data NULL: its share in this batch */
} myr_rlvr_batch;

#define MYR_RLVR_BATCH_INIT                                                                       \
    {                                                                                             \
        sizeof(myr_rlvr_batch), 0, 0, 0, {NULL, MYR_F32}, {NULL, MYR_F32}, NULL, {NULL, MYR_I64}, \
            {NULL, MYR_I64}, {NULL, MYR_F64}, {                                                   \
            NULL, MYR_F64                                                                         \
        }                                                                                         \
    }
MYR_API void myr_rlvr_batch_default(myr_rlvr_batch *made, size_t struct_size);

typedef struct myr_rlvr_metrics {
    size_t struct_size;
    double loss;
    uint64_t groups, sequences; /* kept */
    uint64_t equal, passed;     /* groups dropped for equal rewards, or else for their pass rate */
    double tokens;              /* kept, that count */
    double capped;              /* share of those whose ratio was truncated */
    double deviation;           /* the standard deviation that advantages were divided by; 1 without */
} myr_rlvr_metrics;

#define MYR_RLVR_METRICS_INIT \
    { sizeof(myr_rlvr_metrics), 0.0, 0, 0, 0, 0, 0.0, 0.0, 1.0 }
MYR_API void myr_rlvr_metrics_default(myr_rlvr_metrics *made, size_t struct_size);

/* The loss, its metrics and, unless their data is NULL, the advantages, [sequences], 0 where dropped, and
 * the gradient of the loss to log_probs, [tokens], 0 where dropped or not counted; MYR_F64 or MYR_F32.
 * Where nothing is kept the loss is 0. rlvr, options, metrics and report may be NULL. A token, answer or
 * group with a number that is refused is named in a MYR_INVALID_DATA; other errors as of myr_loss_pairs.
 * Results are the same bits on cpu and cuda, whatever the number of threads. The numbers of answers and
 * groups pass through the host. */
MYR_API myr_status myr_loss_rlvr(myr_context *context, const myr_rlvr_options *rlvr,
                                 const myr_rlvr_batch *batch, const myr_compute_options *options,
                                 myr_array_out advantages, myr_array_out gradient,
                                 myr_rlvr_metrics *metrics, myr_report *report);

#ifdef __cplusplus
}
#endif
#endif
