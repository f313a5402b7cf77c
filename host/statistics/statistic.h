/* What a statistic is. Adding one is a file statistic_NAME.c, which defines myr_statistic_NAME, and its name in the list
 * at the end.
 *
 * A statistic's memory is bounded; add() is called with all samples in the order of the trajectories, in
 * parts whose sizes must not show in the result, nor must the threads. */
#ifndef MYRIAD_STATISTIC_H
#define MYRIAD_STATISTIC_H

#include "marginal_bins.h"
#include "myriad/statistics.h"
#include "targets/target_data.h"

/* What all of a set share. */
typedef struct myr_statistics_setting {
    const myr_target *target; /* while they are created */
    int dimension;
    uint64_t seed;
    int bins;
    int threads;
    myr_marginal_bins *marginals; /* of ks, w1 and quantiles together; NULL: not needed yet */
} myr_statistics_setting;

/* The bins of the marginals, made when the first statistic asks for them; the set fills them. NULL: out of
 * memory. */
const myr_marginal_bins *myr_statistics_marginals(myr_context *context, myr_statistics_setting *setting);

/* Where report() puts its rows. */
typedef struct myr_statistic_rows {
    myr_statistic_row *row;
    size_t count, room;
    bool lost;                 /* out of memory */
    myr_statistic_row nowhere; /* what is written to once rows are lost */
} myr_statistic_rows;

/* A new row with nothing in it but the name. */
myr_statistic_row *myr_statistic_row_add(myr_statistic_rows *rows, const char *statistic);

/* Whether the target has a marginal distribution in closed form; exact draws; both. */
bool myr_has_marginal(const myr_target *target);
bool myr_has_draws(const myr_target *target);
bool myr_has_draws_and_marginal(const myr_target *target);

typedef struct myr_statistic {
    const char *name;
    const char *help;
    bool (*suits)(const myr_target *target); /* NULL: every target does */
    const char *expected; /* what it needs of a target, in words, where not every one suits */
    myr_status (*create)(myr_context *context, myr_statistics_setting *setting, void **state);
    /* NULL: it looks at the marginals alone. */
    void (*add)(void *state, uint64_t first, uint64_t count, const double *samples);
    void (*report)(const void *state, myr_statistic_rows *rows);
    void (*destroy)(void *state);
} myr_statistic;

/* All there are, in the order in which help and rows show them. */
#define MYR_STATISTIC_LIST(X) \
    X(covariance) X(histogram) X(quantiles) X(ks) X(w1) X(sw2) X(occupancy) X(energy)

#define MYR_STATISTIC_DECLARE(name) extern const myr_statistic myr_statistic_##name;
MYR_STATISTIC_LIST(MYR_STATISTIC_DECLARE)
#undef MYR_STATISTIC_DECLARE

#endif
