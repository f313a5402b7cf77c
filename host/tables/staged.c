#include "staged.h"

#include <string.h>

#include "chunk_moments.h"
#include "ground/environment.h"

/* Trajectories that are turned at once: what they have of a number is a cache line of floats, and their own
 * doubles stay in the cache meanwhile. */
enum { TURNED = 16 };

size_t myr_staged_floats(size_t numbers, uint32_t count) {
    return ((size_t)count + MYR_CHUNK - 1) / MYR_CHUNK * numbers * MYR_CHUNK;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Threads that have a chunk to turn. */
static int team(int threads, uint32_t count) {
    return (int)least((size_t)threads, (count - 1) / MYR_CHUNK + 1);
}

void myr_stage(const double *from, size_t stride, size_t numbers, const double *less, uint32_t count,
               int threads, float *staged) {
#pragma omp parallel num_threads(team(threads, count))
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for nowait
        for (size_t first = 0; first < count; first += MYR_CHUNK) {
            const size_t size = least(MYR_CHUNK, count - first);
            float *to = staged + first * numbers;
            for (size_t begin = 0; begin < size; begin += TURNED) {
                const size_t end = least(begin + TURNED, size);
                for (size_t n = 0; n < numbers; n++)
                    for (size_t j = begin; j < end; j++) {
                        const double value = from[(first + j) * stride + n];
                        to[n * MYR_CHUNK + j] = (float)(less ? value - less[n] : value);
                    }
            }
            for (size_t n = 0; n < numbers; n++)
                memset(to + n * MYR_CHUNK + size, 0, (MYR_CHUNK - size) * sizeof *to);
        }
    }
}

void myr_unstage(const float *staged, size_t numbers, const double *add, uint32_t count, int threads,
                 double *to) {
#pragma omp parallel num_threads(team(threads, count))
    {
        MYR_STANDARD_ENVIRONMENT;
#pragma omp for nowait
        for (size_t first = 0; first < count; first += MYR_CHUNK) {
            const size_t size = least(MYR_CHUNK, count - first);
            const float *from = staged + first * numbers;
            for (size_t begin = 0; begin < size; begin += TURNED) {
                const size_t end = least(begin + TURNED, size);
                for (size_t n = 0; n < numbers; n++)
                    for (size_t j = begin; j < end; j++)
                        to[(first + j) * numbers + n] = (double)from[n * MYR_CHUNK + j] + add[n];
            }
        }
    }
}
