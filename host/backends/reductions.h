/* Reductions, as the public calls on preferences hand them to the backends. A reduction is a member of the record
 * (record.h), a file in host/reference, host/cpu and host/cuda, and its line in the three records. */
#ifndef MYRIAD_REDUCTIONS_H
#define MYRIAD_REDUCTIONS_H

#include "loss.h"
#include "myriad/linear.h"
#include "myriad/rankings.h"
#include "where.h"

/* Sums over a batch, v being a pair's weight. */
typedef struct myr_pair_sums {
    double weight, tokens;   /* sum v, sum v length_w */
    double chosen, rejected; /* sum v w, sum v l */
    double accurate;         /* sum v over the pairs with w > l */
    double loss;             /* sum v L */
} myr_pair_sums;

/* A batch of pairs, already checked but for the numbers in the arrays. */
typedef struct myr_pair_job {
    myr_compute compute;
    myr_loss loss; /* pointwise */
    const myr_pairs *pairs;
    myr_array_out chosen_gradient, rejected_gradient; /* both NULL, or both of one type */
} myr_pair_job;

/* Sums over the pairs of a log-linear policy, x being u - r. */
typedef struct myr_margin_sums {
    double weight;   /* sum v */
    double loss;     /* sum v L(x) */
    double margin;   /* sum v x */
    double accurate; /* sum v over the pairs with x > 0 */
} myr_margin_sums;

/* A loss of a log-linear policy, or many; already checked but for the numbers in the pairs' arrays. */
typedef struct myr_linear_job {
    myr_compute compute;
    myr_loss loss; /* of the margin; reference_free where there is no reference */
    const myr_features *features;
    myr_array theta;
    const myr_many *many; /* NULL: one loss */
    myr_array_out gradient;
} myr_linear_job;

/* Sums over rankings, v being a ranking's weight, r_1 … r_K its rewards. */
typedef struct myr_ranking_sums {
    double weight;     /* sum v */
    double neighbours; /* sum v (K - 1) */
    double loss;       /* sum v L */
    double margin;     /* sum v (r_1 - r_K) */
    double accurate;   /* sum v times the k with r_k > r_{k+1} */
} myr_ranking_sums;

/* A batch of rankings, already checked but for the numbers in the arrays; starts are read and checked. */
typedef struct myr_ranking_job {
    myr_compute compute;
    const myr_rankings *rankings;
    const uint64_t *starts; /* on the host, [count + 1]; NULL: all are equally long */
    uint64_t longest;       /* answers of a ranking */
    myr_array_out gradient; /* MYR_F64 or MYR_F32, or NULL */
} myr_ranking_job;

/* Checks the options and resolves the backend; fills in the report, all 0 so far, but for its seconds. */
myr_status myr_compute_begin(myr_context *context, const myr_compute_options *options,
                             const myr_backend **backend, myr_compute *compute, myr_report *report);

#endif
