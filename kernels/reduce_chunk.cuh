/* The moments of a chunk, by one thread block of MYR_PARTIALS threads, in the order of chunk_moments.h:
 * thread p owns partial sum p. */
#ifndef MYRIAD_REDUCE_CHUNK_CUH
#define MYRIAD_REDUCE_CHUNK_CUH

#include "chunk_moments.h"
#include "device.cuh"

/* Halves the threads' partial sums: p += p + 128, p + 64 … 1; the sum in every thread. shared:
 * [MYR_PARTIALS], free again on return. */
MYR_GPU double myr_halve(double partial, double *shared) {
    const int p = (int)threadIdx.x;
    shared[p] = partial;
    __syncthreads();
    for (int half = MYR_PARTIALS / 2; half >= 32; half /= 2) {
        if (p < half)
            shared[p] += shared[p + half];
        __syncthreads();
    }
    if (p < 32) {
        double sum = shared[p];
        for (int half = 16; half > 0; half /= 2)
            sum += __shfl_down_sync(0xffffffffu, sum, half);
        if (p == 0)
            shared[0] = sum;
    }
    __syncthreads();
    double sum = shared[0];
    __syncthreads();
    return sum;
}

/* Node of the chunk's first n values; thread p has written values p, p + MYR_PARTIALS … itself. The node
 * is complete in thread 0. */
MYR_GPU myr_moment_node myr_reduce_chunk(const float *values, int n, double *shared) {
    const int p = (int)threadIdx.x;
    double sum = 0.0;
    for (int j = p; j < n; j += MYR_PARTIALS)
        sum += (double)values[j];
    myr_moment_node node;
    node.n = (double)n;
    node.mean = myr_halve(sum, shared) / (double)n;
    double m2 = 0.0, m3 = 0.0, m4 = 0.0;
    for (int j = p; j < n; j += MYR_PARTIALS) {
        double d = (double)values[j] - node.mean;
        double square = d * d;
        m2 += square;
        m3 += square * d;
        m4 += square * square;
    }
    node.m2 = myr_halve(m2, shared);
    node.m3 = myr_halve(m3, shared);
    node.m4 = myr_halve(m4, shared);
    return node;
}

/* Trajectories of a slice in a chunk. */
MYR_GPU int myr_chunk_count(uint32_t count, uint32_t chunk) {
    uint32_t left = count - chunk * (uint32_t)MYR_CHUNK;
    return left < MYR_CHUNK ? (int)left : MYR_CHUNK;
}

/* A thread block's chunk, or its part of one that is spread over several blocks: trajectories begin, begin + step … of those
 * that the thread `begin` of a chunk's one block would run, `together` at a time. A chunk whose indices cross a multiple of
 * 2^32 is run twice, for each upper half. */
typedef struct myr_chunk_part {
    uint32_t chunk;
    int begin, step, count;
    uint32_t high, runs;
} myr_chunk_part;

MYR_GPU myr_chunk_part myr_chunk_part_make(uint64_t first, uint32_t count, uint32_t spread,
                                           const int together) {
    myr_chunk_part part;
    part.chunk = blockIdx.x / spread;
    part.begin = (int)threadIdx.x + (int)(blockIdx.x % spread) * together * MYR_PARTIALS;
    part.step = (int)spread * together * MYR_PARTIALS;
    part.count = myr_chunk_count(count, part.chunk);
    first += (uint64_t)part.chunk * MYR_CHUNK;
    part.high = (uint32_t)(first >> 32);
    part.runs = 1 + ((uint32_t)((first + MYR_CHUNK - 1) >> 32) - part.high);
    return part;
}

#endif
