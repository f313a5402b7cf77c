/* Arrays of numbers from .npy files, whatever their type and order: converted to float or double, the last
 * index running fastest. */
#ifndef MYRIAD_NPY_READ_H
#define MYRIAD_NPY_READ_H

#include "myriad/compute.h"
#include "npy_header.h"

/* What the caller takes. */
typedef struct myr_npy_wanted {
    myr_dtype type;       /* MYR_F32 or MYR_F64 */
    int dimensions;       /* at most, 1 or more; there is at least one */
    uint64_t most[2];     /* lengths of the first two dimensions at most; 0: any */
    const char *expected; /* the shape in words, for messages: "[n] or [n, d]" */
} myr_npy_wanted;

typedef struct myr_npy {
    int dimensions;
    uint64_t shape[MYR_NPY_DIMENSIONS]; /* none is 0; 1 beyond the dimensions */
    uint64_t count;
    void *values; /* free() it */
} myr_npy;

/* Memory: the result and 64 KiB. Errors: MYR_INVALID_DATA (the file's contents, what is wrong where, and
 * what was expected), MYR_IO_ERROR, MYR_OUT_OF_MEMORY; values is NULL then. Elements that are not finite
 * are kept. */
myr_status myr_npy_read(myr_context *context, const char *path, const myr_npy_wanted *wanted,
                        myr_npy *array);

/* The same from an open file, at its beginning. */
myr_status myr_npy_read_file(myr_context *context, const char *path, FILE *file,
                             const myr_npy_wanted *wanted, myr_npy *array);

#endif
