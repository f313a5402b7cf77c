/* The normals of a stream, over MYR_LANES trajectories at once. Included by the files that are compiled
 * once for each instruction set. */
#ifndef MYRIAD_LANE_NORMALS_H
#define MYRIAD_LANE_NORMALS_H

#include <string.h>

#include "backends/normals.h"
#include "lane_philox.h"
#include "normal.h"

/* Words become normals in place, lane by lane. */
typedef union lane_numbers {
    uint32_t words[4][MYR_LANES];
    float normals[4][MYR_LANES];
} __attribute__((aligned(64))) lane_numbers;

static inline void make_normals(lane_numbers *numbers) {
    for (int pair = 0; pair < 4; pair += 2) {
#pragma omp simd
        for (int lane = 0; lane < MYR_LANES; lane++) {
            uint32_t w0 = numbers->words[pair][lane], w1 = numbers->words[pair + 1][lane];
            myr_normal_pair(w0, w1, &numbers->normals[pair][lane], &numbers->normals[pair + 1][lane]);
        }
    }
}

/* The normals of a stream in order: number `next` of all lanes, made a block of four at a time, or as given. */
struct myr_lane_source {
    lane_philox philox;
    const myr_lanes_run *run;
    const double *given; /* of the run's first trajectory, number 0; NULL: made */
    uint64_t stride, next;
    lane_numbers numbers;
};

/* Number j of the lanes that are the job's; the others have 0. */
static inline const float *gather_given(const myr_lane_source *source, uint64_t j,
                                        float normals[MYR_LANES]) {
    const myr_lanes_run *run = source->run;
    memset(normals, 0, MYR_LANES * sizeof *normals);
    for (int lane = run->begin; lane < run->end; lane++)
        normals[lane] = (float)source->given[(uint64_t)(lane - run->begin) * source->stride + j];
    return normals;
}

static inline void make_block(myr_lane_source *source) {
    lane_philox_words(&source->philox, (uint32_t)(source->next / 4), source->numbers.words);
    make_normals(&source->numbers);
}

/* number: of the first that is taken. */
static inline void source_begin(myr_lane_source *source, const myr_lanes_run *run, myr_normal_source from,
                                uint64_t number) {
    source->run = run;
    source->given = from.given ? from.given + run->place * from.stride : NULL;
    source->stride = from.stride;
    source->next = number;
    lane_philox_begin(&source->philox, from.seed, run->first, from.stream);
    if (number % 4 != 0)
        make_block(source);
}

static inline const float *source_next(myr_lane_source *source) {
    if (source->given)
        return gather_given(source, source->next++, source->numbers.normals[0]);
    if (source->next % 4 == 0)
        make_block(source);
    return source->numbers.normals[source->next++ % 4];
}

#endif
