/* A run's work in batches of chunks and slices of rows, and what is kept on the device for a batch.
 *
 * The arrays of states are [chunk][dimension][MYR_CHUNK], as the kernels have them. */
#ifndef MYRIAD_CUDA_BATCH_H
#define MYRIAD_CUDA_BATCH_H

#include "cuda_backend.h"
#include "cuda_run.h"
#include "diffuse_launch.h"

/* What decides about sizes. */
typedef struct myr_cuda_work {
    int dimension;
    uint64_t count;  /* trajectories */
    uint32_t rows;   /* of a run */
    uint32_t window; /* those that can be in one slice */
    double step;     /* work of a trajectory's row, in rows of one coordinate of a Gaussian */
    bool keeps;      /* results are kept in device memory: for the caller, or for lack of room elsewhere */
    bool copies;     /* states come from the host, or go there */
    bool nodes;      /* moments are wanted */
    bool memory;     /* rows have a memory */
    bool scratch;    /* the kernel's vectors are in device memory */
    int threads;     /* of the host, for what is copied */
    bool turned;     /* results go through the target's axes */
    bool start_normals; /* given by the caller */
    size_t numbers;     /* of a trajectory's row that are given; 0: none */
} myr_cuda_work;

typedef struct myr_cuda_batch {
    uint32_t rows;   /* of a slice */
    bool split;      /* a run has more than one slice */
    uint32_t chunks; /* of a full batch: 2^height */
    uint32_t spread; /* thread blocks of a chunk; more than 1 leave moments to a launch of their own */
    int height;
    size_t states; /* floats of an array of states */
    int threads;
    /* NULL where there is no need. */
    float *d_state, *d_turned;
    float *d_memory; /* two arrays of states */
    float *d_scratch;
    float *d_start_normals, *d_noise;
    myr_moment_node *d_nodes, *d_merged;
    float *staging; /* on the host: an array of states, or the numbers of a slice if they are more */
} myr_cuda_batch;

/* Everything NULL on failure. */
myr_status myr_cuda_batch_create(myr_context *context, const myr_cuda_session *session,
                                 const myr_cuda_limits *limits, const myr_cuda_work *work,
                                 myr_cuda_batch *batch);
void myr_cuda_batch_destroy(const myr_cuda_session *session, myr_cuda_batch *batch);

/* The callers' numbers to d_to, [chunk][numbers][MYR_CHUNK], as myr_stage (staged.h) has them. */
myr_status myr_cuda_batch_give(myr_context *context, const myr_cuda_session *session,
                               const myr_cuda_batch *batch, const double *from, size_t stride,
                               size_t numbers, const double *less, uint32_t count, float *d_to);

#endif
