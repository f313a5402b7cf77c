/* The public call on batches of pairs: what it is given is checked, the backend reduces, the sums become
 * means. */
#include <float.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "backends/reductions.h"
#include "ground/environment.h"
#include "ground/failure.h"
#include "ground/sized.h"
#include "pairs.h"

#define MYR_MAX_PAIRS (UINT64_C(1) << 40)

static myr_status check_column(myr_context *context, const char *name, const myr_array *column,
                               const myr_array *like) {
    if (!column->data)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "pairs: %s is NULL (expected an array)", name);
    if (column->type != like->type)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "pairs: %s is of type %s, but policy_chosen of type %s (expected one type)", name,
                        myr_dtype_name(column->type), myr_dtype_name(like->type));
    if ((unsigned)column->type > MYR_F16)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "pairs: %s is of type %s (expected f64, f32, bf16 or f16)", name,
                        myr_dtype_name(column->type));
    return MYR_OK;
}

static myr_status check_optional(myr_context *context, const char *name, const myr_array *column) {
    if (column->data && (unsigned)column->type > MYR_I64)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "pairs: %s is of no known type", name);
    return MYR_OK;
}

static myr_status check_columns(myr_context *context, const myr_loss *loss, const myr_pairs *pairs) {
    const myr_array *like = &pairs->policy_chosen;
    myr_status status = check_column(context, "policy_chosen", &pairs->policy_chosen, like);
    if (status == MYR_OK)
        status = check_column(context, "policy_rejected", &pairs->policy_rejected, like);
    if (status == MYR_OK && !loss->reference_free)
        status = check_column(context, "reference_chosen", &pairs->reference_chosen, like);
    if (status == MYR_OK && !loss->reference_free)
        status = check_column(context, "reference_rejected", &pairs->reference_rejected, like);
    if (status == MYR_OK)
        status = check_optional(context, "weight", &pairs->weight);
    if (status == MYR_OK)
        status = check_optional(context, "chosen_length", &pairs->chosen_length);
    if (status == MYR_OK)
        status = check_optional(context, "rejected_length", &pairs->rejected_length);
    return status;
}

static myr_status check_lengths(myr_context *context, const char *loss_name, const myr_loss *loss,
                                const myr_pairs *pairs) {
    bool chosen = pairs->chosen_length.data != NULL, rejected = pairs->rejected_length.data != NULL;
    if (chosen != rejected)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "pairs: %s is NULL, but the other answer's length is given (expected both or none)",
                        chosen ? "rejected_length" : "chosen_length");
    if ((loss->traits & MYR_NEEDS_LENGTHS) && !chosen)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "loss: %s needs chosen_length and rejected_length",
                        loss_name);
    return MYR_OK;
}

static myr_status check_pairs(myr_context *context, const char *loss_name, const myr_loss *loss,
                              const myr_pairs *pairs) {
    if (pairs->count < 1 || pairs->count > MYR_MAX_PAIRS)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "pairs: count %llu is out of range (expected 1 … 2^40)",
                        (unsigned long long)pairs->count);
    myr_status status = check_columns(context, loss, pairs);
    return status == MYR_OK ? check_lengths(context, loss_name, loss, pairs) : status;
}

static myr_status check_gradients(myr_context *context, const myr_array_out *chosen,
                                  const myr_array_out *rejected) {
    if (!chosen->data != !rejected->data)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "gradients: one of the two is NULL (expected both or none)");
    if (chosen->data && (chosen->type != rejected->type || (unsigned)chosen->type > MYR_F32))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "gradients: of types %s and %s (expected both f64 or both f32)",
                        myr_dtype_name(chosen->type), myr_dtype_name(rejected->type));
    return MYR_OK;
}

