#include "token_batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "losses/array_rules.h"
#include "token_arrays.h"

enum { MOST = 2147483647 };

static myr_status check_tokens(myr_context *context, const myr_tokens *tokens) {
    myr_status status = myr_check_count(context, "tokens", "rows", tokens->rows, MOST);
    if (status == MYR_OK)
        status = myr_check_count(context, "tokens", "vocabulary", tokens->vocabulary, MOST);
    if (status == MYR_OK)
        status = myr_check_count(context, "tokens", "sequences", tokens->sequences, tokens->rows);
    const myr_array *labels = &tokens->labels, *starts = &tokens->starts;
    const myr_array_rule rules[] = {
        {"labels", labels->data, labels->type, true, myr_is_integer(labels->type), "i32 or i64"},
        {"starts", starts->data, starts->type, false, myr_is_integer(starts->type), "i32 or i64"},
    };
    if (status == MYR_OK)
        status = myr_check_arrays(context, "tokens", rules, 2);
    if (status == MYR_OK && !tokens->starts.data && tokens->rows % tokens->sequences != 0)
        status =
            myr_fail(context, MYR_INVALID_ARGUMENT,
                     "tokens: %llu rows are no multiple of %llu sequences (expected starts, or sequences "
                     "of one length)",
                     (unsigned long long)tokens->rows, (unsigned long long)tokens->sequences);
    return status;
}

static myr_status read_starts(myr_context *context, myr_token_batch *batch) {
    const myr_tokens *tokens = batch->tokens;
    const uint64_t sequences = tokens->sequences, each = tokens->rows / sequences;
    for (uint64_t s = 0; s <= sequences; s++)
        batch->starts[s] = s * each;
    if (!tokens->starts.data)
        return MYR_OK;
    double *starts = malloc((size_t)(sequences + 1) * sizeof *starts);
    if (!starts)
        return myr_fail_memory(context, (size_t)(sequences + 1) * sizeof *starts);
    myr_status status = myr_fetch(context, &batch->compute, tokens->starts, 0, sequences + 1, starts);
    for (uint64_t s = 0; status == MYR_OK && s <= sequences; s++) {
        double low = s == 0 ? 0.0 : starts[s - 1], high = (double)tokens->rows;
        if (s == 0)
            high = 0.0;
        if (s == sequences)
            low = high;
        if (!(starts[s] >= low && starts[s] <= high))
            status = myr_fail(context, MYR_INVALID_DATA, "starts[%llu] is %.0f (expected %.0f … %.0f)",
                              (unsigned long long)s, starts[s], low, high);
        else
            batch->starts[s] = (uint64_t)starts[s];
    }
    free(starts);
    return status;
}

static myr_status count_rows(myr_context *context, myr_token_batch *batch) {
    const myr_tokens *tokens = batch->tokens;
    myr_status status = MYR_OK;
    if (tokens->mask) {
        batch->mask = malloc((size_t)tokens->rows);
        if (!batch->mask)
            return myr_fail_memory(context, (size_t)tokens->rows);
        status = myr_fetch_bytes(context, &batch->compute, tokens->mask, tokens->rows, batch->mask);
    }
    for (uint64_t s = 0; status == MYR_OK && s < tokens->sequences; s++) {
        uint64_t counted = 0;
        for (uint64_t row = batch->starts[s]; row < batch->starts[s + 1]; row++)
            counted += !batch->mask || batch->mask[row];
        batch->lengths[s] = (double)counted;
        if (counted == 0)
            status = myr_fail(
                context, MYR_INVALID_DATA, "sequence %llu: none of its %llu rows counts (expected one)",
                (unsigned long long)s, (unsigned long long)(batch->starts[s + 1] - batch->starts[s]));
    }
    return status;
}

