/* Memory of a session's device, in the order of its stream. */
#ifndef MYRIAD_CUDA_MEMORY_H
#define MYRIAD_CUDA_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "cuda_session.h"

/* Of the room's pool: *memory is NULL on failure; release takes NULL. */
myr_status myr_cuda_allocate(myr_context *context, const myr_cuda_session *session, size_t bytes,
                             void **memory);
void myr_cuda_release(const myr_cuda_session *session, void *memory);

/* Bytes that large arrays may take: what is free, but for a sixteenth of the device, which is left to cuBLAS and others. */
myr_status myr_cuda_available_bytes(myr_context *context, const myr_cuda_session *session, size_t *bytes);

/* As myr_device_memory. */
myr_status myr_cuda_device_memory(myr_context *context, int device, uint64_t *used, uint64_t *peak);

/* Memory filled from `from`; to be released, too, where the copy alone has failed. */
myr_status myr_cuda_allocate_copy(myr_context *context, const myr_cuda_session *session, const void *from,
                                  size_t bytes, void **memory);

/* Floats: room for so many, and unless from is NULL filled from it. */
myr_status myr_cuda_place_floats(myr_context *context, const myr_cuda_session *session, const float *from,
                                 size_t count, float **d_floats);

/* Copies that are done on return. */
myr_status myr_cuda_upload(myr_context *context, const myr_cuda_session *session, void *d_to,
                           const void *from, size_t bytes);
myr_status myr_cuda_download(myr_context *context, const myr_cuda_session *session, void *to,
                             const void *d_from, size_t bytes);

#endif
