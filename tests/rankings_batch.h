/* Ragged batches of rankings for the suites that reduce them. Include after criterion.h. */
#ifndef MYRIAD_TEST_RANKINGS_BATCH_H
#define MYRIAD_TEST_RANKINGS_BATCH_H

#include "losses/element.h"
#include "support.h"

/* A batch, its columns in some type, and what comes of it. */
typedef struct rankings_batch {
    myr_rankings rankings;
    size_t answers, count;
    int64_t *starts;
    void *log_probs, *reference; /* of rankings.log_probs.type */
    double *weight, *gradient;
    myr_ranking_metrics metrics;
} rankings_batch;

static inline double uniform(uint64_t *state) {
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

/* Rankings of 1 … longest answers, one of them of `longest`; rewards of a size near `spread`, in the order
 * of the ranking on the whole. */
static inline rankings_batch make_rankings(uint64_t *state, size_t count, size_t longest, myr_dtype type,
                                           double spread) {
    rankings_batch b = {.rankings = MYR_RANKINGS_INIT, .count = count, .metrics = MYR_RANKING_METRICS_INIT};
    b.starts = malloc((count + 1) * sizeof *b.starts);
    b.weight = malloc(count * sizeof *b.weight);
    b.starts[0] = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = i == count / 2 ? longest : 1 + next_random(state) % longest;
        b.starts[i + 1] = b.starts[i] + (int64_t)length;
        b.weight[i] = i % 5 == 1 ? 0.0 : 2.0 * uniform(state);
    }
    b.answers = (size_t)b.starts[count];
    b.log_probs = malloc(b.answers * myr_dtype_size(type));
    b.reference = malloc(b.answers * myr_dtype_size(type));
    b.gradient = malloc(b.answers * sizeof *b.gradient);
    for (size_t i = 0; i < count; i++)
        for (int64_t k = b.starts[i]; k < b.starts[i + 1]; k++) {
            const double place = (double)(k - b.starts[i]) / (double)longest, old = -50.0 * uniform(state);
            const double now = old + spread * (2.0 * uniform(state) - place);
            myr_element_store((myr_array_out){b.reference, type}, (uint64_t)k, old);
            myr_element_store((myr_array_out){b.log_probs, type}, (uint64_t)k, now);
        }
    b.rankings.beta = 0.7;
    b.rankings.answers = b.answers;
    b.rankings.count = count;
    b.rankings.starts = (myr_array){b.starts, MYR_I64};
    b.rankings.log_probs = (myr_array){b.log_probs, type};
    b.rankings.reference = (myr_array){b.reference, type};
    b.rankings.weight = (myr_array){b.weight, MYR_F64};
    return b;
}

static inline void free_rankings(rankings_batch *b) {
    free(b->starts);
    free(b->log_probs);
    free(b->reference);
    free(b->weight);
    free(b->gradient);
}

static inline myr_status run_rankings(myr_context *context, rankings_batch *b, const char *backend,
                                      int threads) {
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.backend = backend;
    options.threads = threads;
    memset(b->gradient, 0xff, b->answers * sizeof *b->gradient);
    memset(&b->metrics, 0xff, sizeof b->metrics);
    b->metrics.struct_size = sizeof b->metrics;
    return myr_loss_rankings(context, &b->rankings, &options, (myr_array_out){b->gradient, MYR_F64},
                             &b->metrics, NULL);
}

#endif
