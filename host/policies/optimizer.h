/* Steps down a gradient. */
#ifndef MYRIAD_OPTIMIZER_H
#define MYRIAD_OPTIMIZER_H

#include "myriad/policy.h"

typedef struct myr_optimizer {
    const myr_training_options *options;
    bool adam;
    size_t count;
    uint64_t steps;         /* made */
    double *first, *second; /* [count]: of adamw, means of gradients and of their squares */
} myr_optimizer;

/* Checks the options that are its own. The optimizer is all zero on failure. */
myr_status myr_optimizer_begin(myr_context *context, const myr_training_options *options, size_t count,
                               myr_optimizer *optimizer);
void myr_optimizer_step(myr_optimizer *optimizer, const double *gradient, double *parameters);
void myr_optimizer_end(myr_optimizer *optimizer);

#endif
