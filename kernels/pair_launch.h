/* The launcher of the reduction over pairs; see launch.h. */
#ifndef MYRIAD_PAIR_LAUNCH_H
#define MYRIAD_PAIR_LAUNCH_H

#include <cuda_runtime_api.h>

#include "backends/loss_list.h"
#include "pair_view.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every pointer of the view is the device's. d_sums: [chunks][MYR_SUMS], 0 for those not wanted. *d_bad, 0
 * before, becomes the complement of the first bad row if there is one. */
cudaError_t myr_launch_pairs(const myr_pair_view *view, uint64_t count, double *d_sums,
                             unsigned long long *d_bad, cudaStream_t stream);

/* The same for one family: losses of the margin, by a divergence each, and the others. */
#define MYR_MARGINS_LAUNCHER(name, help)                                                             \
    cudaError_t myr_launch_margins_##name(const myr_pair_view *view, uint64_t count, double *d_sums, \
                                          unsigned long long *d_bad, cudaStream_t stream);
MYR_DIVERGENCE_LIST(MYR_MARGINS_LAUNCHER)
#undef MYR_MARGINS_LAUNCHER
cudaError_t myr_launch_answers(const myr_pair_view *view, uint64_t count, double *d_sums,
                               unsigned long long *d_bad, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
