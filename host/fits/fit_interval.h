/* Intervals. */
#ifndef MYRIAD_FIT_INTERVAL_H
#define MYRIAD_FIT_INTERVAL_H

#include <stdint.h>

/* z with a standard normal within ±z with that probability, above 0 and below 1. */
double myr_normal_reach(double level);

/* The ends of the percentile interval of count numbers, NaN if there are none: the quantiles (1 ± level)/2,
 * linear between order statistics (Hyndman and Fan's type 7). Sorts the numbers. */
void myr_percentiles(double *values, uint64_t count, double level, double *low, double *high);

#endif