static void take_means(const myr_pair_job *job, const myr_pair_sums *sums, myr_loss_metrics *metrics) {
    const myr_loss *loss = &job->loss;
    bool tokens = (loss->traits & MYR_TAKES_TOKENS) && job->pairs->chosen_length.data;
    metrics->count = job->pairs->count;
    metrics->loss = sums->loss / (tokens ? sums->tokens : sums->weight);
    metrics->rewards_chosen = loss->beta * sums->chosen / sums->weight;
    metrics->rewards_rejected = loss->beta * sums->rejected / sums->weight;
    metrics->rewards_accuracies = sums->accurate / sums->weight;
    metrics->rewards_margins = loss->beta * (sums->chosen - sums->rejected) / sums->weight;
}

/* Reduces, and refuses what the reduction found. */
static myr_status reduce(myr_context *context, const myr_backend *backend, const myr_pair_job *job,
                         myr_pair_sums *sums) {
    uint64_t bad = UINT64_MAX;
    bool sorted = job->loss.kind >= MYR_POINTWISE_LOSSES;
    myr_status status = sorted ? myr_sorted_pairs(context, backend, job, sums, &bad)
                               : backend->pairs(context, job, sums, &bad);
    if (status != MYR_OK)
        return status;
    if (bad != UINT64_MAX)
        return myr_fail_pair(context, job, bad);
    if (!(sums->weight > 0.0))
        return myr_fail(context, MYR_INVALID_DATA, "weight: all %llu weights are 0 (expected one above 0)",
                        (unsigned long long)job->pairs->count);
    if (sums->weight < FLT_MIN && !backend->doubles)
        return myr_fail(
            context, MYR_INVALID_DATA,
            "weight: the sum of all %llu weights is %g, too little for float (expected 1.2e-38 or "
            "more)",
            (unsigned long long)job->pairs->count, sums->weight);
    if (!isfinite(sums->loss))
        return myr_fail(context, MYR_INVALID_DATA,
                        "loss: the sum over all %llu pairs is not finite, for their log-probabilities lie "
                        "too far apart",
                        (unsigned long long)job->pairs->count);
    return MYR_OK;
}

static myr_status run(myr_context *context, const myr_loss_options *loss, const myr_pairs *pairs,
                      const myr_compute_options *options, myr_array_out chosen_gradient,
                      myr_array_out rejected_gradient, myr_loss_metrics *metrics, myr_report *report) {
    myr_pair_job job = {
        .pairs = pairs, .chosen_gradient = chosen_gradient, .rejected_gradient = rejected_gradient};
    const myr_backend *backend;
    myr_status status = myr_loss_make(context, loss, &job.loss);
    if (status == MYR_OK)
        status = check_pairs(context, myr_loss_name((int)job.loss.kind), &job.loss, pairs);
    if (status == MYR_OK)
        status = check_gradients(context, &chosen_gradient, &rejected_gradient);
    if (status == MYR_OK)
        status = myr_compute_begin(context, options, &backend, &job.compute, report);
    if (status != MYR_OK)
        return status;
    myr_pair_sums sums;
    double start = omp_get_wtime();
    status = reduce(context, backend, &job, &sums);
    report->seconds = omp_get_wtime() - start;
    if (status == MYR_OK)
        take_means(&job, &sums, metrics);
    return status;
}

myr_status myr_loss_pairs(myr_context *context, const myr_loss_options *loss, const myr_pairs *pairs,
                          const myr_compute_options *options, myr_array_out chosen_gradient,
                          myr_array_out rejected_gradient, myr_loss_metrics *metrics, myr_report *report) {
    MYR_STANDARD_ENVIRONMENT;
    myr_pairs known;
    myr_loss_metrics found = {0};
    myr_report made = {0};
    myr_status status = myr_loss_metrics_ready(context, metrics);
    if (status == MYR_OK)
        status = myr_report_ready(context, report);
    if (status == MYR_OK)
        status = myr_pairs_read(context, &pairs, &known);
    if (status == MYR_OK)
        status = run(context, loss, pairs, options, chosen_gradient, rejected_gradient, &found, &made);
    if (status == MYR_OK)
        myr_loss_metrics_fill(metrics, &found);
    myr_report_fill(report, &made);
    return status;
}
