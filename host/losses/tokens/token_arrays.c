#include "token_arrays.h"

#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "losses/element.h"

static myr_status fetch_from_device(myr_context *context, const myr_compute *compute, myr_array array,
                                    uint64_t first, uint64_t count, double *to) {
    size_t size = myr_dtype_size(array.type), bytes = (size_t)count * size;
    char *copy = malloc(bytes);
    if (!copy)
        return myr_fail_memory(context, bytes);
    const char *from = (const char *)array.data + (size_t)first * size;
    myr_status status = compute->backend->read(context, compute, from, bytes, copy);
    for (uint64_t i = 0; status == MYR_OK && i < count; i++)
        to[i] = myr_element((myr_array){copy, array.type}, i);
    free(copy);
    return status;
}

static myr_status put_on_device(myr_context *context, const myr_compute *compute, const double *from,
                                uint64_t count, myr_array_out array) {
    size_t bytes = (size_t)count * myr_dtype_size(array.type);
    char *copy = malloc(bytes);
    if (!copy)
        return myr_fail_memory(context, bytes);
    for (uint64_t i = 0; i < count; i++)
        myr_element_store((myr_array_out){copy, array.type}, i, from[i]);
    myr_status status = compute->backend->write(context, compute, copy, bytes, array.data);
    free(copy);
    return status;
}

myr_status myr_fetch(myr_context *context, const myr_compute *compute, myr_array array, uint64_t first,
                     uint64_t count, double *to) {
    if (compute->memory == MYR_DEVICE)
        return fetch_from_device(context, compute, array, first, count, to);
    for (uint64_t i = 0; i < count; i++)
        to[i] = myr_element(array, first + i);
    return MYR_OK;
}

myr_status myr_put(myr_context *context, const myr_compute *compute, const double *from, uint64_t count,
                   myr_array_out array) {
    if (!array.data)
        return MYR_OK;
    if (compute->memory == MYR_DEVICE)
        return put_on_device(context, compute, from, count, array);
    for (uint64_t i = 0; i < count; i++)
        myr_element_store(array, i, from[i]);
    return MYR_OK;
}

myr_status myr_fetch_bytes(myr_context *context, const myr_compute *compute, const uint8_t *from,
                           uint64_t count, uint8_t *to) {
    if (compute->memory == MYR_DEVICE)
        return compute->backend->read(context, compute, from, (size_t)count, to);
    memcpy(to, from, (size_t)count);
    return MYR_OK;
}
