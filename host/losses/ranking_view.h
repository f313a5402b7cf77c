/* What cpu and cuda make of a job over rankings, and of the chunks' sums. */
#ifndef MYRIAD_RANKING_VIEW_H
#define MYRIAD_RANKING_VIEW_H

#include "backends/reductions.h"
#include "ranking.h"

/* The job's arrays where they are; the scale is still wanting. */
myr_ranking_view myr_ranking_view_make(const myr_ranking_job *job);

/* Fills in all sums but the weight, from [chunks][MYR_RANKED_SUMS]. */
void myr_ranking_take_sums(const double *chunks, size_t count, myr_ranking_sums *sums);

#endif
