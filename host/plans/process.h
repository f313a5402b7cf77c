/* Forward processes and their grids: the levels that a sampler visits. */
#ifndef MYRIAD_PROCESS_H
#define MYRIAD_PROCESS_H

#include "myriad/plan.h"

/* A level x = a x0 + s e, with the variances rather than the scales: a process knows them without
 * cancellation, and the samplers' formulas want them. */
typedef struct myr_level {
    double a;
    double variance; /* s^2 */
    double added;    /* q = s^2 - r^2 s'^2, r = a/a': the noise variance between the next, cleaner level
                        and this one; 0 in the last level */
} myr_level;

typedef struct myr_grid {
    myr_level *levels;     /* [steps + 1], the noisiest first */
    double prior_variance; /* of the start "prior", N(0, prior_variance) */
    bool fixed_end;        /* the last step keeps its size however many steps there are */
    myr_level end[2];      /* where it is fixed, it leads from end[0] to end[1] */
} myr_grid;

/* The groups of plan options that a process may take, by field: see plan_choice.c. */
enum { MYR_OPTIONS_SCHEDULE = 1, MYR_OPTIONS_TRAINING = 2, MYR_OPTIONS_SIGMA = 4 };

typedef struct myr_process {
    const char *name;
    const char *help;
    int options;   /* the groups it takes */
    bool discrete; /* of states, for discrete targets: it has a chain in place of a grid */
    /* Fills in the defaults of its own options; NULL: it has none. */
    void (*settle)(myr_plan_options *options);
    /* NULL of a discrete one; else fills the grid of options->steps steps, whose levels are there to be
     * written; the options are settled. Fails with a message if the options do not suit the grid. */
    myr_status (*make_grid)(myr_context *context, const myr_plan_options *options, myr_grid *grid);
} myr_process;

/* The process of that name, or NULL. */
const myr_process *myr_process_find(const char *name);

void myr_settle_vp(myr_plan_options *options);
void myr_settle_edm(myr_plan_options *options);

myr_status myr_make_vp_grid(myr_context *context, const myr_plan_options *options, myr_grid *grid);
myr_status myr_make_edm_grid(myr_context *context, const myr_plan_options *options, myr_grid *grid);

#endif
