/* Bounds for rings: kernels/pointwise.h, operation by operation, u = 2^-24.
 *
 * Relative errors. The concentration k = a R/s^2 |x~|: the level's float and the product 2 u; the length, of whose square
 * two roundings of a coordinate's quotient, a product's and a sum's make 4 u, so 2 u, the root's own and the product with
 * the larger coordinate: 4 u; in all 6 u, and A(k) = I1/I0 changes by no more than k does, for 0 < k A'/A < 1. A itself: each
 * term of the fraction has two roundings, and takes a share k r/(2 n + k r) of the relative error of the one behind it: for k
 * below 16 these are below 0.89, 0.77, 0.65, 0.54, 0.44 … (r < 1), and 1 + 0.89 + 0.89 0.77 + … is below 3.8: 7.6 u, and 0.1
 * u that the fraction is cut short by; far out less. Then R, the product with it, the quotient by the length (3 u) and that
 * quotient: 6 u; the coordinate's own quotient and the last product, 2 u. Together 21.7 u: 22 u, and squares of u.
 *
 * What x~ is off, e in all, changes d~ by at most e max |dd~/dx~|. Along x~ that derivative is R (a R/s^2) A'(k), across it R
 * (a R/s^2) A(k)/k, the larger one since A is concave; and it falls with k: so at the least |x~| in reach. */
#include <math.h>

#include "reference/reference_denoise.h"
#include "rounding_path.h"

static const double u = 0x1p-24;

void myr_bound_ring_denoiser(const myr_rounding_path *p, double a, double s, double score,
                             const myr_rounded *x, myr_rounded *d) {
    const myr_target *target = p->job->target;
    const double radius = *(const double *)target->content, sharp = a * radius / (s * s);
    const double off = hypot(x->error[0], x->error[1]);
    const double nearest = fmax(hypot(x->value[0], x->value[1]) - off, 0.0);
    double at[2], in[2] = {nearest + a * target->mean[0], a * target->mean[1]};
    (void)score; /* never: a second stage is by differences */
    myr_reference_denoise(target, a, s, in, at);
    /* A(k)/k is 1/2 at 0, and no larger elsewhere. */
    const double ratio = fabs(at[0] - target->mean[0]) / radius;
    const double slope = radius * sharp * fmin(0.5, nearest > 0.0 ? ratio / (sharp * nearest) : 0.5);
    for (int c = 0; c < 2; c++)
        in[c] = x->value[c] + a * target->mean[c];
    myr_reference_denoise(target, a, s, in, at);
    for (int c = 0; c < 2; c++) {
        d->value[c] = at[c] - target->mean[c];
        d->error[c] = (1.0 + 0x1p-16) * (slope * off + 22.0 * u * (fabs(d->value[c]) + slope * off)) +
                      0x1p-48 * (radius + (1.0 + slope) * fabs(target->mean[c])) + 0x1p-140;
    }
}
