/* The header of an .npy file (numpy.lib.format, versions 1.0 to 3.0): the literal of a Python dictionary,
 *
 *     {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
 *
 * with just these three keys, in any order. */
#ifndef MYRIAD_NPY_HEADER_H
#define MYRIAD_NPY_HEADER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "myriad/context.h"

#define MYR_NPY_DIMENSIONS 32

typedef struct myr_npy_header {
    char kind;       /* of number: 'f', 'i', 'u', or 'b' for bool */
    int size;        /* of an element, in bytes */
    bool big_endian; /* elements of more than a byte */
    bool fortran;    /* the first index runs fastest */
    int dimensions;
    uint64_t shape[MYR_NPY_DIMENSIONS];
    uint64_t count; /* of elements: the product, below 2^56 */
} myr_npy_header;

/* Reads magic, version and header from the beginning of the file, whose name is for messages. Errors:
 * MYR_INVALID_DATA (what is wrong and what was expected: elements that are no real numbers, too),
 * MYR_IO_ERROR. */
myr_status myr_npy_read_header(myr_context *context, const char *path, FILE *file, myr_npy_header *header);

#endif
