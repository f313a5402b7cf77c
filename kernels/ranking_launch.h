/* The launchers of the reduction over rankings; see launch.h. */
#ifndef MYRIAD_RANKING_LAUNCH_H
#define MYRIAD_RANKING_LAUNCH_H

#include <cuda_runtime_api.h>

#include "ranking.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every pointer of the view is the device's. d_sums: [chunks][MYR_RANKED_SUMS]. *d_bad, 0 before, becomes
 * the complement of the first bad ranking if there is one. */
cudaError_t myr_launch_rankings(const myr_ranking_view *view, double *d_sums, unsigned long long *d_bad,
                                cudaStream_t stream);

/* The chunks' sums of weights, [chunks]; those refused likewise. */
cudaError_t myr_launch_ranking_weights(const myr_ranking_view *view, double *d_sums,
                                       unsigned long long *d_bad, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
