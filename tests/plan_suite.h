/* A suite of plans: its context, and plans as the tests ask for them. Include after criterion.h. */
#ifndef MYRIAD_TEST_PLAN_SUITE_H
#define MYRIAD_TEST_PLAN_SUITE_H

#include "support.h"

static myr_context *context;

static void begin(void) {
    context = new_context();
}
static void end(void) {
    myr_context_destroy(context);
}

static myr_plan_options ask(const char *process, const char *sampler, int64_t steps) {
    myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
    options.process = process;
    options.sampler = sampler;
    options.steps = steps;
    return options;
}

static myr_plan *make(const myr_plan_options *options, const myr_target *target) {
    myr_plan *plan = NULL;
    REQUIRE_OK(context, myr_plan_create(context, options, target, &plan));
    return plan;
}

#endif
