/* Denoisers that run fused, all rows of a slice in one kernel: what cuda_run.c asks of them. */
#ifndef MYRIAD_CUDA_FUSED_H
#define MYRIAD_CUDA_FUSED_H

#include "cuda_batch.h"
#include "cuda_cells.h"
#include "cuda_rows.h"
#include "pointwise.h"
#include "tables/mixture_table.h"

typedef struct myr_cuda_fused myr_cuda_fused;

/* A run, the denoiser's part filled in by its begin. */
struct myr_fused_run {
    const myr_job *job;
    const myr_cuda_fused *denoiser;
    myr_cuda_session session;
    myr_cuda_batch batch;
    int dimension;
    uint32_t begin, end; /* rows, of the plan's numbering */
    uint32_t window;     /* rows that can be on the device at a time */
    bool memory;         /* rows may have one */
    bool scratch;        /* the kernel's vectors are in device memory */
    bool in_block;       /* moments never leave the thread block */
    const double *enter,
        *leave;         /* means that states are relative to, before the first row and after the last one */
    const double *axes; /* of a Gaussian with axes of its own, else NULL; */
    float *d_axes;      /* then on the device, too */
    union {
        struct {
            myr_affine_table table;
            myr_cuda_cells cells;
        } affine;
        struct {
            myr_mixture_table table;
            myr_cuda_rows rows;
            uint32_t *d_thresholds;
        } mixture;
        struct {
            myr_row_table table;
            myr_cuda_rows rows;
        } pointwise;
    };
};

struct myr_cuda_fused {
    /* A step of a trajectory, in coordinates of a Gaussian. */
    double (*work)(const myr_target *target);
    /* Places the tables on the device, of so many bytes at a time; what it leaves behind when it fails, end takes. */
    myr_status (*begin)(myr_context *context, myr_fused_run *run, double window_bytes);
    void (*end)(myr_fused_run *run);
    /* Sees to it that `row` is on the device; *end becomes the number after the last one that is. */
    myr_status (*move)(myr_context *context, myr_fused_run *run, uint32_t row, uint32_t *end);
    /* Rows row … row + rows - 1, on the device, of the job's trajectories done … done + count - 1. */
    cudaError_t (*launch)(const myr_fused_run *run, uint64_t done, uint32_t count, uint32_t row,
                          uint32_t rows);
};

/* Where the kernel that ends a run leaves its chunks' moments: nowhere if others make them, of turned states or of chunks that
 * several thread blocks share. */
static inline myr_moment_node *myr_fused_nodes(const myr_fused_run *run, bool ends) {
    return ends && !run->d_axes && run->batch.spread == 1 ? run->batch.d_nodes : NULL;
}

extern const myr_cuda_fused myr_cuda_affine;
extern const myr_cuda_fused myr_cuda_mixture;
#define MYR_DECLARE_POINTWISE(name, D) extern const myr_cuda_fused myr_cuda_##name;
MYR_POINTWISE_LIST(MYR_DECLARE_POINTWISE)

#endif
