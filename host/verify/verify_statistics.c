/* Tiers: estimates against the exact recursion, and moments against the samples that they are of. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ground/failure.h"
#include "tiers.h"

/* The worst |estimate - exact| among means and variances, in standard errors. */
static myr_status worst_z(myr_verification *v, const myr_case *used, uint64_t first, uint64_t count,
                          double *worst) {
    double mean[MYR_MAX_DIMENSION], variance[MYR_MAX_DIMENSION];
    myr_moment moments[MYR_MAX_DIMENSION];
    for (int c = 0; c < MYR_MAX_DIMENSION; c++)
        moments[c] = (myr_moment){0, NAN, NAN, NAN, NAN}; /* poison */
    myr_job job = myr_case_job(v, used, first, count);
    myr_status status = myr_plan_exact(v->context, used->plan, used->target, mean, variance);
    if (status == MYR_OK)
        status = myr_job_moments(v->context, v->backend, &job, moments);
    for (int c = 0; status == MYR_OK && c < used->plan->dimension; c++) {
        const myr_moment *m = &moments[c];
        double mean_z = fabs(m->mean - mean[c]) / myr_moment_mean_error(m);
        double variance_z = fabs(myr_moment_variance(m) - variance[c]) / myr_moment_variance_error(m);
        *worst = myr_worse(*worst, m->count == count ? myr_worse(mean_z, variance_z) : NAN);
    }
    return status;
}

/* The trajectories of check number `number` are its own, so that the checks are independent. 5.3 standard
 * errors: with some 3,800 z values, one verification in 2,300 fails by chance. */
static myr_status statistics_of(myr_verification *v, int index, const char *start, uint64_t number,
                                uint64_t count, bool *exists) {
    static const struct {
        int dimension;
        int64_t steps;
    } shapes[] = {{1, 100}, {3, 20}, {17, 4}};
    char name[128] = "";
    double worst = 0.0;
    uint64_t compared = 0;
    myr_status status = MYR_OK;
    for (size_t n = 0; status == MYR_OK && n < sizeof shapes / sizeof *shapes; n++) {
        myr_case used;
        status =
            myr_case_create(v->context, index, shapes[n].dimension, shapes[n].steps, start, &used, exists);
        if (status == MYR_OK && *exists) {
            status = worst_z(v, &used, (3 * number + n) * count, count, &worst);
            compared += 2 * (uint64_t)shapes[n].dimension;
            snprintf(name, sizeof name, "statistics, %s, start %s: worst |z|", used.name, start);
        }
        myr_case_destroy(&used);
    }
    if (status == MYR_OK && *exists)
        myr_report_check(v, name, worst, 5.3, compared);
    return status;
}

/* What all backends take from the plan: where a run starts. Of a Gaussian in one dimension, mean 3 and
 * variance 1/4, against numbers by hand: the prior is N(0, 1), of edm N(0, 80^2); exact is N(a m,
 * a^2 v + s^2), of ve (a = s = 1) N(3, 5/4) and of edm (a = 1, s = 80) N(3, 80^2 + 1/4). A run without rows
 * must show it. */
static myr_status verify_starts(myr_verification *v, uint64_t count) {
    static const struct {
        const char *process, *start;
        double mean, variance;
    } known[] = {{"ve", "prior", 0.0, 1.0},
                 {"ve", "exact", 3.0, 1.25},
                 {"vp", "prior", 0.0, 1.0},
                 {"edm", "prior", 0.0, 6400.0},
                 {"edm", "exact", 3.0, 6400.25}};
    static const double m = 3.0, variance = 0.25;
    double worst = 0.0;
    myr_status status = MYR_OK;
    for (size_t n = 0; status == MYR_OK && n < sizeof known / sizeof *known; n++) {
        myr_plan_options options = MYR_PLAN_OPTIONS_INIT;
        myr_moment moment = {0, NAN, NAN, NAN, NAN};
        myr_case used = {.full = false};
        options.process = known[n].process;
        options.start = known[n].start;
        options.sampler = "ddim";
        options.steps = 2;
        status = myr_target_create_gaussian(v->context, 1, &m, &variance, &used.target);
        if (status == MYR_OK)
            status = myr_plan_create(v->context, &options, used.target, &used.plan);
        if (status == MYR_OK) {
            myr_job job = myr_case_job(v, &used, UINT64_C(0x300000000) + n * count, count);
            job.row_end = 0;
            status = myr_job_moments(v->context, v->backend, &job, &moment);
        }
        worst = myr_worse(worst, fabs(moment.mean - known[n].mean) / myr_moment_mean_error(&moment));
        worst = myr_worse(worst, fabs(myr_moment_variance(&moment) - known[n].variance) /
                                     myr_moment_variance_error(&moment));
        myr_case_destroy(&used);
    }
    if (status == MYR_OK)
        myr_report_check(v, "starts, against known laws: worst |z|", worst, 5.3,
                         2 * sizeof known / sizeof *known);
    return status;
}

myr_status myr_verify_statistics(myr_verification *v) {
    static const char *const starts[] = {"prior", "exact"};
    const uint64_t count = myr_verify_count(v);
    uint64_t number = 0;
    myr_status status = MYR_OK;
    for (int n = 0; n < 2; n++) {
        bool exists = true;
        for (int index = 0; status == MYR_OK && exists; index++)
            status = statistics_of(v, index, starts[n], number++, count, &exists);
    }
    return status == MYR_OK ? verify_starts(v, count) : status;
}

