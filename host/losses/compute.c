/* What the calls on preferences have in common: the arrays' elements, the options, the choice of a backend.
 */
#include "myriad/compute.h"

#include <string.h>

#include "backends/reductions.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "ground/threads.h"

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {[MYR_F64] = {"f64", 8}, [MYR_F32] = {"f32", 4}, [MYR_BF16] = {"bf16", 2},
              [MYR_F16] = {"f16", 2}, [MYR_I32] = {"i32", 4}, [MYR_I64] = {"i64", 8}};
enum { DTYPE_COUNT = sizeof dtypes / sizeof *dtypes };

const char *myr_dtype_name(myr_dtype type) {
    return (unsigned)type < DTYPE_COUNT ? dtypes[type].name : "unknown";
}

size_t myr_dtype_size(myr_dtype type) {
    return (unsigned)type < DTYPE_COUNT ? dtypes[type].size : 0;
}

static myr_status check_options(myr_context *context, const myr_compute_options *options) {
    const myr_status status = myr_threads_check(context, options->threads);
    if (status != MYR_OK)
        return status;
    if (options->memory != MYR_HOST && options->memory != MYR_DEVICE)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "memory: %d is out of range (expected host or device)", (int)options->memory);
    if (options->memory == MYR_HOST && options->stream)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "stream: host memory takes none (expected NULL)");
    return MYR_OK;
}

myr_status myr_compute_begin(myr_context *context, const myr_compute_options *options,
                             const myr_backend **backend, myr_compute *compute, myr_report *report) {
    myr_compute_options known;
    myr_status status = myr_compute_options_read(context, &options, &known);
    if (status == MYR_OK)
        status = check_options(context, options);
    if (status != MYR_OK)
        return status;
    status = myr_backend_resolve_memory(context, options->backend, options->device,
                                        options->memory == MYR_DEVICE, backend, report->note);
    if (status != MYR_OK)
        return status;
    *compute = (myr_compute){.backend = *backend,
                             .threads = myr_resolve_threads(options->threads),
                             .device = options->device,
                             .memory = options->memory,
                             .stream = options->stream};
    report->backend = (*backend)->name;
    report->math = (*backend)->doubles ? "double" : "exact";
    (*backend)->describe(compute->device, compute->threads, report->device, sizeof report->device);
    return MYR_OK;
}
