/* The objectives, and the options that all fits have in common. */
#ifndef MYRIAD_FIT_OBJECTIVE_H
#define MYRIAD_FIT_OBJECTIVE_H

#include <stdbool.h>

#include "myriad/fit.h"

typedef struct myr_objective {
    const char *name, *help;
    bool pairs_only;      /* of rankings those of two alone */
    bool takes_reference; /* and beta */
} myr_objective;

/* Checks the options but for what hangs on the outcomes' items; resolves the objective. */
myr_status myr_fit_check_options(myr_context *context, const myr_fit_options *options,
                                 myr_outcome_kind kind, const myr_objective **objective);

/* Whether the standard errors of options that were checked are the sandwich's. */
bool myr_fit_takes_sandwich(const myr_fit_options *options);

#endif
