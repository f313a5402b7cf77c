/* The losses on one pair in double, from the formulas of docs/mathematics.md, section 20, for the reference. */
#ifndef MYRIAD_REFERENCE_LOSS_H
#define MYRIAD_REFERENCE_LOSS_H

#include "backends/loss.h"

/* A loss and its slopes in w and l; of a loss of the margin, slope_w is the slope in the margin. */
typedef struct myr_reference_value {
    double loss, slope_w, slope_l;
} myr_reference_value;

/* Of w and l, or where the loss takes the policy only, of the policy's log-probabilities. The loss is
 * pointwise; its shift is known. Losses of the margin divide the two by the lengths, which are 1 for none. */
myr_reference_value myr_reference_pair(const myr_loss *loss, double w, double l, double length_w,
                                       double length_l);

/* Of the margin, for losses that depend on it alone; slope_l is 0. */
myr_reference_value myr_reference_margin(const myr_loss *loss, double margin);

#endif
