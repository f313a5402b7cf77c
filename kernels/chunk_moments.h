/* Moments of a chunk of trajectories, and the merge of two: pointwise code of cpu and cuda, in double.
 *
 * A chunk is MYR_CHUNK trajectories (the last one of a run may hold fewer). Inside it value j belongs to
 * partial sum j mod MYR_PARTIALS, added in ascending order; the partial sums are then halved: p += p + 128,
 * p + 64 … 1. Two passes: the mean, then the powers of the deviations from it. */
#ifndef MYRIAD_CHUNK_MOMENTS_H
#define MYRIAD_CHUNK_MOMENTS_H

#include "port.h"

#define MYR_CHUNK 4096
#define MYR_PARTIALS 256

/* n as a double is exact: a run of more than 2^53 trajectories would take centuries. */
typedef struct myr_moment_node {
    double n, mean, m2, m3, m4;
} myr_moment_node;

/* Chan, Golub & LeVeque (1979) and Pebay (2008): the moments of the union of two samples. Every
 * operation rounds once, in this order, on every backend. */
static MYR_HD myr_moment_node myr_moment_merge(myr_moment_node a, myr_moment_node b) {
    if (a.n == 0.0)
        return b;
    if (b.n == 0.0)
        return a;
    myr_moment_node u;
    double d = b.mean - a.mean;
    u.n = a.n + b.n;
    double wa = a.n / u.n, wb = b.n / u.n;
    double d2 = d * d;
    double ab = a.n * wb; /* n_a n_b / n */
    u.mean = a.mean + d * wb;
    u.m2 = (a.m2 + b.m2) + d2 * ab;
    u.m3 = ((a.m3 + b.m3) + d2 * d * (ab * (wa - wb))) + 3.0 * d * (wa * b.m2 - wb * a.m2);
    u.m4 = (((a.m4 + b.m4) + d2 * d2 * (ab * ((wa * wa - wa * wb) + wb * wb))) +
            6.0 * d2 * ((wa * wa) * b.m2 + (wb * wb) * a.m2)) +
           4.0 * d * (wa * b.m3 - wb * a.m3);
    return u;
}

#endif
