/* What is wrong with the numbers of a log-linear policy. */
#ifndef MYRIAD_LINEAR_FAULTS_H
#define MYRIAD_LINEAR_FAULTS_H

#include "backends/reductions.h"

/* What is known of the features before their numbers are read. */
myr_status myr_check_features(myr_context *context, const myr_features *features, bool takes_reference);

/* theta must be finite, in float too: fails with the first entry that is not. What lies on the device is
 * looked at once a row has gone wrong: a theta that is not finite spoils every row. */
myr_status myr_check_theta(myr_context *context, const myr_linear_job *job);

/* Fails with the row, the column and the value. */
myr_status myr_fail_features(myr_context *context, const myr_linear_job *job, uint64_t row);

#endif
