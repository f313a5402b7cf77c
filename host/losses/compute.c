/* What the calls on preferences have in common: the arrays' elements, the options, the choice of a backend.
 */
#include "myriad/compute.h"

#include "backends/reductions.h"
#include "ground/sized.h"

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

myr_status myr_compute_begin(myr_context *context, const myr_compute_options *options,
                             const myr_backend **backend, myr_compute *compute, myr_report *report) {
    myr_compute_options known;
    myr_status status = myr_compute_options_read(context, &options, &known);
    if (status != MYR_OK)
        return status;
    myr_asked asked = MYR_ASKED(options);
    asked.memory = options->memory;
    asked.stream = options->stream;
    asked.math = options->math;
    status = myr_where_find(context, &asked, compute, report);
    *backend = compute->backend;
    return status;
}
