/* RLVR's tokens: log-probabilities to sums and gradients, every number read once. A thread block is a
 * sequence; thread p owns partial sum p of each, in the order of policy.h. */
#include "token_launch.h"

#include "reduce_chunk.cuh"
#include "store.h"

static __global__ void __launch_bounds__(MYR_PARTIALS, 4) policy_tokens(const myr_device_policy policy) {
    __shared__ double shared[MYR_PARTIALS];
    const myr_policy_view *view = &policy.view;
    const uint64_t end = policy.d_starts[blockIdx.x + 1];
    const float factor = policy.d_factor[blockIdx.x];
    const int reads = factor == factor;
    double objective = 0.0, tokens = 0.0, capped = 0.0, bad = 0.0;
#pragma unroll 2
    for (uint64_t t = policy.d_starts[blockIdx.x] + threadIdx.x; t < end; t += MYR_PARTIALS) {
        float gradient = 0.0f;
        if (reads && (!view->mask || view->mask[t])) {
            const size_t i = (size_t)t;
            const myr_policy_token token = myr_policy_token_make(
                myr_load_float(view->log_probs, view->type, i),
                myr_load_float(view->old_log_probs, view->type, i),
                myr_load_difference(view->log_probs, view->old_log_probs, view->type, i), view->cap);
            objective += (double)token.weight * (double)token.now;
            tokens += 1.0;
            capped += token.capped ? 1.0 : 0.0;
            bad += token.bad ? 1.0 : 0.0;
            gradient = factor * token.weight;
        }
        if (view->gradient)
            myr_store_float(view->gradient, view->gradient_type, (size_t)t, gradient);
    }
    myr_policy_sums sums;
    sums.objective = myr_halve(objective, shared);
    sums.tokens = myr_halve(tokens, shared);
    sums.capped = myr_halve(capped, shared);
    sums.bad = myr_halve(bad, shared) != 0.0;
    if (threadIdx.x == 0)
        policy.d_sums[blockIdx.x] = sums;
}

static __global__ void __launch_bounds__(MYR_PARTIALS)
    count_tokens(const myr_device_policy policy, double *tokens) {
    __shared__ double shared[MYR_PARTIALS];
    const uint64_t end = policy.d_starts[blockIdx.x + 1];
    double count = 0.0;
    for (uint64_t t = policy.d_starts[blockIdx.x] + threadIdx.x; t < end; t += MYR_PARTIALS)
        count += policy.view.mask[t] ? 1.0 : 0.0;
    count = myr_halve(count, shared);
    if (threadIdx.x == 0)
        tokens[blockIdx.x] = count;
}

extern "C" cudaError_t myr_launch_policy(const myr_device_policy *policy, cudaStream_t stream) {
    return MYR_LAUNCH(policy_tokens, policy->sequences, MYR_PARTIALS, 0, stream, *policy);
}

extern "C" cudaError_t myr_launch_policy_tokens(const myr_device_policy *policy, double *d_tokens,
                                                cudaStream_t stream) {
    return MYR_LAUNCH(count_tokens, policy->sequences, MYR_PARTIALS, 0, stream, *policy, d_tokens);
}
