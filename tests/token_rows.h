/* Rows of logits for the suites of the reductions over tokens. Include after criterion.h. */
#ifndef MYRIAD_TEST_TOKEN_ROWS_H
#define MYRIAD_TEST_TOKEN_ROWS_H

#include "losses/element.h"
#include "support.h"

/* A batch: logits in double, exactly numbers of the type, and in the type. */
typedef struct rows_batch {
    myr_tokens tokens;
    myr_dtype type;
    size_t logits; /* rows * vocabulary */
    double *exact;
    void *typed;
    int64_t *labels, *starts;
    uint8_t *mask;
} rows_batch;

static inline double uniform(uint64_t *state) {
    return ((double)(next_random(state) >> 11) + 0.5) * 0x1p-53;
}

/* Logits of a standard deviation near `spread`, with peaks; ragged sequences, the first of one row; about
 * one row in five masked, but none of a sequence's first. */
static inline rows_batch make_rows(uint64_t *state, uint64_t sequences, uint64_t longest,
                                   uint64_t vocabulary, myr_dtype type, double spread) {
    rows_batch b = {.tokens = MYR_TOKENS_INIT, .type = type};
    b.starts = malloc((sequences + 1) * sizeof *b.starts);
    b.starts[0] = 0;
    for (uint64_t s = 0; s < sequences; s++)
        b.starts[s + 1] = b.starts[s] + 1 + (s == 0 ? 0 : (int64_t)(next_random(state) % longest));
    const uint64_t rows = (uint64_t)b.starts[sequences];
    b.logits = (size_t)(rows * vocabulary);
    b.exact = malloc(b.logits * sizeof *b.exact);
    b.typed = malloc(b.logits * myr_dtype_size(type));
    b.labels = malloc(rows * sizeof *b.labels);
    b.mask = malloc(rows);
    for (size_t i = 0; i < b.logits; i++) {
        double x = spread * (uniform(state) + uniform(state) + uniform(state) - 1.5) * 2.0;
        myr_element_store((myr_array_out){b.typed, type}, i, next_random(state) % 97 == 0 ? 3.0 * x : x);
        b.exact[i] = myr_element((myr_array){b.typed, type}, i);
    }
    for (uint64_t row = 0; row < rows; row++) {
        b.labels[row] = (int64_t)(next_random(state) % vocabulary);
        b.mask[row] = next_random(state) % 5 != 0 ? (uint8_t)(1 + next_random(state) % 255) : 0;
    }
    for (uint64_t s = 0; s < sequences; s++)
        b.mask[b.starts[s]] = 1;
    b.tokens.rows = rows;
    b.tokens.vocabulary = vocabulary;
    b.tokens.labels = (myr_array){b.labels, MYR_I64};
    b.tokens.mask = b.mask;
    b.tokens.sequences = sequences;
    b.tokens.starts = (myr_array){b.starts, MYR_I64};
    return b;
}

static inline void free_rows(rows_batch *b) {
    free(b->exact);
    free(b->typed);
    free(b->labels);
    free(b->starts);
    free(b->mask);
}

static inline double largest_logit(const rows_batch *b) {
    double largest = 0.0;
    for (size_t i = 0; i < b->logits; i++)
        largest = fmax(largest, fabs(b->exact[i]));
    return largest;
}

static inline myr_compute_options on_backend(const char *backend) {
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.backend = backend;
    return options;
}

/* All bits set: NaN in every type. */
static inline void *poisoned(size_t bytes) {
    void *memory = malloc(bytes);
    cr_assert_not_null(memory);
    return memset(memory, 0xff, bytes);
}

#endif
