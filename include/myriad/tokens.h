/* Log-probabilities of tokens from logits, and losses on pairs of answers given as tokens.
 *
 *     log pi(y | x) = sum_t log softmax(logits_t)[label_t]         over the rows of y that count
 *
 * Row t of the logits predicts label t: who has the tokens of a sequence shifts them by one.
 *
 * Logits are MYR_F64, MYR_F32, MYR_BF16 or MYR_F16, and at most 65,536 in size, but for those far below 0
 * (-1e9, say, or -inf: masked or padded words), which have probability 0, and a gradient of exactly 0; as
 * a row's label they are refused.
 *
 * cpu and cuda compute exponentials in float and sum in float and double: a row's log-probability is
 * within 1.1e-6 of the exact one, and from MYR_F64, which they round to float, within 2^-23 times the
 * largest logit's size more. Gradients to logits below 2^-100, 8e-31, and probabilities below 2^-90 of
 * the largest, are 0. The results are the same bits on both, whatever the number of threads. */
#ifndef MYRIAD_TOKENS_H
#define MYRIAD_TOKENS_H

#include "myriad/preference.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rows of logits and the sequences that they belong to. Arrays lie where the call's options say. */
typedef struct myr_tokens {
    size_t struct_size;
    uint64_t rows;       /* 1 … 2^31 - 1 */
    uint64_t vocabulary; /* 1 … 2^31 - 1 */
    myr_array labels;    /* [rows], MYR_I32 or MYR_I64; 0 … vocabulary - 1 in rows that count */
    const uint8_t *mask; /* [rows]: 0 where the row does not count; neither its label nor its logits are
                            read. NULL: all count */
    bool average; /* a sequence's log-probability is the mean over its rows that count, else the sum */
    uint64_t sequences; /* 1 … rows; each has a row that counts */
    myr_array starts; /* [sequences + 1], MYR_I32 or MYR_I64: sequence s is rows starts[s] … starts[s + 1] -
                         1; from 0 to rows. data NULL: all are equally long */
} myr_tokens;

#define MYR_TOKENS_INIT                                              \
    {                                                                \
        sizeof(myr_tokens), 0, 0, {NULL, MYR_I64}, NULL, false, 0, { \
            NULL, MYR_I64                                            \
        }                                                            \
    }
MYR_API void myr_tokens_default(myr_tokens *made, size_t struct_size);

/* From logits [rows][vocabulary] the log-probabilities of the sequences, [sequences], and of the rows,
 * [rows], 0 where a row does not count; MYR_F64 or MYR_F32; the data of either may be NULL. options and
 * report may be NULL. A row that is refused, and a sequence without a row that counts, is named in a
 * MYR_INVALID_DATA; other errors as of myr_loss_pairs. */
MYR_API myr_status myr_token_logps(myr_context *context, const myr_tokens *tokens, myr_array logits,
                                   const myr_compute_options *options, myr_array_out sequence_logps,
                                   myr_array_out row_logps, myr_report *report);

/* From the gradient of some loss to the log-probabilities of the sequences, [sequences], or of the rows,
 * [rows] (the data of the other is NULL; MYR_F64 or MYR_F32, finite; tokens->average is about sequences),
 * to its gradient to the logits, [rows][vocabulary], which is written over them (options and report may be
 * NULL; errors as above):
 *
 *     upstream_t ([j = label_t] - softmax(logits_t)_j)          0 in rows that do not count */
MYR_API myr_status myr_token_gradient(myr_context *context, const myr_tokens *tokens, myr_array_out logits,
                                      myr_array sequence_gradient, myr_array row_gradient,
                                      const myr_compute_options *options, myr_report *report);

/* What a loss on pairs needs besides: sequences 0 … pairs - 1 are the chosen answers, sequences pairs …
 * 2 pairs - 1 the rejected ones. MYR_F64 or MYR_F32. */
typedef struct myr_token_pairs {
    size_t struct_size;
    myr_array reference; /* [2 pairs]: the reference's log-probabilities of the sequences, sums or means as
                            tokens->average says; not read if the loss is reference-free */
    myr_array weight;    /* [pairs], as in myr_pairs; data NULL: all 1 */
} myr_token_pairs;

