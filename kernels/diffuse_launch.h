/* The launchers of trajectories whose rows all run in one kernel; see launch.h. */
#ifndef MYRIAD_DIFFUSE_LAUNCH_H
#define MYRIAD_DIFFUSE_LAUNCH_H

#include "affine_row.h"
#include "chunk_moments.h"
#include "pointwise.h"
#include "step_row.h"
#include "word_launch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Cells as the device reads them, 16 bytes at a time, but for single myr_affine_cell. Small: a four is the
 * rows of numbers 4 n … 4 n + 3. */
typedef struct myr_device_four {
    myr_affine_cell cell[4];
} myr_device_four;

typedef struct myr_device_general {
    myr_affine_general cell;
    float unused[2];
} myr_device_general;

/* Rows row … row + rows - 1 for the trajectories first … first + count - 1, in chunks of MYR_CHUNK. The
 * arrays of states are [chunk][dimension][MYR_CHUNK]. */
typedef struct myr_device_slice {
    myr_device_keys keys;
    uint64_t first;
    uint32_t count; /* at most 2^31 */
    uint32_t
        spread; /* thread blocks that share a chunk, where few trajectories would leave most of the device idle; more
                        than 1: d_nodes is NULL */
    uint32_t row, rows;
    int dimension;
    int columns; /* of cells: 1, or dimension */
    int slots;   /* normals a coordinate and row: pre-noise, then noise */
    int pre_noise, noise;
    int general;                /* cells are general */
    int fast;                   /* the special-function unit, else exact arithmetic */
    int draw_start;             /* 1: begin at the start's draw; 0: at what d_state (and d_memory) hold */
    const void *d_cells;        /* those of row on; see myr_launch_small and myr_launch_any */
    const float *d_start_scale; /* [dimension] */
    const float
        *d_start_normals;     /* given, an array of states; NULL: made. Only myr_launch_any takes them */
    const float *d_noise;     /* likewise, [chunk][rows][slots][dimension][MYR_CHUNK]; fast is then 0 */
    float *d_state;           /* left there; myr_launch_small of dimension 1 takes NULL for nowhere */
    float *d_memory;          /* d1~ and d2~, two arrays of states; NULL unless rows are split */
    size_t memory_stride;     /* floats between the two */
    int fresh_memory;         /* 1 in the first slice, where they begin at 0 */
    myr_moment_node *d_nodes; /* [dimension][chunks], moments at the end; NULL: none */
} myr_device_slice;

/* Coordinates that myr_launch_small takes. */
#define MYR_SMALL_DIMENSION 3

/* Simple cells, dimension 1 … MYR_SMALL_DIMENSION; row and rows multiples of 4; d_cells is
 * myr_device_four [rows / 4][dimension]. */
cudaError_t myr_launch_small(const myr_device_slice *slice, cudaStream_t stream);

/* Any table, any dimension, any rows; d_cells is myr_affine_cell or myr_device_general [rows][columns]. */
cudaError_t myr_launch_any(const myr_device_slice *slice, cudaStream_t stream);

/* Rows row … row + rows - 1 of a target whose denoiser is not folded into them, as myr_device_slice has them; any dimension
 * up to 64. */
typedef struct myr_device_row_slice {
    myr_device_keys keys;
    uint64_t first;
    uint32_t count; /* at most 2^31 */
    uint32_t spread;
    uint32_t row, rows;
    int dimension;
    int slots, pre_noise, noise;
    int memory;     /* some row has P or Q */
    int two_stages; /* some row has a second stage */
    int fast;
    int draw_start;
    const myr_step *d_steps; /* those of row on */
    const float *d_levels;   /* [rows][row_floats]: a row's one or two levels, as the denoiser reads them */
    size_t row_floats, level_floats;
    const float *d_mean;                       /* [dimension] */
    const float *d_start_mean, *d_start_scale; /* [1, or components][dimension] */
    /* Of a mixture: components, and which one a trajectory begins in, [choices]; NULL: there is one start. */
    int components;
    const uint32_t *d_thresholds;
    int choices;
    const float *d_start_normals;
    const float *d_noise;
    /* Vectors, [chunks][MYR_ROW_VECTORS][dimension][MYR_PARTIALS]. NULL: they are in registers, in up
     * to MYR_SMALL_DIMENSION dimensions and with normals that are made. */
    float *d_scratch;
    float *d_state;
    float *d_memory;
    size_t memory_stride;
    int fresh_memory;
    myr_moment_node *d_nodes;
} myr_device_row_slice;

#define MYR_ROW_VECTORS 6

cudaError_t myr_launch_mixture(const myr_device_row_slice *slice, cudaStream_t stream);

/* Those of pointwise.h. */
#define MYR_POINTWISE_LAUNCHER(name, D) \
    cudaError_t myr_launch_##name(const myr_device_row_slice *slice, cudaStream_t stream);
MYR_POINTWISE_LIST(MYR_POINTWISE_LAUNCHER)

/* d_turned = d_axes d_state, a trajectory at a time, as affine_row.h orders it; arrays of states as above,
 * d_axes [dimension][dimension]. d_nodes: as above, of the turned ones. */
typedef struct myr_device_turned {
    uint32_t count;
    int dimension;
    const float *d_axes, *d_state;
    float *d_turned;
    myr_moment_node *d_nodes;
} myr_device_turned;

cudaError_t myr_launch_turn(const myr_device_turned *turned, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
