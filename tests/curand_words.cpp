// The words of cuRAND's device header, compiled for the host.
#define QUALIFIERS static inline
#include <curand_kernel.h>

#include <cstdint>

extern "C" void curand_words(uint64_t seed, uint64_t subsequence, uint64_t offset, uint32_t words[8]);

void curand_words(uint64_t seed, uint64_t subsequence, uint64_t offset, uint32_t words[8]) {
    curandStatePhilox4_32_10_t state;
    curand_init(seed, subsequence, offset, &state);
    for (int n = 0; n < 8; n++)
        words[n] = curand(&state);
}
