/* Rankings drawn from rewards: a thread makes one, with its candidates and their times in shared memory,
 * where those of neighbouring threads are neighbours. Words are made four at a time, in order. */
#include "race_launch.h"

#include "race.h"
#include "words.cuh"

static __global__ void __launch_bounds__(MYR_RACE_THREADS)
    draw_races(const myr_device_race draw, uint32_t *rankings) {
    __shared__ double all_times[MYR_MAX_SIMULATED * MYR_RACE_THREADS];
    __shared__ uint32_t all_answers[MYR_MAX_SIMULATED * MYR_RACE_THREADS];
    const uint32_t n = blockIdx.x * MYR_RACE_THREADS + threadIdx.x, length = draw.length;
    if (n >= draw.count)
        return;
    double *times = all_times + threadIdx.x;
    uint32_t *answers = all_answers + threadIdx.x;
    const uint64_t index = draw.first + n;
    const double *scales = draw.d_scales + index % draw.prompts * draw.answers;
    const myr_trajectory t = myr_trajectory_make(&draw.keys, MYR_STREAM_RANKING, (uint32_t)index);
    uint4 w = make_uint4(0, 0, 0, 0);
    for (uint32_t j = 0; j < 2 * length; j++) {
        if (j % 4 == 0) {
            const myr_block b = myr_block_make(&draw.keys, (uint32_t)(index >> 32), j / 4);
            w = myr_device_words(&draw.keys, &t, &b);
        }
        if (j < length)
            myr_take_candidate(w.x, draw.answers - j, j, answers, MYR_RACE_THREADS);
        else
            myr_let_arrive(w.x, scales[answers[(j - length) * MYR_RACE_THREADS]], j - length, answers,
                           times, MYR_RACE_THREADS);
        w = make_uint4(w.y, w.z, w.w, 0);
    }
    for (uint32_t k = 0; k < length; k++)
        rankings[(size_t)n * length + k] = answers[k * MYR_RACE_THREADS];
}

extern "C" cudaError_t myr_launch_races(const myr_device_race *draw, uint32_t *d_rankings,
                                        cudaStream_t stream) {
    const uint32_t blocks = (draw->count + MYR_RACE_THREADS - 1) / MYR_RACE_THREADS;
    return MYR_LAUNCH(draw_races, blocks, MYR_RACE_THREADS, 0, stream, *draw, d_rankings);
}
