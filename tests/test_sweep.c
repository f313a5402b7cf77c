/* What `myriad sweep` makes of its runs: the jackknife, differences of runs that share their numbers,
 * orders of convergence; and moments that are joined. */
#include "support.h"

#include "cli/sweep_estimate.h"

/* A normal by twelve uniforms: variance 1, which is all that is asked of it. */
static double normal(uint64_t *state) {
    double sum = -6.0;
    for (int n = 0; n < 12; n++)
        sum += ldexp((double)(next_random(state) >> 11), -53);
    return sum;
}

Test(sweep, blocks_cover_all_trajectories_once) {
    const uint64_t counts[] = {1, 4096, 4097, 262144, 262145, 1000000, 10000000, UINT64_C(1) << 40};
    for (size_t n = 0; n < sizeof counts / sizeof *counts; n++) {
        cli_blocks blocks = cli_blocks_make(counts[n]);
        double sum = 0.0;
        for (size_t j = 0; j < blocks.count; j++)
            sum += blocks.share[j];
        cr_expect(fabs(sum - 1.0) <= 1e-12, "shares sum to %.17g", sum);
        cr_expect(blocks.count <= CLI_MOST_BLOCKS);
        cr_expect(blocks.size % 4096 == 0 && (blocks.size & (blocks.size - 1)) == 0);
        cr_expect((uint64_t)(blocks.count - 1) * blocks.size < counts[n] &&
                  (uint64_t)blocks.count * blocks.size >= counts[n]);
        cr_expect(counts[n] <= 32 * 4096 || blocks.count > 32);
    }
}

/* Of a mean, the jackknife over blocks of one size is the formula of the mean of the blocks' means. */
Test(sweep, jackknife_of_a_mean_is_the_textbooks) {
    uint64_t state = fresh_seed();
    cli_blocks blocks = cli_blocks_make(48 * 8192);
    double means[CLI_MOST_BLOCKS], mean = 0.0, square = 0.0;
    cr_assert_eq(blocks.count, 48);
    for (size_t j = 0; j < blocks.count; j++)
        mean += (means[j] = 3.0 + normal(&state)) / 48.0;
    cli_estimate estimate = {.whole = mean};
    for (size_t j = 0; j < blocks.count; j++) {
        estimate.without[j] = (48.0 * mean - means[j]) / 47.0;
        square += (means[j] - mean) * (means[j] - mean);
    }
    const double textbook = sqrt(square / 48.0 / 47.0), found = cli_jackknife(&blocks, &estimate);
    cr_expect(fabs(found / textbook - 1.0) <= 1e-12, "%.17g, not %.17g", found, textbook);
}

/* With a last block of any size it estimates the same: mean square over 4,000 data sets, whose standard
 * error is sqrt(2/(blocks - 1)/4000), below 0.4 %. */
Test(sweep, jackknife_stands_an_unequal_block) {
    uint64_t state = fresh_seed();
    cli_blocks blocks = cli_blocks_make(40 * 8192 + 1500);
    double sum = 0.0;
    for (int set = 0; set < 4000; set++) {
        double values[CLI_MOST_BLOCKS], whole = 0.0;
        for (size_t j = 0; j < blocks.count; j++) /* the mean of a block of that share: variance 1/share */
            whole += blocks.share[j] * (values[j] = normal(&state) / sqrt(blocks.share[j]));
        cli_estimate estimate = {.whole = whole};
        for (size_t j = 0; j < blocks.count; j++)
            estimate.without[j] = (whole - blocks.share[j] * values[j]) / (1.0 - blocks.share[j]);
        const double error = cli_jackknife(&blocks, &estimate);
        sum += error * error / 4000.0;
    }
    cr_expect(fabs(sum - 1.0) <= 0.03, "the mean square is %g of the truth", sum);
}

/* Errors 2/steps^p, with noise that all points share and some of their own. */
static void make_points(cli_sweep_point *points, size_t count, const cli_blocks *blocks, double order,
                        double shared, double own, uint64_t *state) {
    double common[CLI_MOST_BLOCKS];
    for (size_t j = 0; j < blocks->count; j++)
        common[j] = normal(state);
    for (size_t i = 0; i < count; i++) {
        double noise[CLI_MOST_BLOCKS], mean = 0.0;
        points[i] = (cli_sweep_point){.steps = (uint64_t)8 << i};
        points[i].exact = 2.0 * pow((double)points[i].steps, -order);
        for (size_t j = 0; j < blocks->count; j++)
            mean += blocks->share[j] * (noise[j] = shared * common[j] + own * normal(state));
        points[i].error.whole = points[i].exact + mean;
        for (size_t j = 0; j < blocks->count; j++)
            points[i].error.without[j] =
                points[i].exact + (mean - blocks->share[j] * noise[j]) / (1.0 - blocks->share[j]);
        points[i].standard_error = cli_jackknife(blocks, &points[i].error);
        points[i].floor = CLI_FLOOR * points[i].standard_error;
    }
}

