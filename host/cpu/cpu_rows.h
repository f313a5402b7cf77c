/* A job's rows on the cpu, batch by batch. */
#ifndef MYRIAD_CPU_ROWS_H
#define MYRIAD_CPU_ROWS_H

#include "cpu_denoiser.h"
#include "plans/mean_path.h"

typedef struct myr_cpu_rows {
    const myr_job *job;
    const myr_lanes_isa *isa;
    int threads;
    bool stepwise; /* rows are run one by one, with a look at the states between them */
    const myr_cpu_denoiser *denoiser;
    const myr_lanes_denoiser *lanes; /* its loops */
    myr_lanes_table table;
    const double *enter,
        *leave;         /* means that states are relative to, before the first row and after the last one */
    const float *axes;  /* what results are turned by; NULL: nothing */
    double *level;      /* stepwise: what the states of a level are relative to, [dimension] */
    myr_mean_path path; /* stepwise: of a Gaussian, where that comes from */
    uint64_t batch;     /* trajectories of a full batch, a multiple of MYR_CHUNK */
    float *values;      /* [dimension][batch]: states, in the end results relative to leave */
    float *memory;      /* [2][dimension][batch]: d1~ and d2~ from window to window; NULL: not kept */
    size_t thread_rows; /* of scratch: MYR_LANE_WORK of [dimension], and the denoiser's own */
    myr_lane_row *scratch; /* [threads][thread_rows] */
} myr_cpu_rows;

/* Makes the tables and the buffers: for myr_cpu_rows_run, or stepwise for myr_cpu_rows_step. End it with
 * myr_cpu_rows_end, unless it fails. */
myr_status myr_cpu_rows_begin(myr_context *context, myr_cpu_rows *rows, const myr_lanes_isa *isa,
                              const myr_job *job, bool stepwise);
void myr_cpu_rows_end(myr_cpu_rows *rows);

/* Runs the job's trajectories number done … done + count - 1, count at most the batch, to values; tells the
 * caller how far the run is. */
myr_status myr_cpu_rows_run(myr_context *context, myr_cpu_rows *rows, uint64_t done, uint64_t count);

/* One row of them, the job's rows in turn. The level that it leads to goes to levels, which is
 * [count][stride] from the first of these trajectories on. */
myr_status myr_cpu_rows_step(myr_context *context, myr_cpu_rows *rows, uint64_t done, uint64_t count,
                             int64_t row, double *levels, size_t stride);

#endif
