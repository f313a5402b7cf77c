/* The launcher of the reduction over pairs: which family's kernel it is. */
#include "backends/loss_list.h"
#include "pair_launch.h"

#define MYR_DIVERGENCE_CASE(name, help)                                              \
    if (view->kind < MYR_MARGIN_LOSSES && view->divergence == MYR_DIVERGENCE_##name) \
        return myr_launch_margins_##name(view, count, d_sums, d_bad, stream);

cudaError_t myr_launch_pairs(const myr_pair_view *view, uint64_t count, double *d_sums,
                             unsigned long long *d_bad, cudaStream_t stream) {
    MYR_DIVERGENCE_LIST(MYR_DIVERGENCE_CASE)
    return myr_launch_answers(view, count, d_sums, d_bad, stream);
}
