/* Whether a likelihood has a finite maximum. */
#ifndef MYRIAD_FIT_LINKED_H
#define MYRIAD_FIT_LINKED_H

#include "fit_model.h"

/* Strongly connected components of the digraph "was preferred to": component[i] numbers them, so that arcs
 * lead from higher to lower numbers, or stay. Returns how many, or 0 if out of memory. */
uint32_t myr_components(const myr_model *model, const double *weights, uint32_t *component);

typedef enum myr_bound { MYR_BOUNDED, MYR_UNLINKED, MYR_HOME_UNBOUNDED, MYR_BOUND_NO_MEMORY } myr_bound;

/* Whether there is a finite maximum without a ridge. */
myr_bound myr_model_bound(const myr_model *model, const double *weights);

/* Whether there is a direction without end in which home grows (h 1) or falls (h -1), of 1 and of -1. */
typedef struct myr_home_ways {
    bool up, down;
} myr_home_ways;

/* False if out of memory. */
bool myr_model_home_ways(const myr_model *model, const double *weights, myr_home_ways *ways);

/* MYR_OK, or the failure that names the items of the k-th part. */
myr_status myr_models_check(myr_context *context, const myr_outcomes *outcomes, const myr_models *models);

#endif
