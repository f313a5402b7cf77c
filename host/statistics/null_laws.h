/* The laws that statistics have when the samples are exact draws. */
#ifndef MYRIAD_NULL_LAWS_H
#define MYRIAD_NULL_LAWS_H

#include <stdint.h>

/* P(D >= d) of the Kolmogorov-Smirnov distance of n exact draws, by Kolmogorov's limit law with Stephens'
 * (1970) correction for finite n; and the mean of that law. */
double myr_kolmogorov_tail(double d, double n);
double myr_kolmogorov_mean(double n);

/* P(X >= x) of chi^2 with that many degrees of freedom, 1 or more. */
double myr_chi_square_tail(double x, double freedom);

/* P(T >= t) of Student's t, likewise. */
double myr_student_tail(double t, double freedom);

#endif
