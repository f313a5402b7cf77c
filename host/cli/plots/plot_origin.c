#include "plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Of tics with six digits some ten differ within a span of that share. */
#define SMALL_SPAN 1e-4

double cli_plot_origin(double low, double high) {
    char text[32];
    const double middle = 0.5 * low + 0.5 * high, span = high - low;
    if (!isfinite(middle) || !(span > 0.0) || !(span < SMALL_SPAN * fabs(middle)))
        return 0.0;
    /* As round as it can be within the span; what is left after subtracting it is exact (Sterbenz). */
    const int digits = (int)(floor(log10(fabs(middle))) - floor(log10(span)));
    snprintf(text, sizeof text, "%.*g", digits < 17 ? digits : 17, middle);
    return strtod(text, NULL);
}

/* Few digits give the origin, which was made of few, where they read as it. */
const char *cli_plot_axis(const char *name, double origin, char text[64]) {
    char number[32];
    int digits = 1;
    do
        snprintf(number, sizeof number, "%.*g", digits, fabs(origin));
    while (strtod(number, NULL) != fabs(origin) && digits++ < 17);
    if (origin == 0.0)
        snprintf(text, 64, "%s", name);
    else
        snprintf(text, 64, "%s %s %s", name, origin < 0.0 ? "+" : "-", number);
    return text;
}