Test(sweep, finds_an_order_within_its_uncertainty) {
    uint64_t state = fresh_seed();
    const cli_blocks blocks = cli_blocks_make(64 * 4096);
    cli_sweep_point points[6];
    int far = 0;
    for (int set = 0; set < 400; set++) {
        make_points(points, 6, &blocks, 2.0, 1e-3, 1e-4, &state);
        cli_order order = cli_fit_order(&blocks, points, 6);
        cr_assert(fabs(order.exact - 2.0) <= 1e-12);
        if (!(fabs(order.order - 2.0) <= 2.0 * order.standard_error))
            far++;
    }
    /* 5 % beyond two errors if these were exact; they are estimated, and rest on few points. */
    cr_expect(far <= 60, "%d of 400 orders are more than two errors off", far);
}

/* Points whose errors are independent, 2/steps^1.5 with a relative error of 1 %, without blocks. */
Test(sweep, finds_an_order_of_distances) {
    uint64_t state = fresh_seed();
    const cli_blocks none = {.count = 0};
    cli_sweep_point points[6];
    double square = 0.0;
    for (int set = 0; set < 400; set++) {
        for (size_t i = 0; i < 6; i++) {
            const double truth = 2.0 * pow((double)((uint64_t)8 << i), -1.5);
            points[i] = (cli_sweep_point){.steps = (uint64_t)8 << i,
                                          .error = {.whole = truth * (1.0 + 0.01 * normal(&state))},
                                          .standard_error = 0.01 * truth,
                                          .exact = NAN};
        }
        cli_order order = cli_fit_order(&none, points, 6);
        const double off = (order.order - 1.5) / order.standard_error;
        square += off * off / 400.0;
    }
    /* Both parts of the standard error are about the whole: the mean square is near 1/2. Its own standard
     * error is below 5 % of it. */
    cr_expect(square > 0.3 && square < 0.8, "mean square %g", square);
}

/* The floor and a change of sign end the points that are fitted, from the finest back. */
Test(sweep, fits_what_is_above_the_floor_and_of_one_sign) {
    uint64_t state = fresh_seed();
    const cli_blocks blocks = cli_blocks_make(64 * 4096);
    cli_sweep_point points[6];
    make_points(points, 6, &blocks, 1.0, 1e-6, 1e-6, &state);
    points[5].floor = points[5].error.whole * 1.01;
    points[0].error.whole = -points[0].error.whole;
    cli_order order = cli_fit_order(&blocks, points, 6);
    cr_expect(order.first == 1 && order.last == 4, "points %zu to %zu", order.first, order.last);
    cr_expect(cli_is_hidden(&points[5]) && !cli_is_hidden(&points[4]));
    points[3].floor = NAN; /* what is not known is not visible */
    cr_expect(cli_is_hidden(&points[3]));
    order = cli_fit_order(&blocks, points, 6);
    cr_expect(order.first == 1 && order.last == 2, "points %zu to %zu", order.first, order.last);
    points[2].floor = INFINITY;
    cr_expect(isnan(cli_fit_order(&blocks, points, 6).order), "an order of single points");
    for (int n = 0; n < 6; n++)
        points[n].floor = 1.0;
    cr_expect(isnan(cli_fit_order(&blocks, points, 6).order), "an order of none");
}

/* Two errors with the same noise but for a part of 1/100: the difference's error is 100 times smaller, to
 * the precision of a standard error from 64 blocks, sqrt(1/2/63) = 9 %, of which five. */
Test(sweep, states_what_common_random_numbers_gain) {
    uint64_t state = fresh_seed();
    const cli_blocks blocks = cli_blocks_make(64 * 4096);
    cli_sweep_point points[2];
    make_points(points, 2, &blocks, 1.0, 1.0, 0.01, &state);
    cli_difference difference = cli_differ(&blocks, &points[0], &points[1]);
    cr_expect(difference.value == points[0].error.whole - points[1].error.whole);
    cr_expect(fabs(difference.gain / 100.0 - 1.0) <= 0.65, "gain %g", difference.gain);
    make_points(points, 2, &blocks, 1.0, 0.0, 1.0, &state);
    difference = cli_differ(&blocks, &points[0], &points[1]);
    cr_expect(fabs(difference.gain - 1.0) <= 0.65, "gain %g of independent runs", difference.gain);
}
