/* Runs on the device a step at a time, over denoisers that take all trajectories at once. The limits show in no result but
 * through the bits of cuBLAS' products; tests set small ones. */
#ifndef MYRIAD_CUDA_BATCHED_H
#define MYRIAD_CUDA_BATCHED_H

#include "batch_launch.h"
#include "cuda_backend.h"
#include "cuda_turns.h"
#include "tables/row_table.h"

typedef struct myr_batched_limits {
    uint32_t lanes;     /* trajectories of an evaluation, a multiple of MYR_BATCH_WIDTH that divides 2^32 */
    int64_t tile;       /* points of a product at most */
    double state_bytes; /* results that a batch may keep on the device, if that is a chunk */
} myr_batched_limits;

extern const myr_batched_limits myr_batched_usual_limits;

typedef struct myr_cuda_batched myr_cuda_batched;

/* A run as the denoiser sees it. */
typedef struct myr_batched_run {
    const myr_job *job;
    const myr_cuda_batched *denoiser;
    const myr_batched_limits *limits;
    myr_cuda_session session; /* its stream is the one that everything is queued on */
    void *content;            /* the denoiser's */
    myr_row_table *rows;      /* in the content */
    myr_device_batch device;
    uint32_t batch; /* trajectories of a full batch, a multiple of MYR_CHUNK */
    float *d_path, *d_states, *d_total, *d_values;
    float *d_given; /* a row's normals where they are given, [slots or 1][dimension][lanes]; else NULL */
    myr_moment_node *d_nodes;
    float *staging; /* on the host: a batch's states */
    myr_cuda_turns turns;
    myr_moment_node *nodes;
} myr_batched_run;

/* A denoiser of many trajectories. What it is given and gives is in device memory, of which the work that is queued on the
 * run's stream decides; one that works on the host waits for the stream, and copies. */
struct myr_cuda_batched {
    /* Makes the content, rows in it, and places it on the device; what it leaves behind when it fails, end takes. */
    myr_status (*begin)(myr_context *context, myr_batched_run *run);
    void (*end)(myr_batched_run *run);
    /* Draws the start to device.d_state; NULL: it is the plan's. */
    cudaError_t (*start)(const myr_batched_run *run, myr_device_normals_of z);
    /* d_sum / device.d_total = D(x~) at a level of the rows, for x~ in d_x; both [dimension][lanes]. */
    myr_status (*denoise)(myr_context *context, const myr_batched_run *run, const float *level,
                          const float *d_x, float *d_sum);
};

extern const myr_cuda_batched myr_cuda_empirical;

myr_status myr_cuda_batched_range(myr_context *context, const myr_batched_limits *limits,
                                  const myr_job *job, myr_range *range);
myr_status myr_cuda_batched_states(myr_context *context, const myr_batched_limits *limits,
                                   const myr_job *job, double *states);

#endif
