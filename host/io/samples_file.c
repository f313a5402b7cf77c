/* Samples to .npy or .csv, in a stream. */
#define _GNU_SOURCE /* sync_file_range */

#include "myriad/samples.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "input_file.h"
#include "myriad/atomic_file.h"

/* Floats that go to the file at once. */
enum { BUFFER = 1 << 16 };

struct myr_samples_file {
    myr_atomic_file *file;
    char *path;
    bool csv;
    myr_samples_shape shape;
    uint64_t written; /* trajectories */
    union {
        uint32_t floats[BUFFER];
        uint64_t doubles[BUFFER / 2];
    } buffer; /* here, not on a stack: threads may have small ones */
};

static bool ends_in(const char *path, const char *suffix) {
    size_t length = strlen(path), tail = strlen(suffix);
    return length >= tail && strcmp(path + length - tail, suffix) == 0;
}

/* ---- .npy ------------------------------------------------------------------------------------------ */

/* Version 1.0, padded so that the numbers begin at a multiple of 64 bytes. */
static void begin_npy(FILE *file, const myr_samples_shape *shape) {
    char header[192], levels[32] = "";
    if (shape->levels > 0)
        snprintf(levels, sizeof levels, "%" PRIu64 ", ", shape->levels);
    memcpy(header, "\x93NUMPY\x01", 8); /* and the 0 behind it */
    int used = snprintf(header + 10, sizeof header - 10,
                        "{'descr': '<f%d', 'fortran_order': False, 'shape': (%" PRIu64 ", %s%d), }",
                        shape->doubles ? 8 : 4, shape->count, levels, shape->dimension);
    const size_t size = ((size_t)used + 11 + 63) / 64 * 64;
    memset(header + 10 + used, ' ', size - 10 - (size_t)used);
    header[8] = (char)(size - 10);
    header[9] = 0;
    header[size - 1] = '\n';
    fwrite(header, 1, size, file);
}

static void write_npy_doubles(FILE *file, uint64_t *buffer, const double *values, uint64_t count) {
    for (uint64_t at = 0; at < count && !ferror(file); at += BUFFER / 2) {
        const size_t n = count - at < BUFFER / 2 ? (size_t)(count - at) : BUFFER / 2;
        for (size_t i = 0; i < n; i++) {
            uint64_t bits;
            memcpy(&bits, &values[at + i], sizeof bits);
            buffer[i] = htole64(bits);
        }
        fwrite(buffer, sizeof *buffer, n, file);
    }
}

static void write_npy(FILE *file, uint32_t *buffer, const double *values, uint64_t count) {
    for (uint64_t at = 0; at < count && !ferror(file); at += BUFFER) {
        const size_t n = count - at < BUFFER ? (size_t)(count - at) : BUFFER;
        for (size_t i = 0; i < n; i++) {
            const float value = (float)values[at + i];
            uint32_t bits;
            memcpy(&bits, &value, sizeof bits);
            buffer[i] = htole32(bits);
        }
        fwrite(buffer, sizeof *buffer, n, file);
    }
}

/* ---- .csv ------------------------------------------------------------------------------------------ */

static void begin_csv(FILE *file, const myr_samples_shape *shape) {
    fputs(shape->levels > 0 ? "trajectory,level" : "trajectory", file);
    for (int c = 0; c < shape->dimension; c++)
        fprintf(file, ",x%d", c);
    fputs("\n", file);
}

static void write_csv(const myr_samples_file *file, const double *values, uint64_t trajectories) {
    const myr_samples_shape *shape = &file->shape;
    const uint64_t levels = shape->levels > 0 ? shape->levels : 1;
    FILE *stream = myr_atomic_stream(file->file);
    for (uint64_t n = 0; n < trajectories && !ferror(stream); n++)
        for (uint64_t level = 0; level < levels; level++) {
            fprintf(stream, "%" PRIu64, shape->first + file->written + n);
            if (shape->levels > 0)
                fprintf(stream, ",%" PRIu64, level);
            for (int c = 0; c < shape->dimension; c++)
                if (shape->doubles)
                    fprintf(stream, ",%.17g", *values++);
                else
                    fprintf(stream, ",%.9g", (double)(float)*values++);
            fputs("\n", stream);
        }
}

