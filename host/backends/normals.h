/* Where the normals of a job's trajectories come from, for every backend: the one place to add another source. */
#ifndef MYRIAD_NORMALS_H
#define MYRIAD_NORMALS_H

#include "backend.h"

/* A stream of normals, number 0, 1 and so on of each trajectory: drawn from the generator, by the trajectory's index,
 * or given. */
typedef struct myr_normal_source {
    uint64_t seed;
    uint32_t stream;
    const double
        *given; /* number j of the job's trajectory n is given[n stride + j]; NULL: they are drawn */
    uint64_t stride;
} myr_normal_source;

/* Numbers of a row: slot by slot, coordinate by coordinate. Row k has the numbers from k times that on. */
static inline uint64_t myr_row_numbers(const myr_plan *plan) {
    return (uint64_t)plan->slots * (uint64_t)plan->dimension;
}

/* Those of the start, a coordinate each. */
static inline myr_normal_source myr_start_normals(const myr_job *job) {
    return (myr_normal_source){job->seed, MYR_STREAM_START, job->start_normals,
                               (uint64_t)job->plan->dimension};
}

/* Those of the rows. */
static inline myr_normal_source myr_step_normals(const myr_job *job) {
    return (myr_normal_source){job->seed, MYR_STREAM_STEP, job->noise,
                               (uint64_t)job->plan->steps * myr_row_numbers(job->plan)};
}

#endif
