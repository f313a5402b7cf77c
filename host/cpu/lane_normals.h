/* The normals of a stream, over MYR_LANES trajectories at once. Included by the files that are compiled
 * once for each instruction set. */
#ifndef MYRIAD_LANE_NORMALS_H
#define MYRIAD_LANE_NORMALS_H

#include <string.h>

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

/* The normals of a stream in order: number j of all lanes, made a block of four at a time, or as given. */
typedef struct lane_cursor {
    lane_philox philox;
    const myr_lane_given *given; /* NULL: made */
    uint64_t next;               /* number */
    lane_numbers numbers;
} lane_cursor;

/* Number j of the lanes that are given; the others have 0. */
static inline const float *gather_given(const myr_lane_given *given, uint64_t j, float normals[MYR_LANES]) {
    memset(normals, 0, MYR_LANES * sizeof *normals);
    for (int lane = given->begin; lane < given->end; lane++)
        normals[lane] = (float)given->numbers[(uint64_t)(lane - given->begin) * given->stride + j];
    return normals;
}

/* given->numbers NULL: none are. */
static inline void cursor_begin(lane_cursor *cursor, uint64_t seed, uint64_t first, uint32_t stream,
                                uint64_t number, const myr_lane_given *given) {
    cursor->given = given->numbers ? given : NULL;
    cursor->next = number;
    lane_philox_begin(&cursor->philox, seed, first, stream);
    if (number % 4 != 0) {
        lane_philox_words(&cursor->philox, (uint32_t)(number / 4), cursor->numbers.words);
        make_normals(&cursor->numbers);
    }
}

static inline const float *cursor_next(lane_cursor *cursor) {
    if (cursor->given)
        return gather_given(cursor->given, cursor->next++, cursor->numbers.normals[0]);
    if (cursor->next % 4 == 0) {
        lane_philox_words(&cursor->philox, (uint32_t)(cursor->next / 4), cursor->numbers.words);
        make_normals(&cursor->numbers);
    }
    return cursor->numbers.normals[cursor->next++ % 4];
}

#endif
