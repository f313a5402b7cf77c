/* What plan options ask for: checked, completed and looked up. */
#ifndef MYRIAD_PLAN_CHOICE_H
#define MYRIAD_PLAN_CHOICE_H

#include "process.h"
#include "samplers.h"

typedef struct myr_plan_choice {
    myr_plan_options options; /* complete, whatever the caller's struct_size, and settled */
    const myr_process *process;
    const myr_sampler *sampler;
    myr_sampler_settings settings;
    bool exact_start;
} myr_plan_choice;

/* Fails with a message that names the option. What concerns one process alone is left to its make_grid. */
myr_status myr_plan_choose(myr_context *context, const myr_plan_options *options, myr_plan_choice *choice);

#endif
