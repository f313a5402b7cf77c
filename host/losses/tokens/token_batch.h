/* A batch of token rows as the public calls work on it: checked, with the sequences' numbers on the host.
 */
#ifndef MYRIAD_TOKEN_BATCH_H
#define MYRIAD_TOKEN_BATCH_H

#include "backends/token_jobs.h"
#include "myriad/tokens.h"

typedef struct myr_token_batch {
    const myr_tokens *tokens;
    myr_compute compute;
    uint64_t *starts;        /* [sequences + 1] */
    uint8_t *mask;           /* [rows], or NULL */
    double *lengths;         /* [sequences]: rows that count */
    double *logps;           /* [sequences] */
    double *upstream;        /* [rows] */
    myr_row_result *results; /* [rows] */
} myr_token_batch;

/* Checks the description, fetches the starts, and counts by the mask. Destroy also after a failure. */
myr_status myr_token_batch_make(myr_context *context, const myr_tokens *tokens, const myr_compute *compute,
                                myr_token_batch *batch);
void myr_token_batch_destroy(myr_token_batch *batch);

/* Whether rows first … first + count - 1 have been refused. *bad is the first that was. */
bool myr_token_batch_bad(const myr_token_batch *batch, uint64_t first, uint64_t count, uint64_t *bad);

/* Says why; logits (data NULL: not at hand) are looked at for the number. */
myr_status myr_token_batch_refuse(myr_context *context, const myr_token_batch *batch, myr_array logits,
                                  uint64_t row);

/* The log-probability of a sequence, from its rows' results. */
void myr_token_batch_add(myr_token_batch *batch, uint64_t sequence);

/* Upstream of a sequence's rows, from the gradient to its log-probability. */
void myr_token_batch_spread(myr_token_batch *batch, uint64_t sequence, double gradient);

#endif
