/* The launchers of losses of log-linear policies; see launch.h. */
#ifndef MYRIAD_LINEAR_LAUNCH_H
#define MYRIAD_LINEAR_LAUNCH_H

#include "launch.h"
#include "linear_shape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One loss; every pointer is the device's. */
typedef struct myr_device_linear {
    const float *d_delta;    /* [count][parameters] */
    const float *d_theta;    /* [parameters] */
    const void *d_reference; /* margins; NULL: 0 */
    const void *d_weight;    /* NULL: 1 */
    int reference_type, weight_type;
    uint64_t count;
    int parameters;
    int gradient; /* whether it is wanted */
    int kind;     /* of the loss */
    myr_loss_constants constants;
    myr_linear_shape shape;
} myr_device_linear;

/* Doubles of a node: its sums and, if wanted, the gradient's. */
static MYR_HD size_t myr_linear_node(const myr_device_linear *linear) {
    return MYR_MARGIN_SUMS + (linear->gradient ? (size_t)linear->parameters : 0);
}

/* A chunk of rows a thread block: d_nodes [chunks][node]. *d_bad, 0 before, becomes the complement of the
 * first bad row if there is one. */
cudaError_t myr_launch_linear(const myr_device_linear *linear, double *d_nodes, unsigned long long *d_bad,
                              cudaStream_t stream);

/* Adds groups of MYR_NODE_GROUP nodes in the binary tree: d_nodes [count][node] to d_merged
 * [ceil(count / group)][node]. */
#define MYR_NODE_GROUP 256
cudaError_t myr_launch_add_nodes(const double *d_nodes, uint64_t count, size_t node, double *d_merged,
                                 cudaStream_t stream);

/* Elements of any type as floats. */
cudaError_t myr_launch_to_float(const void *d_from, int type, uint64_t count, float *d_to,
                                cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
