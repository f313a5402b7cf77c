/* The random numbers, for who wants to draw them again. Philox4x32-10:
 *
 *     key     = { seed low, seed high }
 *     counter = { block, stream, i low, i high }      i = trajectory
 *
 * Normal number j of a stream is component j mod 4 of block floor(j / 4). */
#ifndef MYRIAD_RANDOM_H
#define MYRIAD_RANDOM_H

#include "myriad/run.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MYR_STREAM_STEP 0     /* noise of the rows */
#define MYR_STREAM_START 1    /* the start x_T */
#define MYR_STREAM_TARGET 2   /* draws from a target */
#define MYR_STREAM_RESAMPLE 3 /* bootstrap and minibatch */
#define MYR_STREAM_RANKING 4  /* rankings drawn from rewards: myriad/policy.h */
#define MYR_STREAM_ANSWERS 5  /* answers drawn from a policy */
/* Of statistics (myriad/statistics.h): */
#define MYR_STREAM_LABEL 6     /* which component of a mixture a sample belongs to */
#define MYR_STREAM_EXACT 7     /* exact draws from a target */
#define MYR_STREAM_DIRECTION 8 /* directions, of seed 0 */
#define MYR_STREAM_BRIDGE 9    /* Brownian bridges */

/* options must not be NULL: their count says how long the array is. Errors: MYR_INVALID_ARGUMENT, MYR_NO_DEVICE,
 * MYR_DEVICE_ERROR, MYR_OUT_OF_MEMORY.
 *
 * Words of blocks block … block + blocks - 1 (no wrap past 2^32) of trajectories
 * first … first + count - 1: words[count][blocks][4]. backend, seed, first, count, threads and device
 * are taken from options. */
MYR_API myr_status myr_random_words(myr_context *context, const myr_run_options *options, uint32_t stream,
                                    uint32_t block, uint32_t blocks, uint32_t *words);

/* The normals made of them: normals[count][blocks][4]. The float backends' are floats, widened. */
MYR_API myr_status myr_random_normals(myr_context *context, const myr_run_options *options, uint32_t stream,
                                      uint32_t block, uint32_t blocks, double *normals);

#ifdef __cplusplus
}
#endif
#endif
