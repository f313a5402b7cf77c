/* Distances found block by block of samples, beside blocks of exact draws: their means, and how likely
 * exact draws are to be as far away. */
#ifndef MYRIAD_BLOCK_TEST_H
#define MYRIAD_BLOCK_TEST_H

#include "statistic.h"

/* Sums over the blocks: of the samples' distances, and of what they exceed their partners' by. */
typedef struct myr_block_test {
    uint64_t blocks;
    double mean, square;               /* running mean and sum of squared deviations */
    double excess_mean, excess_square; /* likewise */
} myr_block_test;

void myr_block_test_add(myr_block_test *test, double value, double partner);

/* Value, its standard error, what is expected, and p by Student's t of the excess; NaN where there are too
 * few blocks. */
void myr_block_test_report(const myr_block_test *test, myr_statistic_row *row);

#endif
