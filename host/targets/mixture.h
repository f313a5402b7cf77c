/* What a mixture of Gaussians holds. */
#ifndef MYRIAD_MIXTURE_H
#define MYRIAD_MIXTURE_H

#include "target_data.h"

typedef struct myr_mixture {
    int components;
    double *weights;           /* [components], their sum 1 */
    double *means, *variances; /* [components][dimension] */
} myr_mixture;

/* Of a mixture. */
static inline const myr_mixture *myr_mixture_of(const myr_target *target) {
    return (const myr_mixture *)target->content;
}

/* The largest variance of a coordinate, and the least of a component. */
void myr_mixture_widths(const myr_target *target, double *variance, double *narrowest);

#endif
