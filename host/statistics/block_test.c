#include "block_test.h"

#include <math.h>

#include "null_laws.h"

/* Welford's update. */
static void observe(double n, double x, double *mean, double *square) {
    const double away = x - *mean;
    *mean += away / n;
    *square += away * (x - *mean);
}

void myr_block_test_add(myr_block_test *test, double value, double partner) {
    const double n = (double)++test->blocks;
    observe(n, value, &test->mean, &test->square);
    observe(n, value - partner, &test->excess_mean, &test->excess_square);
}

void myr_block_test_report(const myr_block_test *test, myr_statistic_row *row) {
    const double n = (double)test->blocks;
    if (test->blocks > 0) {
        row->value = test->mean;
        row->expected = test->mean - test->excess_mean;
    }
    if (test->blocks > 1) {
        row->standard_error = sqrt(test->square / (n - 1.0) / n);
        row->p = myr_student_tail(test->excess_mean / sqrt(test->excess_square / (n - 1.0) / n), n - 1.0);
    }
}
