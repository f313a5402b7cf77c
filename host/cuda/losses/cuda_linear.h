/* The features of a log-linear policy on the device. */
#ifndef MYRIAD_CUDA_LINEAR_H
#define MYRIAD_CUDA_LINEAR_H

#include "cuda_reductions.h"

typedef struct myr_cuda_features {
    const void *d_delta, *d_reference, *d_weight; /* reference NULL: it counts for nothing */
    float *d_theta;                               /* of all replicates, rounded to float */
    void *owned[4];
} myr_cuda_features;

/* drop also after a failure. */
myr_status myr_cuda_features_place(myr_context *context, const myr_linear_job *job,
                                   const myr_cuda_session *session, myr_cuda_features *features);
void myr_cuda_features_drop(const myr_cuda_session *session, myr_cuda_features *features);

#endif
