/* The rows of targets whose denoiser is not folded into them (kernels/step_row.h). */
#ifndef MYRIAD_STEP_MAKE_H
#define MYRIAD_STEP_MAKE_H

#include "backends/backend.h"
#include "second_stage.h"
#include "step_row.h"

/* Row k of the job, its second stage, if it has one, as it is given. *carry, 1 before the first row, is what A's rounding has lost so far
 * (myr_round_carrying). */
myr_step myr_step_make(const myr_job *job, int64_t k, const myr_second_stage *second, double *carry);

#endif
