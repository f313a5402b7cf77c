/* Pairs, losses of w and l in other ways than by their margin. */
#include "reduce_pairs.cuh"

#define MYR_KERNEL_OF(name, traits, help) MYR_PAIR_KERNEL(name, reverse_kl)
MYR_ANSWER_LOSS_LIST(MYR_KERNEL_OF)

#define MYR_CASE_OF(name, traits, help) MYR_PAIR_CASE(name, reverse_kl)

extern "C" cudaError_t myr_launch_answers(const myr_pair_view *view, uint64_t count, double *d_sums,
                                          unsigned long long *d_bad, cudaStream_t stream) {
    MYR_ANSWER_LOSS_LIST(MYR_CASE_OF)
    return cudaErrorInvalidValue;
}
