/* What a plan holds, for the library's own files. Immutable once made. */
#ifndef MYRIAD_PLAN_TABLE_H
#define MYRIAD_PLAN_TABLE_H

#include "myriad/plan.h"

/* The limit of many steps, a linear stochastic differential equation (see docs/mathematics.md): the
 * deviation from the mean path shrinks as u^(drift/2), u = v + s^2/a^2, and fresh noise comes in. */
typedef struct myr_limit {
    bool known;
    double drift;
    double noise;   /* intensity of the fresh noise: 0 none, 1 what keeps the true marginal */
    bool fixed_end; /* the last step is not one of the many: */
    myr_row end;    /* its row */
} myr_limit;

typedef struct myr_chain myr_chain;

struct myr_plan {
    int dimension;
    int64_t steps;
    int slots;        /* M: normals a coordinate and row, 0 … 2: pre-noise first, then the noise */
    bool pre_noise;   /* some row has n > 0 */
    bool noise;       /* some row has C > 0 or E > 0 */
    bool uncertainty; /* some row has E > 0 */
    bool memory;      /* some row has P or Q */
    bool two_stage;   /* some row has a second stage */
    /* The start: x_T = mean + scale z in the target's axes; or (a mixture's true marginal at the first
     * level) in a component that stream 2 chooses, whose level is that of row 0. */
    bool start_in_component;
    double *start_mean, *start_scale; /* [dimension] */
    myr_limit limit;
    myr_row *rows;    /* [steps]; NULL on the process discrete, which has */
    myr_chain *chain; /* a chain (chain.h); NULL on others */
};

/* The variance of x0 given x at level (a, s), for x0 of variance v: v s^2 / (a^2 v + s^2). */
double myr_posterior_variance(double a, double s, double v);

/* For x0 of variance v: the least standard deviation of the state after a row, or what a row leaves of it,
 * the one by the one before, where that is above 1. Infinite if all are 0. */
double myr_plan_smallest_scale(const myr_plan *plan, double start_scale, double v);

/* a of y, what a row's first stage makes: that of the second stage's level, or of the level entered. */
static inline double myr_row_first_a(const myr_row *row) {
    return row->two_stage ? row->a_second : row->a_next;
}

#endif
