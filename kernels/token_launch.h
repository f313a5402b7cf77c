/* The launchers of kernels over rows of logits and over tokens; as in launch.h. */
#ifndef MYRIAD_TOKEN_LAUNCH_H
#define MYRIAD_TOKEN_LAUNCH_H

#include <cuda_runtime_api.h>
#include <stddef.h>

#include "backends/token_result.h"
#include "policy_token.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct myr_device_rows {
    void *d_logits; /* [rows][vocabulary] */
    int type;       /* myr_dtype: MYR_F64 … MYR_F16 */
    float lowest;   /* logit that is taken: MYR_LOGIT_LOWEST_… */
    int labels_type;
    uint64_t vocabulary;
    uint32_t rows;         /* at most 2^31 - 1 */
    const void *d_labels;  /* of row i: element d_index[i], or i where that is NULL */
    const uint8_t *d_mask; /* likewise; NULL: all rows count */
    const uint64_t *d_index;
    myr_row_result *d_results; /* [rows] */
    const float *d_upstream;   /* [rows], for the gradient */
} myr_device_rows;

cudaError_t myr_launch_rows(const myr_device_rows *rows, cudaStream_t stream);

/* The gradient, over the logits; 0 in rows that do not count. */
cudaError_t myr_launch_row_gradient(const myr_device_rows *rows, cudaStream_t stream);

/* Rows of width elements, from d_all[d_index[i]] of type MYR_F32, MYR_BF16 or MYR_F16 to floats d_some[i];
 * 16-bit floats as they are; or floats back. */
cudaError_t myr_launch_gather(const void *d_all, int type, const uint64_t *d_index, uint32_t rows,
                              uint64_t width, float *d_some, cudaStream_t stream);
cudaError_t myr_launch_gather_narrow(const uint16_t *d_all, const uint64_t *d_index, uint32_t rows,
                                     uint64_t width, uint16_t *d_some, cudaStream_t stream);
cudaError_t myr_launch_scatter(const float *d_some, const uint64_t *d_index, uint32_t rows, uint64_t width,
                               float *d_all, cudaStream_t stream);

/* A part of floats in 16 bits: of each x, p = round(factor x), MYR_BF16 or MYR_F16, and if rest is not 0 then
 * x - p/factor, exactly, in its place. factor is a power of two, |factor x| < 2^15 for MYR_F16. Parts of what the
 * part before has left add up to x:
 *
 *     MYR_BF16, three parts of any factor     x, if it is a multiple of 2^-126
 *     MYR_F16, factors 2^(s + 11 k), k < 3    x within 2^(-47 - s); x, if it is a multiple of 2^(-46 - s)
 *
 * for three parts have 24 and 33 bits, and a float has 24. */
#define MYR_SPLIT_AT_ONCE 262144 /* numbers, a thread each; of more a thread has several */
cudaError_t myr_launch_split(float *d_x, int type, float factor, int rest, uint64_t count, uint16_t *d_part,
                             cudaStream_t stream);

/* Sequences of tokens. */
typedef struct myr_device_policy {
    myr_policy_view view;
    uint32_t sequences;       /* at most 2^31 - 1 */
    const uint64_t *d_starts; /* [sequences + 1] */
    const float *d_factor;    /* [sequences]: of the gradient; NaN: the tokens are not read, gradient 0 */
    myr_policy_sums *d_sums;  /* [sequences] */
} myr_device_policy;

cudaError_t myr_launch_policy(const myr_device_policy *policy, cudaStream_t stream);

/* The tokens that the mask counts, [sequences]. */
cudaError_t myr_launch_policy_tokens(const myr_device_policy *policy, double *d_tokens,
                                     cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
