#include "process.h"

#include <string.h>

/* Variance exploding: a = 1, s^2 = t, t from 1 to 0 in T equal steps. Levels come from integers, so that
 * each is rounded once, the last is exactly 0, and q = 1/T loses nothing to a difference of levels. */
static myr_status make_ve_grid(myr_context *context, const myr_plan_options *options, myr_grid *grid) {
    (void)context; /* every number of steps suits */
    double steps = (double)options->steps;
    for (int64_t k = 0; k < options->steps; k++)
        grid->levels[k] = (myr_level){1.0, (double)(options->steps - k) / steps, 1.0 / steps};
    grid->levels[options->steps] = (myr_level){1.0, 0.0, 0.0};
    grid->prior_variance = 1.0;
    return MYR_OK;
}

static const myr_process processes[] = {
    {"ve", "variance exploding: a = 1, s^2 = t, t from 1 to 0 in equal steps", 0, false, NULL,
     make_ve_grid},
    {"vp", "variance preserving: a^2 + s^2 = 1, n of M training steps, then the clean level",
     MYR_OPTIONS_SCHEDULE | MYR_OPTIONS_TRAINING, false, myr_settle_vp, myr_make_vp_grid},
    {"edm", "a = 1, s = sigma, from sigma_max to sigma_min (Karras or exponential), then 0",
     MYR_OPTIONS_SCHEDULE | MYR_OPTIONS_SIGMA, false, myr_settle_edm, myr_make_edm_grid},
    {"discrete", "states and the transition matrices of a discrete target", 0, true, NULL, NULL},
};

enum { PROCESSES = sizeof processes / sizeof *processes };

const char *myr_process_name(int index) {
    return index >= 0 && index < PROCESSES ? processes[index].name : NULL;
}

const char *myr_process_help(int index) {
    return index >= 0 && index < PROCESSES ? processes[index].help : NULL;
}

const myr_process *myr_process_find(const char *name) {
    for (int index = 0; name && index < PROCESSES; index++)
        if (strcmp(name, processes[index].name) == 0)
            return &processes[index];
    return NULL;
}
