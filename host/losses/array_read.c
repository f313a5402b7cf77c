#include "array_read.h"

#include <stdlib.h>

#include "element.h"
#include "ground/failure.h"

static void read_host(myr_array array, uint64_t first, uint64_t count, double *values) {
    for (uint64_t i = 0; i < count; i++)
        values[i] = myr_element(array, first + i);
}

myr_status myr_array_read(myr_context *context, const myr_compute *compute, myr_array array, uint64_t first,
                          uint64_t count, double *values) {
    if (compute->memory == MYR_DEVICE) {
        const size_t size = myr_dtype_size(array.type);
        void *copy = malloc(count * size);
        if (!copy)
            return myr_fail_memory(context, count * size);
        myr_status status = compute->backend->read(
            context, compute, (const char *)array.data + first * size, count * size, copy);
        if (status == MYR_OK)
            read_host((myr_array){copy, array.type}, 0, count, values);
        free(copy);
        return status;
    }
    read_host(array, first, count, values);
    return MYR_OK;
}
