/* The cpu backend's inner loops over rankings: ranking_lanes.c, compiled once for each instruction set. */
#ifndef MYRIAD_RANKING_LANES_H
#define MYRIAD_RANKING_LANES_H

#include "cpu/cpu_isa.h"
#include "ranking.h"

/* A block is as many tiles as a chunk has slots, up to MYR_RANK_SLOTS: answer k of tile c is element
 * k slots + c, so that what goes along a tile is done by rows. */
enum { MYR_RANK_BLOCK = 256, MYR_RANK_SLOTS = 64, MYR_RANK_BLOCKS = MYR_MAX_RANKED / MYR_RANK_BLOCK };

/* See ranking.h. One more row: of the tile that follows each in its ranking, its first. */
typedef struct myr_ranking_block {
    double x[MYR_RANK_BLOCK + MYR_RANK_SLOTS];     /* infinite where no answer is */
    double n[MYR_RANK_BLOCK + 2 * MYR_RANK_SLOTS]; /* a row ahead, too, from MYR_RANK_SLOTS - slots on */
    double s[MYR_RANK_BLOCK + MYR_RANK_SLOTS];     /* at last the slopes */
    float a[MYR_RANK_BLOCK];
} myr_ranking_block __attribute__((aligned(64)));

/* What a thread works on. */
typedef struct myr_ranking_work {
    myr_ranking_block blocks[MYR_RANK_BLOCKS];
    double answers[MYR_MAX_RANKED]; /* scores, at last gradients, as they lie in the caller's arrays */
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
