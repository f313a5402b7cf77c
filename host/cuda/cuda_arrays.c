/* Arrays of the reductions: the caller's own on the device, held ones, or copies. */
#include <stdlib.h>

#include "cuda/losses/cuda_reductions.h"
#include "ground/failure.h"

myr_status myr_cuda_enter(myr_context *context, const myr_compute *compute, myr_cuda_session *session) {
    myr_status status = myr_cuda_open(context, compute->device, session);
    if (status != MYR_OK || compute->memory == MYR_HOST)
        return status;
    session->stream = compute->stream;
    return MYR_OK;
}

myr_status myr_cuda_read(myr_context *context, const myr_compute *compute, const void *d_from, size_t bytes,
                         void *to) {
    myr_cuda_session session;
    myr_status status = myr_cuda_enter(context, compute, &session);
    if (status != MYR_OK)
        return status;
    status = myr_cuda_download(context, &session, to, d_from, bytes);
    myr_cuda_close(&session);
    return status;
}

myr_status myr_cuda_write(myr_context *context, const myr_compute *compute, const void *from, size_t bytes,
                          void *d_to) {
    myr_cuda_session session;
    myr_status status = myr_cuda_enter(context, compute, &session);
    if (status != MYR_OK)
        return status;
    status = myr_cuda_upload(context, &session, d_to, from, bytes);
    myr_cuda_close(&session);
    return status;
}

/* Where the room points to what holds the array, or would. */
static myr_cuda_held **place_of(myr_cuda_room *room, const void *data) {
    myr_cuda_held **place = &room->held;
    while (*place && (*place)->data != data)
        place = &(*place)->next;
    return place;
}

const void *myr_cuda_there(const myr_compute *compute, const myr_cuda_session *session, const void *data,
                           size_t bytes) {
    if (!data || compute->memory == MYR_DEVICE)
        return data;
    const myr_cuda_held *held = *place_of(session->room, data);
    return held && held->bytes == bytes ? held->d_data : NULL;
}

/* One that the device has no memory for is not held, but copied in parts by each reduction. */
static myr_status add_held(myr_context *context, const myr_cuda_session *session, const void *data,
                           size_t bytes) {
    size_t available = 0;
    myr_status status = myr_cuda_available_bytes(context, session, &available);
    if (status != MYR_OK || bytes > available)
        return status;
    myr_cuda_held *held = malloc(sizeof *held);
    if (!held)
        return myr_fail_memory(context, sizeof *held);
    *held = (myr_cuda_held){.data = data, .bytes = bytes, .holds = 1, .next = session->room->held};
    status = myr_cuda_allocate_copy(context, session, data, bytes, &held->d_data);
    if (status == MYR_OK) {
        session->room->held = held;
        return MYR_OK;
    }
    myr_cuda_release(session, held->d_data);
    free(held);
    return status;
}

myr_status myr_cuda_hold(myr_context *context, const myr_compute *compute, const void *data, size_t bytes) {
    myr_cuda_session session;
    myr_status status = myr_cuda_enter(context, compute, &session);
    if (status != MYR_OK)
        return status;
    myr_cuda_held *held = *place_of(session.room, data);
    if (held)
        held->holds++;
    else if (!session.own_room)
        status = add_held(context, &session, data, bytes);
    myr_cuda_close(&session);
    return status;
}

void myr_cuda_let_go(myr_context *context, const myr_compute *compute, const void *data) {
    myr_cuda_session session;
    if (myr_cuda_enter(context, compute, &session) != MYR_OK)
        return;
    myr_cuda_held **place = place_of(session.room, data), *held = *place;
    if (held && --held->holds == 0) {
        *place = held->next;
        myr_cuda_release(&session, held->d_data);
        free(held);
    }
    myr_cuda_close(&session);
}

myr_status myr_cuda_place(myr_context *context, const myr_compute *compute, const myr_cuda_session *session,
                          const void *data, size_t bytes, const void **d_data, void **owned) {
    *owned = NULL;
    *d_data = myr_cuda_there(compute, session, data, bytes);
    if (!data || *d_data)
        return MYR_OK;
    myr_status status = myr_cuda_allocate(context, session, bytes, owned);
    if (status == MYR_OK)
        status = myr_cuda_upload(context, session, *owned, data, bytes);
    *d_data = *owned;
    return status;
}
