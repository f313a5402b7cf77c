/* A batch of pairs for the suites that reduce it. Include after criterion.h. */
#ifndef MYRIAD_TEST_PAIRS_BATCH_H
#define MYRIAD_TEST_PAIRS_BATCH_H

#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { MOST = 20000 };

/* A batch in double, columns of [MOST], and what comes of it. */
typedef struct batch {
    myr_context *context;
    myr_loss_options loss;
    myr_compute_options options;
    uint64_t count;
    double policy[2][MOST], reference[2][MOST], weight[MOST], length[2][MOST];
    bool weighted, lengths, gradients;
    double gradient[2][MOST];
    myr_loss_metrics metrics;
    myr_report report;
} batch;

static inline batch *new_batch(const char *backend) {
    batch *b = calloc(1, sizeof *b);
    cr_assert_not_null(b);
    b->context = new_context();
    b->loss = (myr_loss_options)MYR_LOSS_OPTIONS_INIT;
    b->options = (myr_compute_options)MYR_COMPUTE_OPTIONS_INIT;
    b->options.backend = backend;
    b->gradients = true;
    need_backend(b->context, backend);
    return b;
}

static inline void free_batch(batch *b) {
    myr_context_destroy(b->context);
    free(b);
}

static inline myr_array column(const double *data) {
    return (myr_array){data, MYR_F64};
}

static inline myr_status run_batch(batch *b) {
    myr_pairs pairs = MYR_PAIRS_INIT;
    pairs.count = b->count;
    pairs.policy_chosen = column(b->policy[0]);
    pairs.policy_rejected = column(b->policy[1]);
    pairs.reference_chosen = column(b->reference[0]);
    pairs.reference_rejected = column(b->reference[1]);
    if (b->weighted)
        pairs.weight = column(b->weight);
    if (b->lengths) {
        pairs.chosen_length = column(b->length[0]);
        pairs.rejected_length = column(b->length[1]);
    }
    memset(b->gradient, 0xff, sizeof b->gradient);
    memset(&b->metrics, 0xff, sizeof b->metrics);
    b->metrics.struct_size = sizeof b->metrics;
    b->report = (myr_report)MYR_REPORT_INIT;
    myr_array_out none = {NULL, MYR_F64};
    return myr_loss_pairs(b->context, &b->loss, &pairs, &b->options,
                          b->gradients ? (myr_array_out){b->gradient[0], MYR_F64} : none,
                          b->gradients ? (myr_array_out){b->gradient[1], MYR_F64} : none, &b->metrics,
                          &b->report);
}

static inline double uniform(uint64_t *state) {
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

/* Log-probabilities of answers of 1 … 40 tokens, near the reference's. */
static inline void fill_batch(batch *b, uint64_t count, uint64_t seed) {
    b->count = count;
    for (uint64_t i = 0; i < count; i++) {
        for (int c = 0; c < 2; c++) {
            b->length[c][i] = 1.0 + floor(40.0 * uniform(&seed));
            b->reference[c][i] = -b->length[c][i] * (0.2 + 2.0 * uniform(&seed));
            b->policy[c][i] = b->reference[c][i] + 12.0 * (uniform(&seed) - 0.5);
        }
        b->weight[i] = 2.0 * uniform(&seed);
    }
}

#endif
