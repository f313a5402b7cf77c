/* The reductions of the cpu backend; …_on runs one on a given copy of the loops: verification compares
 * them. */
#ifndef MYRIAD_CPU_REDUCTIONS_H
#define MYRIAD_CPU_REDUCTIONS_H

#include "backends/reductions.h"
#include "cpu/cpu_isa.h"

myr_status myr_cpu_pairs(myr_context *context, const myr_pair_job *job, myr_pair_sums *sums, uint64_t *bad);
myr_status myr_cpu_pairs_on(myr_context *context, const myr_lanes_isa *isa, const myr_pair_job *job,
                            myr_pair_sums *sums, uint64_t *bad);

myr_status myr_cpu_linear(myr_context *context, const myr_linear_job *job, myr_margin_sums *sums,
                          uint64_t *bad);
myr_status myr_cpu_linear_on(myr_context *context, const myr_lanes_isa *isa, const myr_linear_job *job,
                             myr_margin_sums *sums, uint64_t *bad);

myr_status myr_cpu_many(myr_context *context, const myr_linear_job *job, myr_margin_sums *sums,
                        uint64_t *bad);

myr_status myr_cpu_rankings(myr_context *context, const myr_ranking_job *job, myr_ranking_sums *sums,
                            uint64_t *bad);
myr_status myr_cpu_rankings_on(myr_context *context, const myr_lanes_isa *isa, const myr_ranking_job *job,
                               myr_ranking_sums *sums, uint64_t *bad);

#endif
