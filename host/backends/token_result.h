/* What a row of logits comes to, and a sequence. Read by the kernels too. */
#ifndef MYRIAD_TOKEN_RESULT_H
#define MYRIAD_TOKEN_RESULT_H

#include <math.h>
#include <stdint.h>

typedef enum myr_row_state {
    MYR_ROW_COUNTS,
    MYR_ROW_MASKED,
    MYR_ROW_BAD_LOGIT, /* NaN or too large; of a head's product infinite, too */
    MYR_ROW_BAD_LABEL, /* not in the vocabulary */
    MYR_ROW_BAD_CHOICE /* the label's own logit is too far below 0 */
} myr_row_state;

/* The log-probability of the row's label, and what the gradient needs of the row: the softmax is
 * exp(logit) / (normaliser 2^power). (The reference keeps log sum exp as the normaliser, and no power.) */
typedef struct myr_row_result {
    double logp; /* 0 unless the row counts */
    double normaliser;
    int32_t power;
    int32_t state; /* a myr_row_state */
} myr_row_result;

/* Logits are at most this in size; those below -2^17, -inf too, count as -2^17, which gives them the
 * probability 0 as well: the label's own logit is above -2^16. */
#define MYR_LOGIT_LIMIT 0x1p16f
#define MYR_LOGIT_FLOOR (-0x1p17f)

/* The lowest logit that is taken: of stored logits, any; of a head's, none that its product could not hold,
 * for the gradient is the matrix times 0 there, and what gives -inf may be infinite itself. */
#define MYR_LOGIT_LOWEST_STORED (-(float)INFINITY)
#define MYR_LOGIT_LOWEST_PRODUCT (-3.4028234e38f)

/* What a sequence's tokens come to, for RLVR. */
typedef struct myr_policy_sums {
    double objective; /* sum of min(ratio, cap) log pi over the tokens that count */
    double tokens;    /* how many count */
    double capped;    /* how many count and have ratios above the cap */
    int bad;          /* whether one is out of range */
} myr_policy_sums;

#endif
