/* The launchers of many losses of log-linear policies: what lies between the products of matrices; see
 * launch.h. */
#ifndef MYRIAD_MANY_LAUNCH_H
#define MYRIAD_MANY_LAUNCH_H

#include "chunk_moments.h"
#include "linear_launch.h"
#include "word_launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A tile of replicates, a slice of pairs; every pointer is the device's. */
typedef struct myr_device_many {
    myr_device_keys keys;
    const float *d_margins; /* u: [replicates][stride], or of the one theta [stride] */
    int each_theta;
    const void *d_reference, *d_weight; /* of the slice's pairs, as in myr_device_linear */
    int reference_type, weight_type;
    const myr_loss_constants *d_constants; /* [replicates], or the one beta's */
    int each_beta;
    int bootstrap;
    int kind;       /* of the loss */
    uint64_t first; /* pair of the slice */
    uint32_t count; /* of pairs; at most the stride */
    uint32_t stride;
    uint32_t number; /* of the generator: the tile's first replicate's */
    uint32_t replicates;
    float *d_slopes; /* v L': [replicates][stride] */
    double *d_sums;  /* [myr_many_blocks][replicates][MYR_MARGIN_SUMS] */
} myr_device_many;

static inline uint32_t myr_many_blocks(uint32_t count) {
    return (count + MYR_CHUNK - 1) / MYR_CHUNK;
}

cudaError_t myr_launch_many(const myr_device_many *many, unsigned long long *d_bad, cudaStream_t stream);

/* to[i] += parts[0][i] + parts[1][i] …, one after the other; [count][elements]. */
cudaError_t myr_launch_add_doubles(const double *d_parts, uint32_t count, size_t elements, double *d_to,
                                   cudaStream_t stream);
cudaError_t myr_launch_add_floats(const float *d_parts, uint32_t count, size_t elements, double *d_to,
                                  cudaStream_t stream);

/* Each replicate's gradient over its weight, as elements of MYR_F64 or MYR_F32: d_gradient [replicates]
 * [parameters], d_sums [replicates][MYR_MARGIN_SUMS]. */
cudaError_t myr_launch_many_mean(const double *d_gradient, const double *d_sums, uint32_t replicates,
                                 int parameters, void *d_to, int type, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
