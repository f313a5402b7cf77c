/* Numbers of the caller's own in place of the generator's. */
#ifndef MYRIAD_GIVEN_H
#define MYRIAD_GIVEN_H

#include "backends/backend.h"

/* Checks what is given and puts it into the job. Where the target's axes are not the coordinates, the
 * numbers are turned into them: *turned is then memory that the job points to, for the caller to free. */
myr_status myr_job_give(myr_context *context, const myr_given *given, myr_job *job, double **turned);

#endif
