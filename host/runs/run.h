/* What a run asks besides its backend: numbers that the caller gives, and whether those of the backend will do. */
#ifndef MYRIAD_RUN_PARTS_H
#define MYRIAD_RUN_PARTS_H

#include "backends/backend.h"

/* Checks what is given and puts it into the job. Where the target's axes are not the coordinates, the
 * numbers are turned into them: *turned is then memory that the job points to, for the caller to free. */
myr_status myr_job_give(myr_context *context, const myr_given *given, myr_job *job, double **turned);

/* One line if a backend's numbers are too coarse for the states of a run, else "". digits: of the backend's numbers, in bits, 24 or 53. */
void myr_coarse_warn(const myr_plan *plan, const myr_target *target, int digits, char *text, size_t size);

/* If there is no line yet: one if the moments, which are in double, lack the range for the states, else as it
 * is. Their fourth powers ask for scales of 2^-1022/4 and more; floats end long before, and then there is one. */
void myr_coarse_warn_moments(const myr_plan *plan, const myr_target *target, int digits, char *text,
                             size_t size);

#endif
