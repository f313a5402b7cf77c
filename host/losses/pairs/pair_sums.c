#include "pair_sums.h"

#include <math.h>

#include "linear_shape.h"

double myr_tree_sum(const double *values, size_t count, size_t stride) {
    if (count == 0)
        return 0.0;
    if (count == 1)
        return values[0];
    size_t left = 1;
    while (2 * left < count)
        left *= 2;
    return myr_tree_sum(values, left, stride) + myr_tree_sum(values + left * stride, count - left, stride);
}

myr_margin_sums myr_margin_sums_make(const double *sums) {
    return (myr_margin_sums){.weight = sums[MYR_MARGIN_WEIGHT],
                             .loss = sums[MYR_MARGIN_LOSS],
                             .margin = sums[MYR_MARGIN_MARGIN],
                             .accurate = sums[MYR_MARGIN_ACCURATE]};
}

myr_loss_constants myr_loss_constants_make(const myr_loss *loss) {
    double s = loss->smoothing;
    double share = loss->kind == MYR_LOSS_robust ? 1.0 - 2.0 * s : 1.0;
    myr_loss_constants c = {.beta = (float)loss->beta,
                            .smoothed = (float)(s / share),
                            .target = (float)(0.5 / loss->beta),
                            .per_tau = (float)(1.0 / loss->tau),
                            .rate = (float)loss->rate,
                            .per_rate = (float)(1.0 / loss->rate)};
    if (loss->kind == MYR_LOSS_exo_pair) {
        c.log_kept = (float)log1p(-s);
        c.log_smoothed = (float)log(s);
        c.log_odds = (float)(log1p(-s) - log(s));
    }
    return c;
}
