#include "where.h"

#include <string.h>

#include "ground/failure.h"
#include "ground/threads.h"

const char *myr_math_of(const myr_backend *backend, bool fast) {
    return backend->doubles ? "double" : fast && backend->fast ? "fast" : "exact";
}

static myr_status check(myr_context *context, const myr_asked *asked) {
    if (asked->math && strcmp(asked->math, "exact") != 0 && strcmp(asked->math, "fast") != 0)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "math: unknown arithmetic '%s' (expected exact or fast)", asked->math);
    if (asked->memory != MYR_HOST && asked->memory != MYR_DEVICE)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "memory: %d is out of range (expected host or device)", (int)asked->memory);
    if (asked->memory == MYR_HOST && asked->stream)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "stream: host memory takes none (expected NULL)");
    return myr_threads_check(context, asked->threads);
}

myr_status myr_where_find(myr_context *context, const myr_asked *asked, myr_compute *where,
                          myr_report *report) {
    myr_report nobody = {0};
    report = report ? report : &nobody;
    myr_status status = check(context, asked);
    if (status == MYR_OK)
        status = myr_backend_resolve_memory(context, asked->backend, asked->device,
                                            asked->memory == MYR_DEVICE, &where->backend, report->note);
    if (status != MYR_OK)
        return status;
    const myr_backend *backend = where->backend;
    *where = (myr_compute){.backend = backend,
                           .fast = asked->math && strcmp(asked->math, "fast") == 0,
                           .threads = myr_resolve_threads(asked->threads),
                           .device = asked->device,
                           .memory = asked->memory,
                           .stream = asked->stream};
    report->backend = backend->name;
    report->math = myr_math_of(backend, where->fast);
    backend->describe(where->device, where->threads, report->device, sizeof report->device);
    return MYR_OK;
}
