/* Kernels made for the tests of device_on_host: one that is right, and the others each with one fault.
 * Every launcher returns what the launch said. */
#ifndef MYRIAD_PLANTED_KERNELS_H
#define MYRIAD_PLANTED_KERNELS_H

#include <cuda_runtime_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* out[blocks]: each block's sum of its threads' numbers, by shuffles and shared memory; votes[blocks]: how
 * many of them are odd, by votes and an atomic addition. Any number of threads. */
cudaError_t planted_sum(int blocks, int threads, int *d_out, int *d_votes);

cudaError_t planted_left_barrier(int threads);  /* thread 5 returns before the barrier */
cudaError_t planted_other_barrier(int threads); /* half of the threads wait at another barrier */
cudaError_t planted_left_lane(int threads);     /* lane 3 returns before the shuffle */
cudaError_t planted_missing_lane(int threads);  /* the mask names lanes that the block does not have */
cudaError_t planted_stray_lane(int threads);    /* the mask names lanes that wait at a barrier */
cudaError_t planted_outside_lane(int threads);  /* a lane reads one that its mask leaves out */
cudaError_t planted_unaligned_load(const float *d_in, float *d_out); /* __ldg of 16 bytes at d_in + 1 */
cudaError_t planted_unaligned_store(float *d_out);                   /* 16 bytes at d_out + 1 */
cudaError_t planted_overrun(int *d_out, int count);                  /* writes d_out[count] */
cudaError_t planted_shared_overrun(int index);                       /* writes shared[index] of 32 */
cudaError_t planted_unset_shared(float *d_out);    /* copies shared memory never written */
cudaError_t planted_race(int threads, int *d_out); /* reads a neighbour's number without a barrier */

#ifdef __cplusplus
}
#endif
#endif