/* Has the disk begin with what is there, while the next samples are drawn: the flush at the end then has
 * little left to wait for. Files that cannot do so do not mind. False if what is there cannot be written.
 */
static bool start_writeback(FILE *file) {
    if (ferror(file) || fflush(file) != 0)
        return false;
    const int error = errno;
    (void)sync_file_range(fileno(file), 0, 0, SYNC_FILE_RANGE_WRITE);
    errno = error;
    return true;
}

/* ---- the calls ------------------------------------------------------------------------------------- */

static myr_status check_shape(myr_context *context, const myr_samples_shape *shape) {
    if (shape->dimension < 1 || shape->count < 1)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "samples: %llu of dimension %d; expected 1 or more of both",
                        (unsigned long long)shape->count, shape->dimension);
    return MYR_OK;
}

myr_status myr_samples_open(myr_context *context, const char *path, const myr_samples_shape *shape,
                            myr_samples_file **file) {
    MYR_STANDARD_ENVIRONMENT;
    if (!path || !file)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "samples: path and file must not be NULL");
    *file = NULL;
    myr_samples_shape known;
    myr_status status = myr_samples_shape_read(context, &shape, &known);
    if (status != MYR_OK)
        return status;
    const bool csv = ends_in(path, ".csv") || myr_input_is_standard(path);
    if (!csv && !ends_in(path, ".npy"))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "%s: of no known format; expected a name in .csv or .npy", path);
    status = check_shape(context, shape);
    if (status != MYR_OK)
        return status;
    myr_samples_file *made = calloc(1, sizeof *made);
    if (made)
        made->path = strdup(path);
    if (!made || !made->path) {
        free(made);
        return myr_fail_memory(context, sizeof *made);
    }
    made->csv = csv;
    made->shape = *shape;
    status = myr_atomic_open(context, made->path, &made->file);
    if (status != MYR_OK) {
        free(made->path);
        free(made);
        return status;
    }
    if (csv)
        begin_csv(myr_atomic_stream(made->file), shape);
    else
        begin_npy(myr_atomic_stream(made->file), shape);
    *file = made;
    return MYR_OK;
}

myr_status myr_samples_write(myr_context *context, myr_samples_file *file, const double *values,
                             uint64_t trajectories) {
    MYR_STANDARD_ENVIRONMENT;
    if (!file || !values)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "samples: file and values must not be NULL");
    const myr_samples_shape *shape = &file->shape;
    if (trajectories > shape->count - file->written)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "samples: %llu more than the %llu announced",
                        (unsigned long long)(trajectories - (shape->count - file->written)),
                        (unsigned long long)shape->count);
    const uint64_t numbers = (shape->levels > 0 ? shape->levels : 1) * (uint64_t)shape->dimension;
    errno = 0;
    if (file->csv)
        write_csv(file, values, trajectories);
    else if (shape->doubles)
        write_npy_doubles(myr_atomic_stream(file->file), file->buffer.doubles, values,
                          trajectories * numbers);
    else
        write_npy(myr_atomic_stream(file->file), file->buffer.floats, values, trajectories * numbers);
    file->written += trajectories;
    if (start_writeback(myr_atomic_stream(file->file)))
        return MYR_OK;
    return myr_fail(context, MYR_IO_ERROR, "%s: cannot be written: %s", file->path,
                    errno ? strerror(errno) : "output was lost");
}

myr_status myr_samples_close(myr_context *context, myr_samples_file *file, myr_status status) {
    MYR_STANDARD_ENVIRONMENT;
    if (!file)
        return status;
    if (status == MYR_OK && file->written != file->shape.count)
        status = myr_fail(context, MYR_INVALID_ARGUMENT, "samples: %llu are written of the %llu announced",
                          (unsigned long long)file->written, (unsigned long long)file->shape.count);
    status = myr_atomic_close(context, file->file, status);
    free(file->path);
    free(file);
    return status;
}
