/* A loss as the backends get it: names resolved, options checked. */
#ifndef MYRIAD_LOSS_H
#define MYRIAD_LOSS_H

#include "loss_list.h"
#include "myriad/preference.h"

#define MYR_LOSS_ENUM(name, traits, help) MYR_LOSS_##name,
typedef enum myr_loss_kind {
    MYR_LOSS_LIST(MYR_LOSS_ENUM) MYR_POINTWISE_LOSSES,
    MYR_LOSS_BEFORE_SORTED = MYR_POINTWISE_LOSSES - 1,
    MYR_SORTED_LOSS_LIST(MYR_LOSS_ENUM) MYR_LOSSES
} myr_loss_kind;
#undef MYR_LOSS_ENUM

#define MYR_DIVERGENCE_ENUM(name, help) MYR_DIVERGENCE_##name,
typedef enum myr_divergence { MYR_DIVERGENCE_LIST(MYR_DIVERGENCE_ENUM) MYR_DIVERGENCES } myr_divergence;
#undef MYR_DIVERGENCE_ENUM

typedef struct myr_loss {
    myr_loss_kind kind;
    unsigned traits;
    myr_divergence divergence;
    double beta;
    double smoothing; /* of exo_pair never 0 */
    bool reference_free;
    double alpha, tau;
    double shift; /* NaN: to be taken from the batch */
} myr_loss;

/* Checks the options and resolves their names. */
myr_status myr_loss_make(myr_context *context, const myr_loss_options *options, myr_loss *loss);

#endif
