/* The interface between the public calls on preferences and the backends: a table of reductions for each.
 * A reduction is a member here, a file in host/reference, host/cpu and host/cuda, and its line in the three
 * tables (…_reductions.c). */
#ifndef MYRIAD_REDUCTIONS_H
#define MYRIAD_REDUCTIONS_H

#include "loss.h"

/* Where a reduction runs, already checked. */
typedef struct myr_compute {
    int threads; /* 1 …: already resolved */
    int device;
    myr_memory memory; /* of the job's arrays */
    void *stream;      /* with device memory */
} myr_compute;

/* Sums over a batch, each over the pairs in the fixed order of host/pair_sums.h. Those that weights scale
 * are scaled. */
typedef struct myr_pair_sums {
    double weight, tokens;   /* sum v, sum v length_w: of the pass before */
    double rewards;          /* sum v beta (w + l): likewise */
    double loss;             /* sum v L */
    double chosen, rejected; /* sum v beta w, sum v beta l */
    double accurate;         /* sum v over the pairs with beta w > beta l */
} myr_pair_sums;

/* A batch of pairs, already checked but for the numbers in the arrays. */
typedef struct myr_pair_job {
    myr_compute compute;
    myr_loss loss; /* pointwise */
    const myr_pairs *pairs;
    myr_array_out chosen_gradient, rejected_gradient; /* both NULL, or both of one type */
} myr_pair_job;

typedef struct myr_reductions {
    const char *name; /* of the backend */
    /* Fills in the sums and the gradients of sum v L / (sum v, or sum of tokens); *bad is the first row
     * with a number out of range or a loss that is not finite, or UINT64_MAX: the rest is then unspecified.
     */
    myr_status (*pairs)(myr_context *context, const myr_pair_job *job, myr_pair_sums *sums, uint64_t *bad);
} myr_reductions;

extern const myr_reductions myr_reductions_reference;
extern const myr_reductions myr_reductions_cpu;
extern const myr_reductions myr_reductions_cuda; /* only with MYRIAD_HAVE_CUDA */

/* Checks the options and resolves the backend; fills in the report but for its seconds. */
myr_status myr_compute_begin(myr_context *context, const myr_compute_options *options,
                             const myr_reductions **reductions, myr_compute *compute,
                             myr_compute_report *report);

#endif
