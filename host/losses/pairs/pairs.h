/* Parts of the reduction over pairs. */
#ifndef MYRIAD_PAIRS_PARTS_H
#define MYRIAD_PAIRS_PARTS_H

#include "backends/reductions.h"

/* Losses that pair the sorted columns of a batch (AOT), by way of the reduction over pairs; as the backends' pairs. */
myr_status myr_sorted_pairs(myr_context *context, const myr_backend *backend, const myr_pair_job *job,
                            myr_pair_sums *sums, uint64_t *bad);

/* What is wrong with a row of a batch: fails with the row, the column and the value. */
myr_status myr_fail_pair(myr_context *context, const myr_pair_job *job, uint64_t row);

#endif
