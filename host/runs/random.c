#include "myriad/random.h"

#include "backends/backend.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"

/* Checks a request and resolves the backend that is to serve it. */
static myr_status prepare(myr_context *context, const myr_run_options *options, uint32_t stream,
                          uint32_t block, uint32_t blocks, const void *output, size_t element,
                          myr_draw *draw, const myr_backend **backend) {
    myr_run_options known;
    myr_status status = myr_options_given(context, options);
    if (status == MYR_OK)
        status = myr_run_options_read(context, &options, &known);
    if (status != MYR_OK)
        return status;
    if (!output)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "output is NULL, expected an array");
    if (blocks < 1 || blocks > UINT32_MAX - block + UINT64_C(1))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "blocks is %lu from block %lu, expected 1 or more and an end within 2^32",
                        (unsigned long)blocks, (unsigned long)block);
    if (options->count > SIZE_MAX / (4 * element * blocks))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "count is %llu, expected that count x blocks x 4 numbers can be addressed",
                        (unsigned long long)options->count);
    myr_compute where;
    status = myr_run_where(context, options, &where, NULL);
    if (status != MYR_OK)
        return status;
    *backend = where.backend;
    myr_draw made = {.seed = options->seed,
                     .first = options->first,
                     .count = options->count,
                     .stream = stream,
                     .block = block,
                     .blocks = blocks,
                     .fast = where.fast,
                     .threads = where.threads,
                     .device = where.device};
    *draw = made;
    return MYR_OK;
}

myr_status myr_random_words(myr_context *context, const myr_run_options *options, uint32_t stream,
                            uint32_t block, uint32_t blocks, uint32_t *words) {
    MYR_STANDARD_ENVIRONMENT;
    myr_draw draw;
    const myr_backend *backend = NULL;
    myr_status status =
        prepare(context, options, stream, block, blocks, words, sizeof *words, &draw, &backend);
    return status == MYR_OK ? backend->words(context, &draw, words) : status;
}

myr_status myr_random_normals(myr_context *context, const myr_run_options *options, uint32_t stream,
                              uint32_t block, uint32_t blocks, double *normals) {
    MYR_STANDARD_ENVIRONMENT;
    myr_draw draw;
    const myr_backend *backend = NULL;
    myr_status status =
        prepare(context, options, stream, block, blocks, normals, sizeof *normals, &draw, &backend);
    return status == MYR_OK ? backend->normals(context, &draw, normals) : status;
}
