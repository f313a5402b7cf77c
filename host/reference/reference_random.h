/* The random numbers in double, written from the formulas: the standard that the fast backends are held
 * against, so it shares no code with them. */
#ifndef MYRIAD_REFERENCE_RANDOM_H
#define MYRIAD_REFERENCE_RANDOM_H

#include <stdint.h>

#include "backends/normals.h"

/* Philox4x32-10 of Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3". */
void myr_reference_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);

/* The words of a block of a trajectory's stream: key { seed low, seed high }, counter { block, stream,
 * trajectory low, trajectory high }. */
void myr_reference_words(uint64_t seed, uint64_t trajectory, uint32_t stream, uint32_t block,
                         uint32_t words[4]);

/* Box-Muller on a pair of words. */
void myr_reference_box_muller(uint32_t w0, uint32_t w1, double normal[2]);

/* The four normals of a block. */
void myr_reference_normals(uint64_t seed, uint64_t trajectory, uint32_t stream, uint32_t block,
                           double normal[4]);

/* The normals of one trajectory from a source, by number, with the block last drawn kept. */
typedef struct myr_reference_stream {
    uint64_t seed, trajectory;
    uint32_t stream;
    const double *given; /* by number; NULL: they are drawn */
    int64_t block;       /* -1: none yet */
    double normal[4];
} myr_reference_stream;

/* Of the job's trajectory n, whose index is first + n. */
myr_reference_stream myr_reference_stream_make(myr_normal_source from, uint64_t first, uint64_t n);

/* Normal number j: as given, or component j mod 4 of block floor(j / 4). */
double myr_reference_stream_normal(myr_reference_stream *stream, int64_t j);

#endif
