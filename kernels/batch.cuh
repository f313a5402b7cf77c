/* Lanes, coordinates and normals of the kernels that run a step at a time: a thread has a lane and four coordinates;
 * neighbours in a warp are neighbours in memory. */
#ifndef MYRIAD_BATCH_CUH
#define MYRIAD_BATCH_CUH

#include "batch_launch.h"
#include "normal_source.cuh"

MYR_GPU uint32_t myr_lane_of_thread(void) {
    return blockIdx.x * MYR_BATCH_WIDTH + threadIdx.x;
}

MYR_GPU int myr_first_coordinate(void) {
    return MYR_QUAD * (int)blockIdx.y;
}

/* Four normals of coordinates c … c + 3 of a lane. */
MYR_GPU void myr_batch_normals(const myr_device_batch *b, const myr_device_normals_of *from,
                               uint32_t stream, uint32_t lane, int c, float z[MYR_QUAD]) {
    const uint64_t index = b->first + lane, number = from->number + (uint64_t)c;
    const myr_source source = myr_source_make(&b->keys, stream, (uint32_t)(index >> 32), (uint32_t)index,
                                              from->d_given ? from->d_given + lane : NULL, b->lanes);
    myr_take_fours(&b->keys, &source, 1, (uint32_t)(number / 4), (uint32_t)(number % 4), (size_t)c,
                   b->dimension - c, b->fast, (float(*)[MYR_QUAD])z);
}

/* Lanes and coordinates, four a thread. */
static inline dim3 myr_batch_fours(const myr_device_batch *b) {
    return dim3(b->lanes / MYR_BATCH_WIDTH, (unsigned)(b->dimension + MYR_QUAD - 1) / MYR_QUAD);
}

#endif
