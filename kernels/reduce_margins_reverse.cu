/* Pairs, losses of the margin alone: the difference of log ratios. */
#include "reduce_pairs.cuh"

#define MYR_KERNEL_OF(name, traits, help) MYR_PAIR_KERNEL(name, reverse_kl)
MYR_MARGIN_LOSS_LIST(MYR_KERNEL_OF)

#define MYR_CASE_OF(name, traits, help) MYR_PAIR_CASE(name, reverse_kl)

extern "C" cudaError_t myr_launch_margins_reverse_kl(const myr_pair_view *view, uint64_t count,
                                                     double *d_sums, unsigned long long *d_bad,
                                                     cudaStream_t stream) {
    MYR_MARGIN_LOSS_LIST(MYR_CASE_OF)
    return cudaErrorInvalidValue;
}
