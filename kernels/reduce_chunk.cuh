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

/* Trajectories of a slice in this thread block's chunk. */
MYR_GPU int myr_chunk_count(uint32_t count) {
    uint32_t left = count - blockIdx.x * (uint32_t)MYR_CHUNK;
    return left < MYR_CHUNK ? (int)left : MYR_CHUNK;
}

#endif
