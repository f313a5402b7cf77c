/* The generator one trajectory at a time, in double: what statistics, targets and training draw with. The hot loops have
 * their own (cpu/lane_philox.h, kernels/device.cuh), and so has the reference, which shares no code with production. */
#ifndef MYRIAD_GENERATOR_H
#define MYRIAD_GENERATOR_H

#include <stdint.h>

/* The words of a block of a trajectory's stream: Philox4x32-10 (Salmon, Moraes, Dror & Shaw, 2011) of key { seed low,
 * seed high } and counter { block, stream, index low, index high }. */
void myr_words_draw(uint64_t seed, uint64_t index, uint32_t stream, uint32_t block, uint32_t words[4]);

/* The normals of one stream of one trajectory by number; the block last used is kept. */
typedef struct myr_normals {
    uint64_t seed, index;
    uint32_t stream;
    int64_t block; /* -1: none yet */
    double normal[4];
} myr_normals;

myr_normals myr_normals_make(uint64_t seed, uint64_t index, uint32_t stream);

/* Normal number j, 0 … 2^34 - 1: component j mod 4 of block floor(j / 4), by Box-Muller (docs/mathematics.md). */
double myr_normals_draw(myr_normals *normals, int64_t j);

#endif
