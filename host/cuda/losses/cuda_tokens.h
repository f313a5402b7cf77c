/* The cuda backend's reductions over tokens. */
#ifndef MYRIAD_CUDA_TOKENS_H
#define MYRIAD_CUDA_TOKENS_H

#include "backends/token_jobs.h"
#include "cuda_reductions.h"
#include "token_launch.h"

/* Those of this backend's record. */
extern const myr_token_reductions myr_cuda_tokens;

/* A copy on the device, for the session to drop. */
myr_status myr_cuda_copy(myr_context *context, const myr_cuda_session *session, const void *from,
                         size_t bytes, void **d_copy);

myr_status myr_cuda_head_begin(myr_context *context, const myr_head_job *job, void **work);
myr_status myr_cuda_head_forward(myr_context *context, void *work, const uint64_t *rows, uint64_t count,
                                 myr_row_result *results);
myr_status myr_cuda_head_backward(myr_context *context, void *work, const uint64_t *rows, uint64_t count,
                                  const myr_row_result *results, const double *upstream);
myr_status myr_cuda_head_finish(myr_context *context, void *work);
void myr_cuda_head_end(void *work);

myr_status myr_cuda_policy_tokens(myr_context *context, const myr_policy_job *job, double *tokens);
myr_status myr_cuda_policy(myr_context *context, const myr_policy_job *job, myr_policy_sums *sums);

#endif
