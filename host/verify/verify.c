#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "tiers.h"

bool myr_verifies_reference(const myr_verification *v) {
    return v->backend->doubles;
}

uint64_t myr_verify_count(const myr_verification *v) {
    const uint64_t count = myr_verifies_reference(v) ? v->count / 16 : v->count;
    return count > MYR_VERIFY_MIN_COUNT ? count : MYR_VERIFY_MIN_COUNT;
}

void myr_report_check(myr_verification *v, const char *name, double worst, double bound, uint64_t count) {
    myr_check check = {.struct_size = sizeof check,
                       .name = name,
                       .backend = v->backend->name,
                       .passed = worst <= bound,
                       .worst = worst,
                       .bound = bound,
                       .count = count,
                       .done = v->done};
    v->failed |= !check.passed;
    v->report(v->user, &check);
}

void myr_report_skip(myr_verification *v, const char *name) {
    myr_check check = {.struct_size = sizeof check,
                       .name = name,
                       .backend = v->backend->name,
                       .skipped = true,
                       .done = v->done};
    v->report(v->user, &check);
}

double myr_worse(double worst, double value) {
    return isnan(worst) || value <= worst ? worst : value;
}

uint64_t myr_count_different(const double *a, const double *b, uint64_t count) {
    uint64_t different = 0;
    for (uint64_t j = 0; j < count; j++)
        different += isnan(a[j]) || isnan(b[j]) || memcmp(&a[j], &b[j], sizeof *a) != 0;
    return different;
}

void myr_poison(double *values, uint64_t count) {
    for (uint64_t j = 0; j < count; j++)
        values[j] = NAN;
}

double *myr_poisoned(uint64_t count) {
    double *values = malloc(count * sizeof *values);
    if (values)
        myr_poison(values, count);
    return values;
}

static void ignore_check(void *user, const myr_check *check) {
    (void)user;
    (void)check;
}

myr_status myr_verify_backend(myr_context *context, const myr_verify_options *options,
                              const myr_backend *backend, myr_check_report report, void *user) {
    static myr_status (*const tiers[])(myr_verification *) = {
        myr_verify_words,          myr_verify_normals,    myr_verify_exact,     myr_verify_one_step,
        myr_verify_trajectories,   myr_verify_statistics, myr_verify_moments,   myr_verify_repeatability,
        myr_verify_targets,        myr_verify_mixtures,   myr_verify_empirical, myr_verify_chains,
        myr_verify_pair_gradients, myr_verify_gradients,  myr_verify_rankings,  myr_verify_policies,
    };
    myr_verification v = {.context = context,
                          .backend = backend,
                          .seed = options->seed,
                          .count = options->count,
                          .fast = strcmp(options->math, "fast") == 0,
                          .threads = myr_resolve_threads(options->threads),
                          .device = options->device,
                          .report = report ? report : ignore_check,
                          .user = user};
    const size_t count = sizeof tiers / sizeof *tiers;
    for (size_t tier = 0; tier < count; tier++) {
        v.done = (double)tier / (double)count;
        myr_status status = tiers[tier](&v);
        if (status != MYR_OK)
            return status;
    }
    return v.failed ? myr_fail(context, MYR_CHECK_FAILED, "verify: a check of the backend %s did not pass",
                               backend->name)
                    : MYR_OK;
}

myr_status myr_verify(myr_context *context, const myr_verify_options *options, myr_check_report report,
                      void *user) {
    MYR_STANDARD_ENVIRONMENT;
    myr_verify_options known;
    myr_status status = myr_verify_options_read(context, &options, &known);
    if (status != MYR_OK)
        return status;
    if (options->count < MYR_VERIFY_MIN_COUNT || options->count > MYR_VERIFY_MAX_COUNT)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "trajectories: %llu is out of range (expected %d … 1e12 for verification)",
                        (unsigned long long)options->count, MYR_VERIFY_MIN_COUNT);
    myr_run_options run = {.struct_size = sizeof run,
                           .backend = options->backend,
                           .math = options->math,
                           .seed = options->seed,
                           .count = options->count,
                           .threads = options->threads,
                           .device = options->device};
    myr_compute where;
    status = myr_run_where(context, &run, &where, NULL);
    return status == MYR_OK ? myr_verify_backend(context, options, where.backend, report, user) : status;
}
