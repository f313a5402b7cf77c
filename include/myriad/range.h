/* Ranges: the moments of a run over a range of trajectories, in a form that joins.
 *
 * A run's moments are those of chunks of 4,096 trajectories, merged in a fixed binary tree over the chunks of
 * all trajectories there are. A range is the nodes of that tree that make it up, some 2 log2(chunks) of them,
 * relative to the mean path of the plan, which is added when the moments are read. So ranges that are cut at
 * multiples of 4,096 from a run's first trajectory join to the bits of that run, its checksum included:
 * whatever the cuts, in whatever order neighbours are joined, and whichever backend in exact arithmetic, or
 * which machine, ran each. */
#ifndef MYRIAD_RANGE_H
#define MYRIAD_RANGE_H

#include "myriad/run.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MYR_RANGE_CHUNK 4096 /* ranges are cut at multiples of it, from the first trajectory on */

typedef struct myr_range myr_range;

/* As myr_run_moments, but leaves a range: free it with myr_range_destroy. The report's checksum is that of its
 * moments. options and report may be NULL. */
MYR_API myr_status myr_run_range(myr_context *context, const myr_plan *plan, const myr_target *target,
                                 const myr_run_options *options, myr_range **range, myr_report *report);

/* Appends the range that follows, right, which stays as it is, to left. Both are of the same seed, plan and
 * target; left holds a multiple of MYR_RANGE_CHUNK trajectories, and right begins where it ends. Errors:
 * MYR_INVALID_ARGUMENT (they are no such neighbours, with the reason), MYR_OUT_OF_MEMORY; left is then as it
 * was. Of the plan and the target only the dimension and the mean path are compared. */
MYR_API myr_status myr_range_join(myr_context *context, myr_range *left, const myr_range *right);

/* Its moments, moments[dimension]. NULL for either: nothing is done. */
MYR_API void myr_range_moments(const myr_range *range, myr_moment *moments);

/* Their checksum, as in the report; that of nothing for NULL. */
MYR_API uint64_t myr_range_checksum(const myr_range *range);

/* Index of its first trajectory, their number, and the coordinates of each; 0 for NULL. */
MYR_API uint64_t myr_range_first(const myr_range *range);
MYR_API uint64_t myr_range_count(const myr_range *range);
MYR_API int myr_range_dimension(const myr_range *range);

/* Frees it. NULL is allowed. */
MYR_API void myr_range_destroy(myr_range *range);

#ifdef __cplusplus
}
#endif
#endif
