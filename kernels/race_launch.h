/* The launcher of rankings drawn from rewards; see launch.h. */
#ifndef MYRIAD_RACE_LAUNCH_H
#define MYRIAD_RACE_LAUNCH_H

#include "myriad/policy.h"
#include "word_launch.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MYR_RACE_THREADS 64

/* Rankings first … first + count - 1, count at most 2^31 - 1, of `length` answers. */
typedef struct myr_device_race {
    myr_device_keys keys;
    uint64_t first;
    uint32_t count, prompts, answers, length;
    const double *d_scales; /* [prompts][answers]: exp(-r) */
} myr_device_race;

cudaError_t myr_launch_races(const myr_device_race *draw, uint32_t *d_rankings, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
