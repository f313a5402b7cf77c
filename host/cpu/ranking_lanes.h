/* The cpu backend's inner loops over rankings: ranking_lanes.c, compiled once for each instruction set. */
#ifndef MYRIAD_RANKING_LANES_H
#define MYRIAD_RANKING_LANES_H

#include "cpu_isa.h"
#include "ranking.h"

/* Room for the answers of a ranking, or of as many as fit a tile, and a tile more. */
enum { MYR_RANK_ROOM = MYR_MAX_RANKED + MYR_RANK_TILE };

/* What a thread works on; see ranking.h. */
typedef struct myr_ranking_work {
    double x[MYR_RANK_ROOM], n[MYR_RANK_ROOM], s[MYR_RANK_ROOM], rest[MYR_RANK_ROOM];
    float a[MYR_RANK_ROOM];
} myr_ranking_work __attribute__((aligned(64)));

typedef struct myr_ranking_lanes {
    /* Rankings first … first + count - 1 of a chunk: sums[MYR_RANKED_SUMS], and gradients. Returns whether
     * some ranking is bad. */
    int (*chunk)(const myr_ranking_view *view, uint64_t first, int count, myr_ranking_work *work,
                 double *sums);
} myr_ranking_lanes;

extern const myr_ranking_lanes myr_ranking_lanes_baseline;
extern const myr_ranking_lanes myr_ranking_lanes_avx2;   /* x86-64 only */
extern const myr_ranking_lanes myr_ranking_lanes_avx512; /* x86-64 only */

#endif
