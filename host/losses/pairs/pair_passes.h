/* The reduction over pairs in passes over the chunks, common to the backends that compute in float: where
 * weights, tokens or the batch's own shift matter, a survey comes first. */
#ifndef MYRIAD_PAIR_PASSES_H
#define MYRIAD_PAIR_PASSES_H

#include "backends/reductions.h"
#include "pair_view.h"

/* Runs the view over the batch: the sums that it wants, [MYR_SUMS], and the first bad row, or UINT64_MAX.
 */
typedef struct myr_pair_runner {
    myr_status (*run)(void *user, const myr_pair_view *view, double *sums, uint64_t *bad);
    void *user;
} myr_pair_runner;

/* The job's columns as the float backends see them; no pass is chosen. */
myr_pair_view myr_pair_view_make(const myr_pair_job *job);

/* The passes that the job needs, over a view made for it (whose pointers may have been exchanged). */
myr_status myr_pair_passes(const myr_pair_job *job, myr_pair_view view, const myr_pair_runner *runner,
                           myr_pair_sums *sums, uint64_t *bad);

#endif
