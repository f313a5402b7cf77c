/* The features of a log-linear policy on the device. */
#ifndef MYRIAD_CUDA_LINEAR_H
#define MYRIAD_CUDA_LINEAR_H

#include "cuda_columns.h"

typedef struct myr_cuda_features {
    myr_cuda_columns columns;
    float *d_theta; /* of all replicates, rounded to float */
} myr_cuda_features;

enum {
    MYR_CUDA_DELTA,
    MYR_CUDA_REFERENCE,
    MYR_CUDA_WEIGHT
}; /* columns; no reference: it counts for nothing */

/* In windows of whole units of rows; drop also after a failure. */
myr_status myr_cuda_features_place(myr_context *context, const myr_linear_job *job,
                                   const myr_cuda_session *session, uint64_t unit,
                                   myr_cuda_features *features);
void myr_cuda_features_drop(const myr_cuda_session *session, myr_cuda_features *features);

#endif
