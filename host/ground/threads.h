/* How many threads a call takes. */
#ifndef MYRIAD_THREADS_H
#define MYRIAD_THREADS_H

#include "myriad/run.h"

/* Whether that many threads may be asked for, and how many are taken: those asked for, or all if it is 0, as
 * far as they can be started. */
myr_status myr_threads_check(myr_context *context, int threads);
int myr_resolve_threads(int threads);

#endif
