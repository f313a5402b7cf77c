/* Pairs, losses of the margin alone: that of an alpha divergence. */
#include "reduce_pairs.cuh"

#define MYR_KERNEL_OF(name, traits, help) MYR_PAIR_KERNEL(name, alpha_divergence)
MYR_DIVERGENT_LOSS_LIST(MYR_KERNEL_OF)

#define MYR_CASE_OF(name, traits, help) MYR_PAIR_CASE(name, alpha_divergence)

extern "C" cudaError_t myr_launch_margins_alpha_divergence(const myr_pair_view *view, uint64_t count,
                                                           double *d_sums, unsigned long long *d_bad,
                                                           cudaStream_t stream) {
    MYR_DIVERGENT_LOSS_LIST(MYR_CASE_OF)
    return cudaErrorInvalidValue;
}
