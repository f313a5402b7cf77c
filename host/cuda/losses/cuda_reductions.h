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

/* The device chosen, and the caller's stream with device memory, else the room's. */
myr_status myr_cuda_enter(myr_context *context, const myr_compute *compute, myr_cuda_session *session);

/* Copies from and to device memory of the caller's. */
myr_status myr_cuda_read(myr_context *context, const myr_compute *compute, const void *d_from, size_t bytes,
                         void *to);
myr_status myr_cuda_write(myr_context *context, const myr_compute *compute, const void *from, size_t bytes,
                          void *d_to);

/* Where an array is on the device already: the caller's own with device memory, or held. NULL: it is not, or is NULL. */
const void *myr_cuda_there(const myr_compute *compute, const myr_cuda_session *session, const void *data,
                           size_t bytes);

/* As the record of backends has them. An array is known by where it begins. */
myr_status myr_cuda_hold(myr_context *context, const myr_compute *compute, const void *data, size_t bytes);
void myr_cuda_let_go(myr_context *context, const myr_compute *compute, const void *data);

/* A read-only array on the device: where it is there already, else a copy, for the session to
 * release. NULL data stays NULL. */
myr_status myr_cuda_place(myr_context *context, const myr_compute *compute, const myr_cuda_session *session,
                          const void *data, size_t bytes, const void **d_data, void **owned);

#endif