#define MYR_TOKEN_PAIRS_INIT                        \
    {                                               \
        sizeof(myr_token_pairs), {NULL, MYR_F64}, { \
            NULL, MYR_F64                           \
        }                                           \
    }
MYR_API void myr_token_pairs_default(myr_token_pairs *made, size_t struct_size);

/* Any loss of the list on pairs of token sequences: metrics, the sequences' log-probabilities, [sequences]
 * of MYR_F64 or MYR_F32, unless sequence_logps.data is NULL, and, if write_gradient, the loss's gradient to
 * the logits, written over them. Unless tokens->average is set, losses that take lengths (ipo,
 * sigmoid_norm, sft) get the numbers of rows that count. loss, options, metrics and report may be NULL;
 * errors as above and of myr_loss_pairs. The logits are read once, and once more for the
 * gradient; the numbers of the rows and of the sequences pass through the host. */
MYR_API myr_status myr_loss_tokens(myr_context *context, const myr_loss_options *loss,
                                   const myr_tokens *tokens, const myr_token_pairs *pairs,
                                   myr_array_out logits, bool write_gradient,
                                   const myr_compute_options *options, myr_array_out sequence_logps,
                                   myr_loss_metrics *metrics, myr_report *report);

/* The last layer of a language model: logits = hidden times the transposed matrix. */
typedef struct myr_head {
    size_t struct_size;
    uint64_t width;     /* of a hidden state, 1 … 2^31 - 1 */
    myr_array hidden;   /* [rows][width], MYR_F32, MYR_BF16 or MYR_F16; for the reference also MYR_F64 */
    myr_array matrix;   /* [vocabulary][width], likewise, of the same type or another */
    double chunk_bytes; /* of logits that are there at a time: at least one row's. 0: 2^26 */
} myr_head;

#define MYR_HEAD_INIT \
    { sizeof(myr_head), 0, {NULL, MYR_F32}, {NULL, MYR_F32}, 0.0 }
MYR_API void myr_head_default(myr_head *made, size_t struct_size);

/* As myr_loss_tokens, from hidden states: the loss's gradients to the hidden states, [rows][width], and
 * to the matrix, [vocabulary][width], MYR_F32 (for the reference also MYR_F64), whatever the types of
 * these; both data NULL: none. cpu and cuda multiply floats: those of a narrower matrix are made of it a
 * tile at a time. Their logits must be finite: hidden states and matrix have no place for -inf, whose
 * product with a gradient of 0 is none. They are never there as a whole, but in chunks of rows. Pairs
 * whose rows fit a chunk together are done in one go, three matrix products as with stored logits. Where
 * one does not, and for losses that need the whole batch before any gradient (bco_pair with the batch's
 * own shift, aot, aot_unpaired), the chunks' logits are made a second time: four products. cpu and cuda
 * agree to rounding, for the products are those of BLAS and cuBLAS; each repeats to the bit, whatever the
 * number of threads.
 *
 * Hidden states and matrix that are both MYR_BF16, or both MYR_F16, cuda multiplies as they are, by
 * tensor cores, with sums in float; slopes are then three numbers of that type together, which lose
 * nothing of them but, of MYR_F16, what is below 2^-61 of the largest. With options->math "fast" it takes
 * the first of the three alone, which is within 2^-8 of a slope (MYR_F16: 2^-11), and of floats 11 bits
 * each (TF32). MYR_BF16 and TF32 need compute capability 8.0; below it floats are multiplied. Each of the
 * three reads and writes the matrix's whole gradient, once a chunk, and takes half the room of a chunk's
 * logits. */
MYR_API myr_status myr_loss_head(myr_context *context, const myr_loss_options *loss,
                                 const myr_tokens *tokens, const myr_token_pairs *pairs,
                                 const myr_head *head, const myr_compute_options *options,
                                 myr_array_out hidden_gradient, myr_array_out matrix_gradient,
                                 myr_array_out sequence_logps, myr_loss_metrics *metrics,
                                 myr_report *report);

#ifdef __cplusplus
}
#endif
#endif
