/* The public calls on log-linear policies: what they are given is checked, the backend reduces, the sums
 * become means. */
#include "myriad/linear.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "array_rules.h"
#include "backends/reductions.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "linear_faults.h"

#define MYR_MAX_PAIRS (UINT64_C(1) << 40)

static myr_status check_count(myr_context *context, const char *name, uint64_t value, uint64_t most) {
    if (value >= 1 && value <= most)
        return MYR_OK;
    return myr_fail(context, MYR_INVALID_ARGUMENT, "features: %s %llu is out of range (expected 1 … %llu)",
                    name, (unsigned long long)value, (unsigned long long)most);
}

myr_status myr_check_features(myr_context *context, const myr_features *f, bool takes_reference) {
    myr_status status = check_count(context, "count", f->count, MYR_MAX_PAIRS);
    if (status == MYR_OK)
        status = check_count(context, "parameters", f->parameters, MYR_MAX_PARAMETERS);
    if (status == MYR_OK && (!f->delta.data || f->delta.type != MYR_F32))
        status = myr_fail(context, MYR_INVALID_ARGUMENT, "features: delta is %s (expected an array of f32)",
                          f->delta.data ? myr_dtype_name(f->delta.type) : "NULL");
    if (status == MYR_OK && takes_reference)
        status = myr_check_reals(context, "features: reference_margin", f->reference_margin.data,
                                 f->reference_margin.type, false);
    if (status == MYR_OK)
        status = myr_check_reals(context, "features: weight", f->weight.data, f->weight.type, false);
    return status;
}

/* The margin is all that is known of a pair: its lengths, and w and l apart, are not. */
static myr_status make_loss(myr_context *context, const myr_loss_options *options, myr_loss *loss) {
    myr_status status = myr_loss_make(context, options, loss);
    if (status != MYR_OK)
        return status;
    if (loss->kind >= MYR_MARGIN_LOSSES)
        return myr_fail(context, MYR_UNSUPPORTED,
                        "loss: %s is not of the margin alone (expected sigmoid, say)",
                        myr_loss_name((int)loss->kind));
    if (loss->traits & MYR_NEEDS_LENGTHS)
        return myr_fail(context, MYR_UNSUPPORTED, "loss: %s needs lengths, which features do not have",
                        myr_loss_name((int)loss->kind));
    if (loss->divergence != MYR_DIVERGENCE_reverse_kl)
        return myr_fail(context, MYR_UNSUPPORTED,
                        "f_divergence: %s is not of the margin alone (expected reverse_kl)",
                        myr_divergence_name((int)loss->divergence));
    loss->reference_free |= (loss->traits & MYR_TAKES_POLICY_ONLY) != 0;
    return MYR_OK;
}

static myr_status check_many(myr_context *context, const myr_many *many) {
    if (many->replicates < 1 || many->replicates > MYR_MAX_REPLICATES)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "many: replicates %lu is out of range (expected 1 … %d)",
                        (unsigned long)many->replicates, MYR_MAX_REPLICATES);
    if (UINT32_MAX - many->first_replicate < many->replicates - 1)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "many: first_replicate %lu plus %lu replicates passes the last one, 2^32 - 1",
                        (unsigned long)many->first_replicate, (unsigned long)many->replicates);
    for (uint32_t b = 0; many->betas && b < many->replicates; b++)
        if (!(many->betas[b] >= 1e-6 && many->betas[b] <= 1e6))
            return myr_fail(context, MYR_INVALID_ARGUMENT,
                            "many: betas[%lu] is %g, out of range (expected 1e-06 … 1e+06)",
                            (unsigned long)b, many->betas[b]);
    return MYR_OK;
}

static void take_means(const myr_linear_job *job, double beta, const myr_margin_sums *sums,
                       myr_linear_metrics *metrics) {
    metrics->count = job->features->count;
    metrics->weight = sums->weight;
    metrics->loss = sums->loss / sums->weight;
    metrics->rewards_accuracies = sums->accurate / sums->weight;
    metrics->rewards_margins = beta * sums->margin / sums->weight;
}

