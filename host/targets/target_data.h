/* Targets, for the library's own files: content, and a table of operations on it.
 *
 * Adding a target is a file target_NAME.c, which reads, checks and frees it and is its operations; its line in
 * target_list.h; its denoisers: a function, and its line, in reference/reference_denoise.c, and what the fast
 * backends run for it. Nobody asks which target it is but a backend, in one list. */
#ifndef MYRIAD_TARGET_DATA_H
#define MYRIAD_TARGET_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "myriad/target.h"
#include "target_list.h"

/* Numbers of a target stay below this size, so that their products with a table stay finite. */
#define MYR_LARGEST_NUMBER 1e30

typedef struct myr_gaussian myr_gaussian; /* gaussian.h */
typedef struct myr_discrete myr_discrete; /* discrete.h */
struct myr_json;                          /* io/json_fields.h */
struct myr_marginal;                      /* marginal.h */

/* What a target is and can do. An operation that is NULL is one that the target lacks. */
typedef struct myr_target_operations {
    const char *type; /* as files and people name it */
    const char *help;
    int most; /* coordinates */

    /* It is read from a JSON object whose field "type" says so, or from files whose names end in that. */
    myr_status (*read)(const struct myr_json *json, myr_target **target);
    const char *extension;
    myr_status (*load)(myr_context *context, const char *path, myr_target **target);
    void (*free_content)(void *content); /* what the content points at */
    /* Small ones that verification and the tests take, number index; none and MYR_OK past the last. */
    myr_status (*example)(myr_context *context, int index, myr_target **target);

    /* Its axes, if the denoiser is affine: then there are exact answers, and Var(x0 | x) in closed form. */
    const myr_gaussian *(*affine)(const myr_target *target);
    /* Its states and transition matrices, if it is run by a chain and has no denoiser. */
    const myr_discrete *(*chain)(const myr_target *target);
    /* Its law is a mixture: so many normals, and mean and variance of coordinate c of number j. */
    int (*normals)(const myr_target *target);
    void (*normal)(const myr_target *target, int j, int c, double *mean, double *variance);
    /* Draw number index of the seed from stream MYR_STREAM_EXACT: x[dimension]. */
    void (*draw)(const myr_target *target, uint64_t seed, uint64_t index, double *x);
    /* Its law on a line: of a coordinate, or if direction is not NULL of direction[dimension] · x0. */
    myr_status (*marginal)(myr_context *context, const myr_target *target, int coordinate,
                           const double *direction, struct myr_marginal *marginal);
    double (*covariance)(const myr_target *target, int i, int j);
    /* If its denoiser is pointwise code of kernels/pointwise.h: the floats that this reads at a level (a, s), so many. */
    int level_floats;
    void (*write_level)(const myr_target *target, double a, double s, float *level);
    /* Cells that samples belong to, components or states: how many, and the number that people give the first. */
    int (*cells)(const myr_target *target);
    int first_cell;
    /* Their probabilities, and constants that find_cell() wants, [cells] each; the cell of a trajectory's sample,
     * from 0, -1: none. */
    void (*weigh_cells)(const myr_target *target, double *weight, double *constant);
    int (*find_cell)(const myr_target *target, const double *constant, uint64_t seed, uint64_t trajectory,
                     const double *x);
    /* The start "exact" is in one of its components (points), which stream 2 chooses. */
    bool starts_in_component;
    /* It goes through matrix products, whose bits no library promises: not the same on every processor. */
    bool batched;
} myr_target_operations;

#define MYR_DECLARE_TARGET(name) extern const myr_target_operations myr_target_##name;
MYR_TARGET_LIST(MYR_DECLARE_TARGET)

struct myr_target {
    const myr_target_operations *operations;
    int dimension;
    double *mean, *variance; /* of x0, [dimension] */
    void *
        content; /* what is the operations' own: gaussian.h, mixture.h, empirical.h, discrete.h; a ring's radius */
};

/* The operations in the order of their list; NULL past the end. */
const myr_target_operations *myr_target_operations_at(int index);

/* An empty target with room for its content, all 0, after checking the place for it and the dimension. */
myr_status myr_target_allocate(myr_context *context, const myr_target_operations *operations, int dimension,
                               size_t content_bytes, myr_target **target);

/* That an operation is not there, in a line that names both. */
myr_status myr_target_lacks(myr_context *context, const myr_target *target, const char *operation);
#ifdef __clang_analyzer__ /* as in ground/failure.h */
#define myr_target_lacks(context, target, operation) \
    (myr_target_lacks(context, target, operation), MYR_UNSUPPORTED)
#endif

/* NULL: its denoiser is not affine; it is not run by a chain. */
static inline const myr_gaussian *myr_target_affine(const myr_target *target) {
    return target->operations->affine ? target->operations->affine(target) : NULL;
}
static inline const myr_discrete *myr_target_chain(const myr_target *target) {
    return target->operations->chain ? target->operations->chain(target) : NULL;
}

/* What creators check of numbers; name and the indices say which one (-1: there is none). */
myr_status myr_check_number(myr_context *context, const char *name, int first, int second, double value);
myr_status myr_check_positive(myr_context *context, const char *name, int first, int second, double value);
myr_status myr_check_array(myr_context *context, const char *name, const double *array);

#endif
