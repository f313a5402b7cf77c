/* Poisson numbers of any whole mean, by inversion of 32-bit words. */
#ifndef MYRIAD_FIT_RESAMPLE_H
#define MYRIAD_FIT_RESAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#define MYR_MAX_RESAMPLED 1e8 /* mean */

/* thresholds[n] = 2^32 F(first + n), rounded, where F is the distribution function: the number that belongs
 * to word w is first + how many of them are w or less. Begin with all zero. */
typedef struct myr_poisson {
    double mean;
    uint64_t first, count, room;
    double *thresholds;
} myr_poisson;

/* Sets the mean, 1 … MYR_MAX_RESAMPLED, a whole number. False if out of memory. */
bool myr_poisson_set(myr_poisson *poisson, double mean);
uint32_t myr_poisson_draw(const myr_poisson *poisson, uint32_t word);
void myr_poisson_free(myr_poisson *poisson);

#endif