/* Sums over a coordinate's samples by two passes in long double. */
typedef struct sums {
    long double mean, m2, m3, m4;
    double size, d1, d2, d3; /* sums of |x - leave|, |x - mean|, (x - mean)^2, |x - mean|^3, each over n */
    double largest;          /* |x| */
} sums;

static sums sum_samples(const double *samples, uint64_t count, int dimension, int c, double leave) {
    sums s = {0};
    for (uint64_t n = 0; n < count; n++) {
        double x = samples[n * (uint64_t)dimension + (uint64_t)c];
        s.mean += (long double)x - leave;
        s.size += fabs(x - leave) / (double)count;
        s.largest = fmax(s.largest, fabs(x));
    }
    s.mean = s.mean / count + leave;
    for (uint64_t n = 0; n < count; n++) {
        long double d = samples[n * (uint64_t)dimension + (uint64_t)c] - s.mean;
        double size = (double)fabsl(d);
        s.m2 += d * d;
        s.m3 += d * d * d;
        s.m4 += d * d * d * d;
        s.d1 += size / (double)count;
        s.d2 += size * size / (double)count;
        s.d3 += size * size * size / (double)count;
    }
    return s;
}

/* How far moments may be from the sums of their samples. With u = 2^-53:
 *
 * Operations a value goes through: 16 additions into a partial sum, 8 halvings, at most 4 in the powers,
 * and about 16 a level of the merge tree; so a sum is K u relative from the sum of its terms' sizes. One
 * observation at a time in long double (the reference), and the sums above, have up to count steps at 2^-64
 * each: some 8 count 2^-11 u more. The fast backends sum x~ = x - leave (the reference: x, leave = 0), and so
 * do the sums above, or a spread far below the mean would drown in what count steps of its size round off;
 * leave is added to the mean, and to each sample when it is widened, with one rounding, u |x|. With that
 * and the error of the mean of x~, delta in all, a sum of p-th powers is off by p delta sum |x -
 * mean|^(p-1), and terms of second order. */
static double worst_moment(const myr_moment *m, const sums *s, uint64_t count) {
    const double u = 0x1p-53, n = (double)count;
    double levels = log2(n / 4096.0 + 1.0) + 1.0;
    double k = 28.0 + 16.0 * levels + 8.0 * n * 0x1p-11;
    double delta = k * u * s->size + u * s->largest;
    double mean_bound = delta + u * s->largest;
    double m4 = (double)s->m4;
    double m2_bound = n * (k * u * s->d2 + 2.0 * delta * s->d1 + delta * delta);
    double m3_bound = n * (k * u * s->d3 + 3.0 * delta * s->d2 + 3.0 * delta * delta * s->d1);
    double m4_bound = k * u * m4 + n * (4.0 * delta * s->d3 + 6.0 * delta * delta * s->d2);
    double worst = (double)fabsl(m->mean - s->mean) / mean_bound;
    worst = myr_worse(worst, (double)fabsl(m->m2 - s->m2) / m2_bound);
    worst = myr_worse(worst, (double)fabsl(m->m3 - s->m3) / m3_bound);
    worst = myr_worse(worst, (double)fabsl(m->m4 - s->m4) / m4_bound);
    return m->count == count ? worst : NAN;
}

static myr_status moments_of(myr_verification *v, const myr_backend *backend, const myr_case *used,
                             uint64_t count, double *samples, double *worst) {
    myr_moment moments[MYR_MAX_DIMENSION];
    int d = used->plan->dimension;
    for (int c = 0; c < d; c++)
        moments[c] = (myr_moment){0, NAN, NAN, NAN, NAN}; /* poison */
    myr_poison(samples, count * (uint64_t)d);
    myr_job job = myr_case_job(v, used, UINT64_C(0x7ffffffff01), count);
    myr_status status = backend->states(v->context, &job, samples);
    if (status == MYR_OK)
        status = myr_job_moments(v->context, backend, &job, moments);
    double leave[MYR_MAX_DIMENSION] = {0}; /* the mean path's end is the exact mean */
    if (status == MYR_OK && backend != &myr_backend_reference)
        status = myr_plan_exact(v->context, used->plan, used->target, leave, NULL);
    for (int c = 0; status == MYR_OK && c < d; c++) {
        sums s = sum_samples(samples, count, d, c, leave[c]);
        *worst = myr_worse(*worst, worst_moment(&moments[c], &s, count));
    }
    return status;
}

myr_status myr_verify_moments(myr_verification *v) {
    /* Around the ends of blocks and chunks, and trees with leaves left over. */
    static const uint64_t counts[] = {2, 3, 127, 255, 257, 4095, 4096, 4097, 20000, 53249};
    enum { dimension = 4, most = 53249 };
    double *samples = malloc((size_t)most * dimension * sizeof *samples);
    if (!samples)
        return myr_fail_memory(v->context, (size_t)most * dimension * sizeof *samples);
    bool exists;
    double worst = 0.0;
    uint64_t compared = 0;
    myr_case used;
    myr_status status = myr_case_create(v->context, 0, dimension, 2, "prior", &used, &exists);
    for (size_t n = 0; status == MYR_OK && n < sizeof counts / sizeof *counts; n++) {
        status = moments_of(v, v->backend, &used, counts[n], samples, &worst);
        compared += 4 * dimension;
    }
    if (status == MYR_OK) { /* the reference's too, which no comparison of states shows */
        status = moments_of(v, &myr_backend_reference, &used, 4097, samples, &worst);
        compared += 4 * dimension;
    }
    if (status == MYR_OK)
        myr_report_check(v, "moments, against the samples: share of the rounding bound", worst, 1.0,
                         compared);
    myr_case_destroy(&used);
    free(samples);
    return status;
}
