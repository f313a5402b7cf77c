/* Samples counted in many fixed bins, a set for each coordinate, whose edges lie at equal steps of the
 * target's own probability: what distances and quantiles are found from in bounded memory. Counts are
 * exact, so at an edge the samples' distribution function is known exactly, and the target's is, too; and
 * since each bin's sum is kept, so is the integral of either over a bin. Docs: docs/mathematics.md. */
#ifndef MYRIAD_MARGINAL_BINS_H
#define MYRIAD_MARGINAL_BINS_H

#include <stdbool.h>

#include "targets/marginal.h"

/* Bins of all coordinates together and of one at most. */
enum { MYR_BINS_TOGETHER = 1 << 21, MYR_BINS_MOST = 1 << 16 };

/* Of one coordinate. Bin j holds edge[j - 1] < x <= edge[j]; the first and the last have one edge. */
typedef struct myr_bins {
    int count;
    bool atoms;
    double centre;   /* the target's mean: sums and lower are relative to it */
    double *edge;    /* [count - 1], ascending */
    double *below;   /* [count - 1]: F at the edge, of the target */
    double *lower;   /* [count - 1]: E[X - centre; X <= edge] */
    int32_t *guide;  /* [count + 1]: edges below equal steps between the first and the last edge */
    uint64_t *found; /* [count] */
    double *sum;     /* [count]: of x - centre */
    double least, greatest;
    /* Of atoms: the mean of those in each bin [count], the mean distance of the target's from that, and the
     * sum of the samples' distances from it. */
    double *home, spread, strayed;
    uint64_t faults; /* numbers that are NaN: nothing is known then */
} myr_bins;

#define MYR_BINS_PIECE (1 << 15)

typedef struct myr_marginal_bins {
    int dimension, threads;
    uint64_t total;                /* trajectories */
    myr_bins *bins;                /* [dimension] */
    int32_t place[MYR_BINS_PIECE]; /* of samples that are taken up together */
} myr_marginal_bins;

myr_status myr_marginal_bins_create(myr_context *context, const myr_target *target, int threads,
                                    myr_marginal_bins **bins);
void myr_marginal_bins_destroy(myr_marginal_bins *bins);

void myr_marginal_bins_add(myr_marginal_bins *bins, uint64_t count, const double *samples);

#endif
