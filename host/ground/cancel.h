/* How far a call is, told to its caller, who may want no more of it. */
#ifndef MYRIAD_CANCEL_H
#define MYRIAD_CANCEL_H

#include "myriad/run.h"

/* MYR_CANCELLED if progress, unless NULL, says so; what are counted, as "trajectories". */
myr_status myr_report_progress(myr_context *context, myr_progress progress, void *user, uint64_t done,
                               uint64_t total, const char *what);

#endif
