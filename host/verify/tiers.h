/* The tiers of verification, and what they share. A tier is a file; it reports its checks and returns a
 * status other than MYR_OK only where a backend did not run at all. */
#ifndef MYRIAD_TIERS_H
#define MYRIAD_TIERS_H

#include "backends/backend.h"
#include "myriad/verify.h"

typedef struct myr_verification {
    myr_context *context;
    const myr_backend *backend; /* what is verified */
    uint64_t seed, count;
    bool fast;
    int threads, device;
    double done; /* share of the tiers */
    myr_check_report report;
    void *user;
    bool failed; /* some check did not pass */
} myr_verification;

/* Verifies a backend, listed or not: the tests hand in one with a fault. */
myr_status myr_verify_backend(myr_context *context, const myr_verify_options *options,
                              const myr_backend *backend, myr_check_report report, void *user);

myr_status myr_verify_words(myr_verification *v);
myr_status myr_verify_normals(myr_verification *v);
myr_status myr_verify_exact(myr_verification *v);
myr_status myr_verify_one_step(myr_verification *v);
myr_status myr_verify_trajectories(myr_verification *v);
myr_status myr_verify_statistics(myr_verification *v);
myr_status myr_verify_targets(myr_verification *v);
myr_status myr_verify_moments(myr_verification *v);
myr_status myr_verify_repeatability(myr_verification *v);
myr_status myr_verify_mixtures(myr_verification *v);
myr_status myr_verify_empirical(myr_verification *v);
myr_status myr_verify_rankings(myr_verification *v);
myr_status myr_verify_policies(myr_verification *v);
myr_status myr_verify_chains(myr_verification *v);
myr_status myr_verify_pair_gradients(myr_verification *v);
myr_status myr_verify_gradients(myr_verification *v);

/* Whether the verified backend is the reference itself: comparisons with it would say nothing. */
bool myr_verifies_reference(const myr_verification *v);

/* Trajectories of a statistic: of the reference, which is slow, a sixteenth, though not too few. */
uint64_t myr_verify_count(const myr_verification *v);

/* Reports a check: passed if worst <= bound. */
void myr_report_check(myr_verification *v, const char *name, double worst, double bound, uint64_t count);
void myr_report_skip(myr_verification *v, const char *name);

/* The larger of the two, where NaN is the largest of all and stays. */
double myr_worse(double worst, double value);

/* How many of the numbers differ in any bit; two NaNs differ too. */
uint64_t myr_count_different(const double *a, const double *b, uint64_t count);

/* An array of count numbers, all NaN, so that one which was never written shows; NULL without memory. */
double *myr_poisoned(uint64_t count);
void myr_poison(double *values, uint64_t count);

/* A plan and its target. */
typedef struct myr_case {
    char name[64];
    myr_target *target;
    myr_plan *plan;
    bool full; /* the target has a full covariance: states in its axes until the end */
} myr_case;

/* Number `index` of the samplers on every process, in d coordinates with means and variances of their own;
 * then variants of eta, churn and grids; then one made-up table with everything that a row can have.
 * *exists is false past the end. Destroy with myr_case_destroy, also after a failure. */
myr_status myr_case_create(myr_context *context, int index, int dimension, int64_t steps, const char *start,
                           myr_case *made, bool *exists);
void myr_case_destroy(myr_case *made);

/* A whole run of the case on the verified backend. */
myr_job myr_case_job(const myr_verification *v, const myr_case *used, uint64_t first, uint64_t count);

#endif
