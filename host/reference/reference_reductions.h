/* The reductions of the reference. */
#ifndef MYRIAD_REFERENCE_REDUCTIONS_H
#define MYRIAD_REFERENCE_REDUCTIONS_H

#include "backends/reductions.h"

myr_status myr_reference_pairs(myr_context *context, const myr_pair_job *job, myr_pair_sums *sums,
                               uint64_t *bad);
myr_status myr_reference_linear(myr_context *context, const myr_linear_job *job, myr_margin_sums *sums,
                                uint64_t *bad);
myr_status myr_reference_many(myr_context *context, const myr_linear_job *job, myr_margin_sums *sums,
                              uint64_t *bad);
myr_status myr_reference_rankings(myr_context *context, const myr_ranking_job *job, myr_ranking_sums *sums,
                                  uint64_t *bad);

#endif
