/* Statistics of samples beyond their moments, and their distances from a target: of a run's results, or of
 * samples from anywhere.
 *
 * A set of statistics takes up samples in any number of pieces, in memory that does not grow with them.
 * What it finds is the same to the bit however they are cut and on any number of threads. */
#ifndef MYRIAD_STATISTICS_H
#define MYRIAD_STATISTICS_H

#include "myriad/run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct myr_statistics myr_statistics;

typedef struct myr_statistics_options {
    size_t struct_size;
    const char *names; /* of statistics, between commas; "all": those that suit the target */
    uint64_t seed;     /* of the exact draws and of the labels that some compare with */
    int bins;          /* of histograms, 1 … MYR_MAX_BINS */
    int threads;       /* of the CPU; 0: all that the process may use */
} myr_statistics_options;

#define MYR_MAX_BINS 65536
#define MYR_STATISTICS_OPTIONS_INIT \
    { sizeof(myr_statistics_options), "all", MYR_DEFAULT_SEED, 100, 0 }
MYR_API void myr_statistics_options_default(myr_statistics_options *made, size_t struct_size);

/* Of one statistic, one row: of a coordinate, a pair, a bin, a component. NaN where there is no such
 * number.
 *
 *     statistic   first       second   low, high   value                        expected
 *     covariance  coordinate  coord.   -           their covariance,            the target's
 *                                                  first <= second
 *     histogram   coordinate  bin      its ends    share of the samples         the target's probability
 *     quantiles   coordinate  -        low: level  the quantile                 the target's
 *     ks          coordinate  -        -           Kolmogorov-Smirnov           mean of exact draws
 *     w1          coordinate  -        -           Wasserstein-1                mean of exact draws
 *     sw2         -           -        -           sliced Wasserstein-2, the    mean of as many exact draws
 *                                                  square, of 4,096 samples
 *     occupancy   component   -        -           share of the samples         the target's probability
 *                 or state
 *                 -           degrees  -           chi^2 of all of them         its degrees of freedom
 *                             of freedom
 *     energy      -           -        -           energy distance (squared     0
 *                                                  form), unbiased
 *
 * Bins of histograms run over five standard deviations on both sides of the target's mean, with one more at
 * either end (low or high infinite); on discrete targets each state has one. */
typedef struct myr_statistic_row {
    const char *statistic;
    int first, second; /* -1: none */
    double low, high;
    double value;
    double standard_error; /* of value; of a covariance of fewer than 3 samples NaN */
    double resolution;     /* what fixed bins hide: the number itself is within value ± resolution */
    double expected;
    double p; /* of ks, w1, sw2, energy and chi^2: probability that exact draws from the target give this
                 value or a larger one; NaN of the others */
} myr_statistic_row;

/* Makes an empty set of statistics against a target, which must stay as long as the set. options may be
 * NULL: all that suit the target. Errors: MYR_INVALID_ARGUMENT, MYR_UNSUPPORTED (a statistic that does not
 * suit the target, with the reason), MYR_OUT_OF_MEMORY. */
MYR_API myr_status myr_statistics_create(myr_context *context, const myr_target *target,
                                         const myr_statistics_options *options,
                                         myr_statistics **statistics);

/* Takes up samples[count][dimension], finite, of the trajectories first … first + count - 1. Calls follow
 * one another in the order of the trajectories. Errors: MYR_INVALID_ARGUMENT, MYR_OUT_OF_MEMORY. */
MYR_API myr_status myr_statistics_add(myr_context *context, myr_statistics *statistics, uint64_t first,
                                      uint64_t count, const double *samples);

/* Runs the trajectories of a plan and takes up the results. options and report may be NULL. They are the
 * host's to look at: from a GPU they come over in blocks (myr_run_stream). Errors: as of myr_run_stream. */
MYR_API myr_status myr_run_statistics(myr_context *context, const myr_plan *plan, const myr_target *target,
                                      const myr_run_options *options, myr_statistics *statistics,
                                      myr_report *report);

/* What is known of the samples so far: rows[count], in the order of the list of statistics, which stay
 * valid until the next call on the set. Errors: MYR_INVALID_ARGUMENT, MYR_OUT_OF_MEMORY. */
MYR_API myr_status myr_statistics_rows(myr_context *context, myr_statistics *statistics,
                                       const myr_statistic_row **rows, size_t *count);

/* Frees it. NULL is allowed. */
MYR_API void myr_statistics_destroy(myr_statistics *statistics);

/* The statistics, in the order of their list: name and one line of help; NULL past the end. */
MYR_API const char *myr_statistic_name(int index);
MYR_API const char *myr_statistic_help(int index);

/* Whether it can be had of a target; false for a name that is NULL or unknown. */
MYR_API bool myr_statistic_supports_target(const char *statistic, const myr_target *target);

#ifdef __cplusplus
}
#endif
#endif
