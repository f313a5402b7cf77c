/* Losses that pair the sorted columns of a batch (AOT), by way of the reduction over pairs. */
#ifndef MYRIAD_SORTED_PAIRS_H
#define MYRIAD_SORTED_PAIRS_H

#include "backends/reductions.h"

/* As the reductions' pairs. */
myr_status myr_sorted_pairs(myr_context *context, const myr_backend *backend, const myr_pair_job *job,
                            myr_pair_sums *sums, uint64_t *bad);

#endif
