/* What data points hold. */
#ifndef MYRIAD_EMPIRICAL_H
#define MYRIAD_EMPIRICAL_H

#include "target_data.h"

typedef struct myr_empirical {
    int64_t count;
    float *points; /* [count][dimension] */
} myr_empirical;

/* Of data points. */
static inline const myr_empirical *myr_empirical_of(const myr_target *target) {
    return (const myr_empirical *)target->content;
}

#endif
