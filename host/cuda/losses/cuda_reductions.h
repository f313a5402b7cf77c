/* The reductions of the cuda backend, and what they share: a device and a stream for arrays in either
 * memory. */
#ifndef MYRIAD_CUDA_REDUCTIONS_H
#define MYRIAD_CUDA_REDUCTIONS_H

#include "backends/reductions.h"
#include "cuda/cuda_backend.h"

myr_status myr_cuda_pairs(myr_context *context, const myr_pair_job *job, myr_pair_sums *sums,
                          uint64_t *bad);

myr_status myr_cuda_linear(myr_context *context, const myr_linear_job *job, myr_margin_sums *sums,
                           uint64_t *bad);
myr_status myr_cuda_many(myr_context *context, const myr_linear_job *job, myr_margin_sums *sums,
                         uint64_t *bad);
myr_status myr_cuda_rankings(myr_context *context, const myr_ranking_job *job, myr_ranking_sums *sums,
                             uint64_t *bad);

/* The device chosen, and the caller's stream with device memory, else one of its own. */
myr_status myr_cuda_enter(myr_context *context, const myr_compute *compute, myr_cuda_session *session);
void myr_cuda_leave(const myr_compute *compute, myr_cuda_session *session);

/* Device memory in the stream's order, so that other streams are left alone: *memory is NULL on failure;
 * myr_cuda_drop takes NULL. */
myr_status myr_cuda_scratch(myr_context *context, const myr_cuda_session *session, size_t bytes,
                            void **memory);
void myr_cuda_drop(const myr_cuda_session *session, void *memory);

/* Copies from and to device memory of the caller's. */
myr_status myr_cuda_read(myr_context *context, const myr_compute *compute, const void *d_from, size_t bytes,
                         void *to);
myr_status myr_cuda_write(myr_context *context, const myr_compute *compute, const void *from, size_t bytes,
                          void *d_to);

/* A read-only array on the device: the caller's own with device memory, else a copy, for the session to
 * drop. NULL data stays NULL. */
myr_status myr_cuda_place(myr_context *context, const myr_compute *compute, const myr_cuda_session *session,
                          const void *data, size_t bytes, const void **d_data, void **owned);

#endif
