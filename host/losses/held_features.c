/* Features that stay on a device from one loss to the next. */
#include "array_rules.h"
#include "backends/reductions.h"
#include "ground/environment.h"
#include "ground/sized.h"
#include "linear_faults.h"
#include "myriad/linear.h"

enum { ARRAYS = 3 };

typedef struct held_array {
    const void *data;
    size_t bytes;
} held_array;

static void list(const myr_features *f, held_array arrays[ARRAYS]) {
    const size_t count = (size_t)f->count;
    arrays[0] = (held_array){f->delta.data, count * (size_t)f->parameters * sizeof(float)};
    arrays[1] = (held_array){f->reference_margin.data, count * myr_dtype_size(f->reference_margin.type)};
    arrays[2] = (held_array){f->weight.data, count * myr_dtype_size(f->weight.type)};
}

static void let_go(myr_context *context, const myr_compute *compute, const held_array *arrays, int count) {
    for (int n = 0; n < count; n++)
        if (arrays[n].data)
            compute->backend->let_go(context, compute, arrays[n].data);
}

static myr_status hold(myr_context *context, const myr_compute *compute, const held_array arrays[ARRAYS]) {
    for (int n = 0; n < ARRAYS; n++) {
        const myr_status status =
            arrays[n].data ? compute->backend->hold(context, compute, arrays[n].data, arrays[n].bytes)
                           : MYR_OK;
        if (status != MYR_OK) {
            let_go(context, compute, arrays, n);
            return status;
        }
    }
    return MYR_OK;
}

static myr_status each(myr_context *context, const myr_features *features,
                       const myr_compute_options *options, bool holds) {
    const myr_backend *backend;
    myr_features known;
    myr_compute compute;
    myr_report nobody = {0};
    held_array arrays[ARRAYS];
    myr_status status = myr_features_read(context, &features, &known);
    if (status == MYR_OK)
        status = myr_check_features(context, features, true);
    if (status == MYR_OK)
        status = myr_compute_begin(context, options, &backend, &compute, &nobody);
    if (status != MYR_OK || compute.memory != MYR_HOST || !backend->hold)
        return status; /* where arrays are read where they lie, nothing is to be done */
    list(features, arrays);
    if (holds)
        return hold(context, &compute, arrays);
    let_go(context, &compute, arrays, ARRAYS);
    return MYR_OK;
}

myr_status myr_features_hold(myr_context *context, const myr_features *features,
                             const myr_compute_options *options) {
    MYR_STANDARD_ENVIRONMENT;
    return each(context, features, options, true);
}

myr_status myr_features_release(myr_context *context, const myr_features *features,
                                const myr_compute_options *options) {
    MYR_STANDARD_ENVIRONMENT;
    return each(context, features, options, false);
}
