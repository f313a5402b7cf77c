#include "npy_read.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "input_file.h"
#include "whole_file.h"

enum { BUFFER = 1024 }; /* elements of at most eight bytes that are converted at a time */

/* An element's bytes as an integer. */
static uint64_t element_bits(const myr_npy_header *header, const unsigned char *bytes) {
    uint64_t bits = 0;
    for (int n = 0; n < header->size; n++)
        bits = bits << 8 | bytes[header->big_endian ? n : header->size - 1 - n];
    return bits;
}

/* IEEE half: a sign, five bits of exponent, ten of fraction. */
static double half_value(uint32_t bits) {
    const int exponent = (int)(bits >> 10 & 31u), fraction = (int)(bits & 1023u);
    double size = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31)
        size = fraction ? (double)NAN : (double)INFINITY;
    return bits >> 15 & 1u ? -size : size;
}

static double float_value(uint64_t bits, int size) {
    float narrow;
    double wide;
    uint32_t half = (uint32_t)bits;
    switch (size) {
        case 2:
            return half_value((uint32_t)bits);
        case 4:
            memcpy(&narrow, &half, sizeof narrow);
            return (double)narrow;
        default:
            memcpy(&wide, &bits, sizeof wide);
            return wide;
    }
}

/* Integers of eight bytes are rounded. */
static double element_value(const myr_npy_header *header, const unsigned char *bytes) {
    uint64_t bits = element_bits(header, bytes);
    uint64_t sign = UINT64_C(1) << (8 * header->size - 1);
    switch (header->kind) {
        case 'f':
            return float_value(bits, header->size);
        case 'i': /* two's complement */
            return bits & sign ? -(double)(~bits & (sign - 1)) - 1.0 : (double)bits;
        case 'b':
            return bits ? 1.0 : 0.0;
        default:
            return (double)bits;
    }
}

/* Where element e of the file goes: in a file of Fortran's order the first index runs fastest. */
static uint64_t place(const myr_npy_header *header, uint64_t e) {
    if (!header->fortran)
        return e;
    uint64_t at = 0, stride = header->count;
    for (int n = 0; n < header->dimensions; n++) {
        stride /= header->shape[n];
        at += e % header->shape[n] * stride;
        e /= header->shape[n];
    }
    return at;
}

static void store(const myr_npy_wanted *wanted, double value, uint64_t at, void *values) {
    if (wanted->type == MYR_F32)
        ((float *)values)[at] = (float)value;
    else
        ((double *)values)[at] = value;
}

static myr_status read_elements(myr_context *context, const char *path, FILE *file,
                                const myr_npy_header *header, const myr_npy_wanted *wanted, void *values) {
    unsigned char buffer[8 * BUFFER];
    const size_t size = (size_t)header->size;
    for (uint64_t e = 0; e < header->count;) {
        size_t count = header->count - e < BUFFER ? (size_t)(header->count - e) : BUFFER;
        size_t got = fread(buffer, size, count, file);
        for (size_t n = 0; n < got; n++)
            store(wanted, element_value(header, buffer + n * size), place(header, e + n), values);
        e += got;
        if (got == count)
            continue;
        if (ferror(file))
            return myr_fail(context, MYR_IO_ERROR, "%s: cannot be read: %s", path, strerror(errno));
        return myr_fail(context, MYR_INVALID_DATA,
                        "%s: ends after %llu elements; expected the %llu of its header", path,
                        (unsigned long long)e, (unsigned long long)header->count);
    }
    if (fgetc(file) != EOF)
        return myr_fail(context, MYR_INVALID_DATA, "%s: goes on after its last element; expected one array",
                        path);
    return MYR_OK;
}

static const char *shape_text(const myr_npy_header *header, char text[128]) {
    size_t used = (size_t)snprintf(text, 128, "[");
    for (int n = 0; n < header->dimensions && used < 128; n++)
        used += (size_t)snprintf(text + used, 128 - used, "%s%llu", n ? ", " : "",
                                 (unsigned long long)header->shape[n]);
    if (used < 128)
        snprintf(text + used, 128 - used, "]");
    return text;
}

static myr_status check_shape(myr_context *context, const char *path, const myr_npy_header *header,
                              const myr_npy_wanted *wanted) {
    char text[128];
    bool fits = header->dimensions >= 1 && header->dimensions <= wanted->dimensions && header->count > 0;
    for (int n = 0; fits && n < header->dimensions && n < 2; n++)
        fits = wanted->most[n] == 0 || header->shape[n] <= wanted->most[n];
    if (fits)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_DATA, "%s: its shape is %s; expected %s", path,
                    shape_text(header, text), wanted->expected);
}

/* Whether so much is left of the file, where that can be known: a header can claim any size, and memory
 * should be asked for only if it is true. */
static myr_status check_size(myr_context *context, const char *path, FILE *file,
                             const myr_npy_header *header) {
    long here = ftell(file);
    if (here < 0 || fseek(file, 0, SEEK_END) != 0)
        return MYR_OK;
    long end = ftell(file);
    if (end < here || fseek(file, here, SEEK_SET) != 0)
        return myr_fail(context, MYR_IO_ERROR, "%s: cannot be read: %s", path, strerror(errno));
    uint64_t left = (uint64_t)(end - here) / (uint64_t)header->size;
    if (left < header->count)
        return myr_fail(context, MYR_INVALID_DATA,
                        "%s: ends after %llu elements; expected the %llu of its header", path,
                        (unsigned long long)left, (unsigned long long)header->count);
    return MYR_OK;
}

myr_status myr_npy_read_file(myr_context *context, const char *path, FILE *file,
                             const myr_npy_wanted *wanted, myr_npy *array) {
    myr_npy_header header;
    memset(array, 0, sizeof *array);
    myr_status status = myr_npy_read_header(context, path, file, &header);
    if (status == MYR_OK)
        status = check_shape(context, path, &header, wanted);
    if (status == MYR_OK)
        status = check_size(context, path, file, &header);
    if (status != MYR_OK)
        return status;
    size_t bytes = (size_t)header.count * (wanted->type == MYR_F32 ? sizeof(float) : sizeof(double));
    array->values = malloc(bytes);
    if (!array->values)
        return myr_fail_memory(context, bytes);
    status = read_elements(context, path, file, &header, wanted, array->values);
    if (status != MYR_OK) {
        free(array->values);
        array->values = NULL;
        return status;
    }
    array->dimensions = header.dimensions;
    array->count = header.count;
    for (int n = 0; n < MYR_NPY_DIMENSIONS; n++)
        array->shape[n] = n < header.dimensions ? header.shape[n] : 1;
    return MYR_OK;
}

myr_status myr_npy_read(myr_context *context, const char *path, const myr_npy_wanted *wanted,
                        myr_npy *array) {
    FILE *file;
    memset(array, 0, sizeof *array);
    myr_status status = myr_open_file(context, path, &file);
    if (status != MYR_OK)
        return status;
    status = myr_npy_read_file(context, path, file, wanted, array);
    myr_input_close(file);
    return status;
}
