/* Which coefficients of features have no end. */
#ifndef MYRIAD_FIT_CONE_H
#define MYRIAD_FIT_CONE_H

#include <stdbool.h>
#include <stdint.h>

/* rows [count][size], winner minus loser, are overwritten. fate [size]: 0 for a coefficient that is finite at
 * the maximum, INFINITY or -INFINITY for one that only grows or only falls along every direction in which the
 * likelihood has no end, NAN for what is not determined, or would take too long. False if out of memory. */
bool myr_cone_fates(double *rows, uint64_t count, uint64_t size, double *fate);

#endif