/* All checks, and the backend. */
static myr_status begin(myr_context *context, const myr_loss_options *loss,
                        const myr_compute_options *options, myr_linear_job *job,
                        const myr_backend **backend, myr_report *report) {
    myr_status status = make_loss(context, loss, &job->loss);
    if (status == MYR_OK)
        status = myr_check_features(context, job->features, !job->loss.reference_free);
    if (status == MYR_OK)
        status = myr_check_reals(context, "theta", job->theta.data, job->theta.type, true);
    if (status == MYR_OK)
        status = myr_check_reals(context, "gradient", job->gradient.data, job->gradient.type, false);
    if (status == MYR_OK)
        status = myr_compute_begin(context, options, backend, &job->compute, report);
    if (status == MYR_OK && job->compute.memory == MYR_HOST)
        status = myr_check_theta(context, job);
    return status;
}

static myr_status finish(myr_context *context, const myr_linear_job *job, myr_status status, uint64_t bad,
                         bool weighed) {
    if (status == MYR_OK && bad != UINT64_MAX)
        status = myr_fail_features(context, job, bad);
    if (status == MYR_OK && !weighed)
        status =
            myr_fail(context, MYR_INVALID_DATA, "weight: all %llu weights are 0 (expected one above 0)",
                     (unsigned long long)job->features->count);
    return status;
}

static myr_status reduce(myr_context *context, const myr_loss_options *loss, const myr_features *features,
                         myr_array theta, const myr_compute_options *options, myr_array_out gradient,
                         myr_linear_metrics *metrics, myr_report *report) {
    myr_linear_job job = {.features = features, .theta = theta, .gradient = gradient};
    const myr_backend *backend;
    myr_status status = begin(context, loss, options, &job, &backend, report);
    if (status != MYR_OK)
        return status;
    myr_margin_sums sums = {0};
    uint64_t bad = UINT64_MAX;
    double start = omp_get_wtime();
    status = backend->linear(context, &job, &sums, &bad);
    status = finish(context, &job, status, bad, sums.weight > 0.0);
    report->seconds = omp_get_wtime() - start;
    if (status == MYR_OK && metrics)
        take_means(&job, job.loss.beta, &sums, metrics);
    return status;
}

myr_status myr_loss_linear(myr_context *context, const myr_loss_options *loss, const myr_features *features,
                           myr_array theta, const myr_compute_options *options, myr_array_out gradient,
                           myr_linear_metrics *metrics, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_features known;
    myr_report made = {0};
    myr_status status = myr_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_features_read(context, &features, &known);
    if (status == MYR_OK)
        status = reduce(context, loss, features, theta, options, gradient, metrics, &made);
    myr_report_fill(report, &made);
    return status;
}

static myr_status reduce_many(myr_context *context, const myr_loss_options *loss,
                              const myr_features *features, myr_array theta, const myr_many *many,
                              const myr_compute_options *options, myr_array_out gradient,
                              myr_linear_metrics *metrics, myr_report *report) {
    myr_linear_job job = {.features = features, .theta = theta, .many = many, .gradient = gradient};
    const myr_backend *backend;
    myr_status status = check_many(context, many);
    if (status == MYR_OK)
        status = begin(context, loss, options, &job, &backend, report);
    if (status != MYR_OK)
        return status;
    size_t bytes = many->replicates * sizeof(myr_margin_sums);
    myr_margin_sums *sums = malloc(bytes);
    if (!sums)
        return myr_fail_memory(context, bytes);
    uint64_t bad = UINT64_MAX;
    double start = omp_get_wtime();
    status = backend->many(context, &job, sums, &bad);
    bool weighed = many->bootstrap; /* there, chance may leave a replicate nothing */
    for (uint32_t b = 0; status == MYR_OK && bad == UINT64_MAX && b < many->replicates; b++) {
        weighed |= sums[b].weight > 0.0;
        if (metrics)
            take_means(&job, many->betas ? many->betas[b] : job.loss.beta, &sums[b], &metrics[b]);
    }
    status = finish(context, &job, status, bad, weighed);
    report->seconds = omp_get_wtime() - start;
    free(sums);
    return status;
}

myr_status myr_loss_many(myr_context *context, const myr_loss_options *loss, const myr_features *features,
                         myr_array theta, const myr_many *many, const myr_compute_options *options,
                         myr_array_out gradient, myr_linear_metrics *metrics, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_features known;
    myr_many replicates;
    myr_report made = {0};
    myr_status status = myr_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_features_read(context, &features, &known);
    if (status == MYR_OK)
        status = myr_many_read(context, &many, &replicates);
    if (status == MYR_OK)
        status = reduce_many(context, loss, features, theta, many, options, gradient, metrics, &made);
    myr_report_fill(report, &made);
    return status;
}