myr_status myr_token_batch_make(myr_context *context, const myr_tokens *tokens, const myr_compute *compute,
                                myr_token_batch *batch) {
    memset(batch, 0, sizeof *batch);
    myr_status status = check_tokens(context, tokens);
    if (status != MYR_OK)
        return status;
    const size_t rows = (size_t)tokens->rows, sequences = (size_t)tokens->sequences;
    batch->tokens = tokens;
    batch->compute = *compute;
    batch->starts = malloc((sequences + 1) * sizeof *batch->starts);
    batch->lengths = malloc(sequences * sizeof *batch->lengths);
    batch->logps = malloc(sequences * sizeof *batch->logps);
    batch->upstream = malloc(rows * sizeof *batch->upstream);
    batch->results = malloc(rows * sizeof *batch->results);
    if (!batch->starts || !batch->lengths || !batch->logps || !batch->upstream || !batch->results)
        return myr_fail_memory(context, rows * (sizeof *batch->results + sizeof *batch->upstream));
    status = read_starts(context, batch);
    return status == MYR_OK ? count_rows(context, batch) : status;
}

void myr_token_batch_destroy(myr_token_batch *batch) {
    free(batch->starts);
    free(batch->mask);
    free(batch->lengths);
    free(batch->logps);
    free(batch->upstream);
    free(batch->results);
}

bool myr_token_batch_bad(const myr_token_batch *batch, uint64_t first, uint64_t count, uint64_t *bad) {
    for (uint64_t row = first; row < first + count; row++) {
        if (batch->results[row].state > MYR_ROW_MASKED) {
            *bad = row;
            return true;
        }
    }
    return false;
}

static myr_status refuse_logit(myr_context *context, const myr_token_batch *batch, myr_array logits,
                               uint64_t row) {
    const uint64_t vocabulary = batch->tokens->vocabulary;
    if (!logits.data)
        return myr_fail(
            context, MYR_INVALID_DATA,
            "row %llu: a logit, of hidden state and matrix, is out of range (expected finite, at "
            "most 65536)",
            (unsigned long long)row);
    double *x = malloc((size_t)vocabulary * sizeof *x);
    if (!x)
        return myr_fail_memory(context, (size_t)vocabulary * sizeof *x);
    myr_status status = myr_fetch(context, &batch->compute, logits, row * vocabulary, vocabulary, x);
    uint64_t j = 0;
    while (status == MYR_OK && j + 1 < vocabulary && x[j] <= 65536.0)
        j++;
    if (status == MYR_OK)
        status = myr_fail(context, MYR_INVALID_DATA,
                          "row %llu: logit %llu is %g (expected at most 65536; -inf has probability 0)",
                          (unsigned long long)row, (unsigned long long)j, x[j]);
    free(x);
    return status;
}

myr_status myr_token_batch_refuse(myr_context *context, const myr_token_batch *batch, myr_array logits,
                                  uint64_t row) {
    double label;
    if (batch->results[row].state == MYR_ROW_BAD_LOGIT)
        return refuse_logit(context, batch, logits, row);
    myr_status status = myr_fetch(context, &batch->compute, batch->tokens->labels, row, 1, &label);
    if (status != MYR_OK)
        return status;
    if (batch->results[row].state == MYR_ROW_BAD_CHOICE)
        return myr_fail(context, MYR_INVALID_DATA,
                        "row %llu: the logit of its label %.0f is below -65536: it has no probability",
                        (unsigned long long)row, label);
    return myr_fail(context, MYR_INVALID_DATA, "row %llu: label %.0f is out of range (expected 0 … %llu)",
                    (unsigned long long)row, label, (unsigned long long)batch->tokens->vocabulary - 1);
}

void myr_token_batch_add(myr_token_batch *batch, uint64_t sequence) {
    double sum = 0.0;
    for (uint64_t row = batch->starts[sequence]; row < batch->starts[sequence + 1]; row++)
        if (!batch->mask || batch->mask[row])
            sum += batch->results[row].logp;
    batch->logps[sequence] = batch->tokens->average ? sum / batch->lengths[sequence] : sum;
}

void myr_token_batch_spread(myr_token_batch *batch, uint64_t sequence, double gradient) {
    if (batch->tokens->average)
        gradient /= batch->lengths[sequence];
    for (uint64_t row = batch->starts[sequence]; row < batch->starts[sequence + 1]; row++)
        batch->upstream[row] = gradient;
}
