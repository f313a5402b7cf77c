#include <math.h>

#include "rounding.h"

/* Half a unit of a float: |fl(x) - x| <= eps |x|. */
#define eps 0x1p-24

/* The pieces of a normal pair in double, and the error of each in float arithmetic. */
typedef struct pieces {
    double log, rho, theta;      /* log = -2 ln u */
    double log_error, rho_error; /* absolute */
    double sine_error, cosine_error;
} pieces;

/* |sqrt(L + e) - sqrt(L)| for |e| <= error, L + e >= 0: at most error/(sqrt(L) + sqrt(L - error)), and
 * never more than sqrt(error). */
static double root_error(double value, double error) {
    double least = value > error ? sqrt(value - error) : 0.0;
    return fmin(sqrt(error), error / (sqrt(value) + least));
}

/* The fused multiply-add and the conversion before it round u by 2 eps, so -2 ln u by 4 eps, in both kinds
 * of arithmetic; the constant 2 ln 2 is 1.8e-10 relative from the true one. */
static const double log_of_u_error = 4.0 * eps, log_constant_error = 1.8e-10;

/* kernels/normal.h, operation by operation. The maxima over the argument of the running errors below, in
 * eps, are those of the sums written here, evaluated on a fine grid.
 *
 * Logarithm: u = m 2^e and g = 2 - 2m are exact; f = -2 ln m, |f| <= min(L, 0.82) (where e = 0, f = L). The
 *     polynomial is 1.93e-7 relative from f (sollya). With h_j the partial sums of Horner's scheme for Q,
 * all but the first of which round, g^2 (Q's sum |g|^j |h_j| + |Q|) + |f| <= 1.42 |f|. Then f - 2 ln 2 e
 * rounds. Sine: t rounds, which moves the angle by eps |theta|; y = t t rounds, which moves the polynomial
 * S by eps |y S'|; Horner's scheme adds its own, t S rounds, and the polynomial is 2.79e-8 relative from
 * the sine: together at most 3.7 |sin theta|. Cosine: likewise, with an absolute error of 1.16e-9: together
 * at most 3.7. */
static void exact_errors(pieces *p) {
    p->log_error =
        log_of_u_error + (1.93e-7 + 1.42 * eps) * fmin(p->log, 0.82) + (eps + log_constant_error) * p->log;
    p->rho_error = root_error(p->log, p->log_error);
    p->rho_error += eps * (p->rho + p->rho_error);
    p->sine_error = 3.7 * eps * fabs(sin(p->theta));
    p->cosine_error = 3.7 * eps;
}

/* kernels/device.cuh, with the errors that the PTX manual promises: lg2.approx 2^-22, absolute between 1/2
 * and 2 and relative elsewhere; sqrt.approx 2^-23 relative; sin.approx and cos.approx 2^-20.5 absolute in
 * [-2 pi, 2 pi]. The angle rounds twice and its constant once: 3 eps |theta|. */
static void fast_errors(pieces *p) {
    const double two_ln_2 = 1.3862943611198906;
    p->log_error = log_of_u_error + fmax(two_ln_2, p->log) * 0x1p-22 + (eps + log_constant_error) * p->log;
    p->rho_error = root_error(p->log, p->log_error);
    p->rho_error += 0x1p-23 * (p->rho + p->rho_error);
    double angle_error = 3.0 * eps * fabs(p->theta);
    p->sine_error = angle_error + 0x1.6a09e7p-21; /* 2^-20.5 */
    p->cosine_error = angle_error + 0x1.6a09e7p-21;
}

void myr_bound_normal_pair(uint32_t w0, uint32_t w1, bool fast, double bound[2]) {
    double magnitude = w0 < 0x80000000u ? (double)w0 : 0x1p32 - (double)w0;
    double angle = w1 < 0x80000000u ? (double)w1 : (double)w1 - 0x1p32;
    double u = fmin(magnitude * 0x1p-31 + 0x1p-33, 1.0);
    pieces p = {.log = -2.0 * log(u), .theta = 1.5707963267948966192 * (angle * 0x1p-31)};
    p.rho = sqrt(p.log);
    if (fast)
        fast_errors(&p);
    else
        exact_errors(&p);
    /* z = rho sin theta: both factors' errors, their product, and one rounding. Terms of second order in
     * eps inside the pieces are covered by the last factor. */
    double sine = fabs(sin(p.theta)), cosine = fabs(cos(p.theta));
    double second_order = 1.0 + 0x1p-18, smallest = 0x1p-149; /* of a float */
    bound[0] = smallest + second_order * (p.rho_error * (sine + p.sine_error) + p.rho * p.sine_error +
                                          eps * (p.rho + p.rho_error) * sine);
    bound[1] = smallest + second_order * (p.rho_error * (cosine + p.cosine_error) + p.rho * p.cosine_error +
                                          eps * (p.rho + p.rho_error) * cosine);
}

void myr_bound_normals(const uint32_t words[4], bool fast, double bound[4]) {
    myr_bound_normal_pair(words[0], words[1], fast, bound);
    myr_bound_normal_pair(words[2], words[3], fast, bound + 2);
}
