/* What the suites of NULL share: calls that must refuse it, or take it. */
#ifndef MYRIAD_NULL_CALLS_H
#define MYRIAD_NULL_CALLS_H

#include "support.h"

#define REFUSED(call) cr_expect_eq(call, MYR_INVALID_ARGUMENT, "%s", #call)
#define TAKEN(call) cr_expect_eq(call, MYR_OK, "%s", #call)

static const double zeros[8] = {0}, ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
static const float floats[8] = {0.5, 1, -1, 2, 0, 3, 1, 0.25};
static double numbers[64]; /* for results */

/* Makes the calls with a context, and without one: it is only the message that is lost. */
static inline void with_and_without(void (*calls)(myr_context *context)) {
    myr_context *context = new_context();
    calls(context);
    calls(NULL);
    myr_context_destroy(context);
}

#endif
