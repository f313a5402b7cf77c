/* Whether a backend's numbers are fine enough for the states of a run. */
#ifndef MYRIAD_COARSE_H
#define MYRIAD_COARSE_H

#include "backends/backend.h"

/* One line if they are not, else "". digits: of the backend's numbers, in bits, 24 or 53. */
void myr_coarse_warn(const myr_plan *plan, const myr_target *target, int digits, char *text, size_t size);

/* If there is no line yet: one if the moments, which are in double, lack the range for the states, else as it
 * is. Their fourth powers ask for scales of 2^-1022/4 and more; floats end long before, and then there is one. */
void myr_coarse_warn_moments(const myr_plan *plan, const myr_target *target, int digits, char *text,
                             size_t size);

#endif
