/* What a target holds, for the library's own files. */
#ifndef MYRIAD_TARGET_DATA_H
#define MYRIAD_TARGET_DATA_H

#include "myriad/target.h"

typedef enum myr_target_kind { MYR_TARGET_GAUSSIAN } myr_target_kind;

struct myr_target {
    myr_target_kind kind;
    int dimension;
    double mean[MYR_MAX_DIMENSION];     /* of x0 */
    double variance[MYR_MAX_DIMENSION]; /* of x0 */
};

#endif
