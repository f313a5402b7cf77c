/* Sessions on a device: what each call opens. What is dear to make stays with the context from call to call. */
#ifndef MYRIAD_CUDA_SESSION_H
#define MYRIAD_CUDA_SESSION_H

#include <cuda_runtime_api.h>
#include <stdbool.h>

#include "myriad/context.h"

/* An array of the host's that a caller holds on the device, so many times: it has the same numbers there. */
typedef struct myr_cuda_held {
    const void *data;
    size_t bytes;
    void *d_data;
    unsigned holds;
    struct myr_cuda_held *next;
} myr_cuda_held;

/* What a context keeps of a device. */
typedef struct myr_cuda_room {
    int device;
    cudaStream_t stream;
    cudaMemPool_t pool; /* NULL where the device has none: then memory is the driver's own */
    struct myr_cuda_products *products; /* NULL until they are needed (cuda_product.h) */
    myr_cuda_held *held;
    struct myr_cuda_room *next;
} myr_cuda_room;

/* A device chosen for the calling thread, and a stream on it: the room's, or a caller's. */
typedef struct myr_cuda_session {
    int previous; /* the thread's device before */
    cudaStream_t stream;
    myr_cuda_room *room;
    bool own_room; /* without a context the room is the session's */
} myr_cuda_session;

/* The device is one of the machine's. close waits for the stream, and chooses the device before again if the process uses it; it
 * takes what open has left when it failed. */
myr_status myr_cuda_open(myr_context *context, int device, myr_cuda_session *session);
void myr_cuda_close(myr_cuda_session *session);

#endif
