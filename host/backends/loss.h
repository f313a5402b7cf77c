/* A loss as the backends get it: names resolved, options checked. */
#ifndef MYRIAD_LOSS_H
#define MYRIAD_LOSS_H

#include "loss_list.h"
#include "myriad/preference.h"

typedef struct myr_loss {
    myr_loss_kind kind;
    unsigned traits;
    myr_divergence divergence;
    double beta;
    double smoothing; /* of exo_pair never 0 */
    bool reference_free;
    double rate; /* of alpha_divergence: its coefficient less 1, not 0 */
    double tau;
    double shift; /* NaN: to be taken from the batch */
} myr_loss;

/* Checks the options, NULL for the defaults, and resolves their names. */
myr_status myr_loss_make(myr_context *context, const myr_loss_options *options, myr_loss *loss);

#endif
