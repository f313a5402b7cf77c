/* What the reductions over tokens ask of a backend, already checked but for the numbers in the arrays. A
 * backend's table is a line in its record; what is per row or per sequence passes through the host,
 * what is per logit, hidden state or token does not. */
#ifndef MYRIAD_TOKEN_JOBS_H
#define MYRIAD_TOKEN_JOBS_H

#include "reductions.h"
#include "token_result.h"

/* Rows of logits. */
typedef struct myr_row_job {
    myr_compute compute;
    uint64_t rows, vocabulary;
    myr_array_out logits; /* [rows][vocabulary]; written by the gradient alone */
    myr_array labels;     /* [rows], MYR_I32 or MYR_I64 */
    const uint8_t *mask;  /* [rows], 0: the row does not count; or NULL */
} myr_row_job;

/* Hidden states times the transposed output matrix: logits, a chunk of rows at a time. */
typedef struct myr_head_job {
    myr_compute compute;
    uint64_t rows, vocabulary, width;
    myr_array hidden;              /* [rows][width] */
    myr_array matrix;              /* [vocabulary][width] */
    myr_array labels;              /* as above */
    myr_array_out hidden_gradient; /* [rows][width]; NULL, as matrix_gradient is then, for no gradients */
    myr_array_out matrix_gradient; /* [vocabulary][width] */
    uint64_t chunk_rows;           /* rows of a chunk at most */
} myr_head_job;

/* Tokens of sequences, for RLVR. */
typedef struct myr_policy_job {
    myr_compute compute;
    uint64_t sequences;
    const uint64_t *starts;             /* on the host, [sequences + 1]: of tokens, ascending from 0 */
    myr_array log_probs, old_log_probs; /* [tokens], of one type */
    const uint8_t *mask;                /* [tokens], or NULL */
    double cap;                         /* ratios are at most this */
    const double *advantage;            /* on the host, [sequences] */
    const double *scale;    /* likewise: the gradient's factor; where 0 its tokens are not read */
    myr_array_out gradient; /* [tokens], MYR_F64 or MYR_F32; or NULL */
} myr_policy_job;

typedef struct myr_token_reductions {
    /* The rows' results, on the host. */
    myr_status (*rows)(myr_context *context, const myr_row_job *job, myr_row_result *results);
    /* Writes upstream, [rows] on the host, times the gradient of each row's log-probability over its
     * logits; 0 where the row does not count. */
    myr_status (*gradient)(myr_context *context, const myr_row_job *job, const myr_row_result *results,
                           const double *upstream);

    /* A head: begin allocates a chunk and sets the gradients to 0. forward makes the logits of the rows
     * listed, which count, and their results. backward takes the gradients of the log-probabilities of
     * those rows, the ones that forward had last, times upstream, to the hidden states, and adds them to
     * the matrix's; their logits are gone then. finish brings the gradients to where the job wants them;
     * NULL: they are there. end takes NULL. */
    myr_status (*head_begin)(myr_context *context, const myr_head_job *job, void **work);
    myr_status (*head_forward)(myr_context *context, void *work, const uint64_t *rows, uint64_t count,
                               myr_row_result *results);
    myr_status (*head_backward)(myr_context *context, void *work, const uint64_t *rows, uint64_t count,
                                const myr_row_result *results, const double *upstream);
    myr_status (*head_finish)(myr_context *context, void *work);
    void (*head_end)(void *work);

    /* Tokens that count in each sequence, [sequences]; called only if there is a mask. */
    myr_status (*policy_tokens)(myr_context *context, const myr_policy_job *job, double *tokens);
    /* Sums, [sequences], and the gradient, scale min(ratio, cap) advantage; 0 where a token does not count.
     */
    myr_status (*policy)(myr_context *context, const myr_policy_job *job, myr_policy_sums *sums);
} myr_token_reductions;

#endif
