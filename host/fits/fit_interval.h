/* Intervals. */
#ifndef MYRIAD_FIT_INTERVAL_H
#define MYRIAD_FIT_INTERVAL_H

#include <stdint.h>

/* z with a standard normal within ±z with that probability, above 0 and below 1. */
double myr_normal_reach(double level);

/* The ends of the percentile interval of count numbers, NaN if there are none: the quantiles (1 ± level)/2,
 * linear between order statistics (Hyndman and Fan's type 7). Numbers may be infinite: an end between a
 * finite one and an infinite one is the outer of the two. A NaN can be anything: it counts as -infinity at
 * the lower end and as infinity at the upper one. Sorts the numbers, NaN last. */
void myr_percentiles(double *values, uint64_t count, double level, double *low, double *high);

#endif
