/* The launcher of chains; see launch.h. */
#ifndef MYRIAD_CHAIN_LAUNCH_H
#define MYRIAD_CHAIN_LAUNCH_H

#include "chunk_moments.h"
#include "word_launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Steps row … row + rows - 1 of a chain (chain_step.h) for the trajectories first … first + count - 1, in
 * chunks of MYR_CHUNK; word number k of a trajectory's stream 0 is for step k. States are numbers 1 …
 * states. */
typedef struct myr_device_chain {
    myr_device_keys keys;
    uint64_t first;
    uint32_t count; /* at most 2^31 */
    uint32_t row, rows;
    int states, width;
    int draw_start;           /* 1: begin at the start's draw; 0: at what d_state holds */
    const int32_t *d_start;   /* [width] */
    const int32_t *d_steps;   /* [rows][states][width]: those of row on */
    float *d_state;           /* [chunk][MYR_CHUNK]: left there */
    myr_moment_node *d_nodes; /* [chunks], moments at the end; NULL: none */
} myr_device_chain;

cudaError_t myr_launch_chain(const myr_device_chain *slice, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
