/* Pairs of a log-linear policy for the suites that reduce them. Include after criterion.h. */
#ifndef MYRIAD_TEST_LINEAR_BATCH_H
#define MYRIAD_TEST_LINEAR_BATCH_H

#include "support.h"

enum { P_MOST = 4096 };

/* Pairs whose numbers depend on row and column, so that a wrong index shows. */
typedef struct batch {
    uint64_t n, p;
    float *delta;
    double *theta, *reference, *weight;
    myr_features features;
} batch;

static inline double uniform(uint64_t *state) {
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

static inline batch new_batch(uint64_t n, uint64_t p, bool columns, uint64_t seed) {
    batch b = {.n = n, .p = p, .features = MYR_FEATURES_INIT};
    b.delta = malloc(n * p * sizeof(float));
    b.theta = malloc(p * sizeof(double));
    b.reference = malloc(n * sizeof(double));
    b.weight = malloc(n * sizeof(double));
    for (uint64_t i = 0; i < n * p; i++)
        b.delta[i] = (float)(2.0 * uniform(&seed) - 0.9);
    for (uint64_t j = 0; j < p; j++)
        b.theta[j] = (double)(float)((2.0 * uniform(&seed) - 1.1) * 4.0 / sqrt((double)p));
    for (uint64_t i = 0; i < n; i++) {
        b.reference[i] = uniform(&seed) - 0.3;
        b.weight[i] = i % 5 == 2 ? 0.0 : (double)(float)(2.0 * uniform(&seed));
    }
    b.features.count = n;
    b.features.parameters = p;
    b.features.delta.data = b.delta;
    if (columns && n > 1) {
        b.features.reference_margin.data = b.reference;
        b.features.weight.data = b.weight;
    }
    return b;
}

static inline void free_batch(batch *b) {
    free(b->delta);
    free(b->theta);
    free(b->reference);
    free(b->weight);
}

static inline myr_status run_linear(myr_context *context, const batch *b, const myr_loss_options *loss,
                                    const char *backend, int threads, double *gradient,
                                    myr_linear_metrics *metrics) {
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.backend = backend;
    options.threads = threads;
    memset(metrics, 0xff, sizeof *metrics);
    for (uint64_t p = 0; gradient && p < b->p; p++)
        gradient[p] = NAN;
    return myr_loss_linear(context, loss, &b->features, (myr_array){b->theta, MYR_F64}, &options,
                           (myr_array_out){gradient, MYR_F64}, metrics, NULL);
}

#endif
