#include "cuda_session.h"

#include <stdlib.h>
#include <string.h>

#include "cuda_backend.h"
#include "cuda_product.h"
#include "ground/failure.h"
#include "ground/kept.h"

/* Bytes that a pool keeps between calls at most, and the share of the device's memory. */
static const uint64_t most_kept = UINT64_C(2) << 30;
enum { SHARE_KEPT = 8 };

/* ---- the calling thread's device ---- */

#if CUDART_VERSION >= 12050
static bool find(const char *name, void *function) {
    void *found = NULL;
    enum cudaDriverEntryPointQueryResult result;
    (void)cudaGetDriverEntryPointByVersion(name, &found, 12000, cudaEnableDefault, &result);
    memcpy(function, &found,
           sizeof found); /* ISO C has no conversion; POSIX says that the bits are the same */
    return found != NULL;
}

/* From CUDA 12 on choosing a device starts it, which takes some hundred megabytes there: whether it has been. */
static bool is_started(int device) {
    int (*get)(int *handle, int device);
    int (*get_state)(int handle, unsigned *flags, int *active);
    int handle, active = 1;
    unsigned flags;
    if (!find("cuDeviceGet", &get) || !find("cuDevicePrimaryCtxGetState", &get_state) ||
        get(&handle, device) != 0)
        return true;
    return get_state(handle, &flags, &active) != 0 || active;
}
#else
static bool is_started(int device) {
    (void)device;
    return true;
}
#endif

static int chosen_device(void) {
    int device = -1;
    return cudaGetDevice(&device) == cudaSuccess ? device : -1;
}

static void choose_again(int device) {
    if (device >= 0 && is_started(device))
        (void)cudaSetDevice(device);
    (void)cudaGetLastError(); /* or the next call would report what was tried in vain */
}

/* ---- rooms ---- */

/* A pool of the context's own, so that the process' default pool stays as others have it. */
static cudaError_t make_pool(myr_cuda_room *room) {
    const struct cudaMemPoolProps props = {
        .allocType = cudaMemAllocationTypePinned,
        .location = {.type = cudaMemLocationTypeDevice, .id = room->device}};
    int has_pools = 0;
    size_t free_bytes = 0, bytes = 0;
    cudaError_t error = cudaDeviceGetAttribute(&has_pools, cudaDevAttrMemoryPoolsSupported, room->device);
    if (error != cudaSuccess || !has_pools)
        return error;
    error = cudaMemGetInfo(&free_bytes, &bytes);
    if (error == cudaSuccess)
        error = cudaMemPoolCreate(&room->pool, &props);
    if (error != cudaSuccess)
        return error;
    uint64_t kept = bytes / SHARE_KEPT < most_kept ? bytes / SHARE_KEPT : most_kept;
    return cudaMemPoolSetAttribute(room->pool, cudaMemPoolAttrReleaseThreshold, &kept);
}

static void room_end(myr_cuda_room *room) {
    const int previous = chosen_device();
    (void)cudaSetDevice(room->device);
    myr_cuda_products_stop(room->products);
    for (myr_cuda_held *held = room->held, *next; held; held = next) {
        next = held->next;
        (void)cudaFree(held->d_data);
        free(held);
    }
    if (room->pool)
        (void)cudaMemPoolDestroy(room->pool);
    if (room->stream)
        (void)cudaStreamDestroy(room->stream);
    free(room);
    choose_again(previous);
}

static void rooms_end(void *data) {
    for (myr_cuda_room *room = data, *next; room; room = next) {
        next = room->next;
        room_end(room);
    }
}

/* Of the calling thread's device. */
static myr_status room_begin(myr_context *context, int device, myr_cuda_room **room) {
    *room = calloc(1, sizeof **room);
    if (!*room)
        return myr_fail_memory(context, sizeof **room);
    (*room)->device = device;
    cudaError_t error = cudaStreamCreateWithFlags(&(*room)->stream, cudaStreamNonBlocking);
    if (error == cudaSuccess)
        error = make_pool(*room);
    const myr_status status = myr_cuda_check(context, error, "starting the GPU");
    if (status != MYR_OK)
        room_end(*room);
    return status;
}

static myr_status enter_room(myr_context *context, int device, myr_cuda_session *session) {
    myr_kept *kept = myr_context_kept(context);
    for (myr_cuda_room *room = kept ? kept->data : NULL; room; room = room->next)
        if (room->device == device) {
            session->room = room;
            return MYR_OK;
        }
    const myr_status status = room_begin(context, device, &session->room);
    if (status != MYR_OK) {
        session->room = NULL;
        return status;
    }
    session->own_room = !kept;
    if (kept) {
        session->room->next = kept->data;
        *kept = (myr_kept){session->room, rooms_end};
    }
    return MYR_OK;
}

/* ---- sessions ---- */

myr_status myr_cuda_open(myr_context *context, int device, myr_cuda_session *session) {
    *session = (myr_cuda_session){.previous = -1};
    myr_status status = myr_cuda_check_index(context, device);
    if (status != MYR_OK)
        return status;
    session->previous = chosen_device();
    status = myr_cuda_check(context, cudaSetDevice(device), "starting the GPU");
    if (status == MYR_OK)
        status = enter_room(context, device, session);
    if (status == MYR_OK)
        session->stream = session->room->stream;
    else
        myr_cuda_close(session);
    return status;
}

void myr_cuda_close(myr_cuda_session *session) {
    if (session->room)
        (void)cudaStreamSynchronize(session->stream); /* nothing of a call that failed goes on */
    if (session->own_room)
        room_end(session->room);
    choose_again(session->previous);
    *session = (myr_cuda_session){.previous = -1};
}
