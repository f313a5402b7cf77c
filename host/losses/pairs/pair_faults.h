/* What is wrong with a row of a batch. */
#ifndef MYRIAD_PAIR_FAULTS_H
#define MYRIAD_PAIR_FAULTS_H

#include "backends/reductions.h"

/* Fails with the row, the column and the value. */
myr_status myr_fail_pair(myr_context *context, const myr_pair_job *job, uint64_t row);

#endif
