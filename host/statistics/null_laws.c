#include "null_laws.h"

#include <float.h>
#include <math.h>

static double stephens(double n) {
    return sqrt(n) + 0.12 + 0.11 / sqrt(n);
}

/* Q(l) = 2 sum_j (-1)^(j-1) exp(-2 j^2 l^2); for small l its other form, 1 - sqrt(2 pi)/l sum_j
 * exp(-(2j - 1)^2 pi^2/(8 l^2)). */
double myr_kolmogorov_tail(double d, double n) {
    const double pi = 3.14159265358979324, l = stephens(n) * d;
    double sum = 0.0;
    if (isnan(l))
        return NAN;
    if (l < 1.0) {
        for (int j = 1; j <= 20 && l > 0.0; j++)
            sum += exp(-(2.0 * j - 1.0) * (2.0 * j - 1.0) * pi * pi / (8.0 * l * l));
        return l > 0.0 ? 1.0 - sqrt(2.0 * pi) / l * sum : 1.0;
    }
    for (int j = 1; j <= 20; j++)
        sum += (j % 2 == 1 ? 2.0 : -2.0) * exp(-2.0 * j * j * l * l);
    return sum;
}

double myr_kolmogorov_mean(double n) {
    return 0.86873116063615920 / stephens(n); /* sqrt(pi/2) log 2 */
}

/* The regularised upper incomplete gamma function Q(a, x), a = freedom/2: for x below a + 1 by the series
 * of the lower one, else by Legendre's continued fraction, evaluated as Lentz does (Abramowitz &
 * Stegun 6.5.29 and 6.5.31). */
double myr_chi_square_tail(double chi_square, double freedom) {
    const double a = 0.5 * freedom, x = 0.5 * chi_square, tiny = DBL_MIN / DBL_EPSILON;
    if (isnan(x) || x <= 0.0)
        return isnan(x) ? NAN : 1.0;
    if (isinf(x))
        return 0.0;
    const double front = exp(a * log(x) - x - lgamma(a));
    if (x < a + 1.0) {
        double term = 1.0 / a, sum = term;
        for (int n = 1; n < 100000 && term > sum * DBL_EPSILON; n++)
            sum += term *= x / (a + n);
        return 1.0 - front * sum;
    }
    double b = x + 1.0 - a, c = 1.0 / tiny, d = 1.0 / b, result = d;
    for (int n = 1; n < 100000; n++) {
        const double an = -n * (n - a);
        b += 2.0;
        d = 1.0 / copysign(fmax(fabs(an * d + b), tiny), an * d + b);
        c = b + an / c;
        c = fabs(c) < tiny ? tiny : c;
        const double factor = c * d;
        result *= factor;
        if (fabs(factor - 1.0) <= 2.0 * DBL_EPSILON)
            break;
    }
    return front * result;
}

/* With q = P(|T| >= |t|) = I_x(f/2, 1/2), x = f/(f + t^2), the regularised incomplete beta function by its
 * continued fraction (26.5.8), or of the complement where that converges faster. */
static double beta_fraction(double a, double b, double x) {
    const double tiny = DBL_MIN / DBL_EPSILON;
    double c = 1.0, d = 1.0 - (a + b) * x / (a + 1.0);
    d = 1.0 / (fabs(d) < tiny ? tiny : d);
    double result = d;
    for (int m = 1; m < 10000; m++) {
        const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        double factor = 1.0;
        for (int part = 0; part < 2; part++) {
            const double e = part == 0 ? even : odd;
            d = 1.0 + e * d;
            d = 1.0 / (fabs(d) < tiny ? tiny : d);
            c = 1.0 + e / c;
            c = fabs(c) < tiny ? tiny : c;
            factor = c * d;
            result *= factor;
        }
        if (fabs(factor - 1.0) <= 2.0 * DBL_EPSILON)
            break;
    }
    return result;
}

double myr_student_tail(double t, double freedom) {
    if (isnan(t) || isinf(t))
        return isnan(t) ? NAN : t > 0.0 ? 0.0 : 1.0;
    const double a = 0.5 * freedom, b = 0.5, x = freedom / (freedom + t * t);
    const double complement = t * t / (freedom + t * t);
    const double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) +
                             (complement > 0.0 ? b * log(complement) : 0.0));
    double both = 1.0;
    if (complement > 0.0)
        both = x < (a + 1.0) / (a + b + 2.0) ? front * beta_fraction(a, b, x) / a
                                             : 1.0 - front * beta_fraction(b, a, complement) / b;
    return t > 0.0 ? 0.5 * both : 1.0 - 0.5 * both;
}
