/* Files of samples, written as they come: memory does not grow with their number. */
#ifndef MYRIAD_SAMPLES_H
#define MYRIAD_SAMPLES_H

#include <stdbool.h>

#include "myriad/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a file holds: results, [count][dimension], or whole trajectories, [count][levels][dimension]. */
typedef struct myr_samples_shape {
    size_t struct_size;
    int dimension;
    bool doubles;    /* the file holds doubles; else floats */
    uint64_t first;  /* index of the first trajectory */
    uint64_t count;  /* of trajectories, 1 or more */
    uint64_t levels; /* of a whole trajectory, steps + 1; 0: results alone */
} myr_samples_shape;

/* Results of one coordinate, as floats: set the count, which is 0. */
#define MYR_SAMPLES_SHAPE_INIT \
    { sizeof(myr_samples_shape), 1, false, 0, 0, 0 }
MYR_API void myr_samples_shape_default(myr_samples_shape *made, size_t struct_size);

typedef struct myr_samples_file myr_samples_file;

/* Begins a file whose name ends in .npy or .csv.
 *
 * .npy: little-endian floats or doubles, C order, the shape above. .csv: a line a sample, or a level of
 * one: "trajectory,x0,x1,…" or "trajectory,level,x0,x1,…", with the 9 digits that tell floats apart, or the
 * 17 that tell doubles apart.
 *
 * It grows under a name of its own in the same folder (the name, process and number, ".part") and appears
 * by rename when it is closed. A device or a pipe is written to directly. Errors: MYR_INVALID_ARGUMENT,
 * MYR_IO_ERROR, MYR_OUT_OF_MEMORY. */
MYR_API myr_status myr_samples_open(myr_context *context, const char *path, const myr_samples_shape *shape,
                                    myr_samples_file **file);

/* Adds whole trajectories, the next ones, rounded to float unless the file holds doubles:
 * values[trajectories][dimension], or [trajectories][levels][dimension]. Errors: MYR_IO_ERROR,
 * MYR_INVALID_ARGUMENT for more than there will be.
 */
MYR_API myr_status myr_samples_write(myr_context *context, myr_samples_file *file, const double *values,
                                     uint64_t trajectories);

/* Ends it. With status MYR_OK, all of it must have been written: the file is flushed to the disk and
 * appears. With any other status, which is returned, or if that fails, nothing is left of it. NULL is
 * allowed. */
MYR_API myr_status myr_samples_close(myr_context *context, myr_samples_file *file, myr_status status);

#ifdef __cplusplus
}
#endif
#endif
