/* The cpu backend's reductions over tokens. …_on runs one on a given copy of the loops: verification
 * compares them. */
#ifndef MYRIAD_CPU_TOKENS_H
#define MYRIAD_CPU_TOKENS_H

#include "backends/token_jobs.h"
#include "cpu/cpu_isa.h"
#include "token_lanes.h"

/* Those of this backend's record. */
extern const myr_token_reductions myr_cpu_tokens;

myr_status myr_cpu_rows_on(myr_context *context, const myr_lanes_isa *isa, const myr_row_job *job,
                           myr_row_result *results);
myr_status myr_cpu_gradient_on(myr_context *context, const myr_lanes_isa *isa, const myr_row_job *job,
                               const myr_row_result *results, const double *upstream);

myr_status myr_cpu_head_begin(myr_context *context, const myr_head_job *job, void **work);
myr_status myr_cpu_head_forward(myr_context *context, void *work, const uint64_t *rows, uint64_t count,
                                myr_row_result *results);
myr_status myr_cpu_head_backward(myr_context *context, void *work, const uint64_t *rows, uint64_t count,
                                 const myr_row_result *results, const double *upstream);
void myr_cpu_head_end(void *work);

myr_status myr_cpu_policy_tokens(myr_context *context, const myr_policy_job *job, double *tokens);
myr_status myr_cpu_policy_on(myr_context *context, const myr_lanes_isa *isa, const myr_policy_job *job,
                             myr_policy_sums *sums);
myr_status myr_cpu_policy(myr_context *context, const myr_policy_job *job, myr_policy_sums *sums);

#endif
