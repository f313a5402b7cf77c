#include "pair_step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ground/failure.h"
#include "ground/sized.h"
#include "losses/tokens/token_arrays.h"

static myr_status check_given(myr_context *context, const char *name, const myr_array *array, bool needed) {
    if (!array->data)
        return needed ? myr_fail(context, MYR_INVALID_ARGUMENT,
                                 "token pairs: %s is NULL (expected an array)", name)
                      : MYR_OK;
    if (array->type != MYR_F64 && array->type != MYR_F32)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "token pairs: %s is of type %s (expected f64 or f32)", name,
                        myr_dtype_name(array->type));
    return MYR_OK;
}

static myr_status fetch(myr_context *context, const myr_compute *compute, const myr_array *array,
                        uint64_t count, double **to) {
    size_t bytes = (size_t)count * sizeof **to;
    *to = malloc(bytes);
    return *to ? myr_fetch(context, compute, *array, 0, count, *to) : myr_fail_memory(context, bytes);
}

/* Weights are summed before myr_loss_pairs sees them. */
static myr_status check_weights(myr_context *context, const myr_pair_step *step) {
    double sum = 0.0;
    for (uint64_t i = 0; step->weight && i < step->pairs; i++) {
        if (!(step->weight[i] >= 0.0 && step->weight[i] <= 1e15))
            return myr_fail(context, MYR_INVALID_DATA,
                            "row %llu: weight is %g (expected 0 or more, at most 1e15)",
                            (unsigned long long)i, step->weight[i]);
        sum += step->weight[i];
    }
    if (step->weight && !(sum > 0.0))
        return myr_fail(context, MYR_INVALID_DATA, "weight: all %llu weights are 0 (expected one above 0)",
                        (unsigned long long)step->pairs);
    return MYR_OK;
}

myr_status myr_pair_step_make(myr_context *context, const myr_loss_options *options,
                              const myr_token_pairs *given, uint64_t sequences, bool average,
                              const myr_backend *backend, const myr_compute *compute, myr_pair_step *step) {
    memset(step, 0, sizeof *step);
    myr_token_pairs known;
    myr_status status = myr_token_pairs_read(context, &given, &known);
    if (status != MYR_OK)
        return status;
    if (sequences % 2 != 0)
        return myr_fail(
            context, MYR_INVALID_ARGUMENT,
            "tokens: sequences is %llu (expected an even number: chosen answers, then rejected)",
            (unsigned long long)sequences);
    status = myr_loss_make(context, options, &step->loss);
    if (status == MYR_OK)
        status = check_given(context, "reference", &given->reference, !step->loss.reference_free);
    if (status == MYR_OK)
        status = check_given(context, "weight", &given->weight, false);
    if (status != MYR_OK)
        return status;
    step->options = options;
    step->backend = (backend->on_host ? backend->on_host : backend)->name;
    step->threads = compute->threads;
    step->pairs = sequences / 2;
    step->lengths = !average;
    if (!step->loss.reference_free)
        status = fetch(context, compute, &given->reference, sequences, &step->reference);
    if (status == MYR_OK && given->weight.data)
        status = fetch(context, compute, &given->weight, step->pairs, &step->weight);
    return status == MYR_OK ? check_weights(context, step) : status;
}

void myr_pair_step_destroy(myr_pair_step *step) {
    free(step->reference);
    free(step->weight);
}

static bool over_tokens(const myr_pair_step *step) {
    return step->lengths && (step->loss.traits & MYR_TAKES_TOKENS);
}

/* The weights of a range of pairs, and what their losses count as in the mean. */
static void add_totals(const myr_pair_step *step, uint64_t first, uint64_t count, double *total,
                       double *weights) {
    *total = *weights = 0.0;
    for (uint64_t i = first; i < first + count; i++) {
        double weight = step->weight ? step->weight[i] : 1.0;
        *weights += weight;
        *total += over_tokens(step) ? weight * step->length[i] : weight;
    }
}

void myr_pair_step_begin(myr_pair_step *step, double *length) {
    step->length = length;
    add_totals(step, 0, step->pairs, &step->total, &step->weights);
}

bool myr_pair_step_pointwise(const myr_pair_step *step) {
    bool own_shift = (step->loss.traits & MYR_TAKES_SHIFT) && isnan(step->loss.shift);
    return step->loss.kind < MYR_POINTWISE_LOSSES && !own_shift;
}

static myr_pairs make_pairs(const myr_pair_step *step, uint64_t first, uint64_t count,
                            const double *logps) {
    const uint64_t rejected = step->pairs + first;
    myr_pairs pairs = MYR_PAIRS_INIT;
    pairs.count = count;
    pairs.policy_chosen = (myr_array){logps + first, MYR_F64};
    pairs.policy_rejected = (myr_array){logps + rejected, MYR_F64};
    if (step->reference) {
        pairs.reference_chosen = (myr_array){step->reference + first, MYR_F64};
        pairs.reference_rejected = (myr_array){step->reference + rejected, MYR_F64};
    }
    if (step->weight)
        pairs.weight = (myr_array){step->weight + first, MYR_F64};
    if (step->lengths) {
        pairs.chosen_length = (myr_array){step->length + first, MYR_F64};
        pairs.rejected_length = (myr_array){step->length + rejected, MYR_F64};
    }
    return pairs;
}

static void add_metrics(const myr_loss_metrics *part, double loss_share, double reward_share,
                        myr_loss_metrics *metrics) {
    metrics->count += part->count;
    metrics->loss += loss_share * part->loss;
    metrics->rewards_chosen += reward_share * part->rewards_chosen;
    metrics->rewards_rejected += reward_share * part->rewards_rejected;
    metrics->rewards_accuracies += reward_share * part->rewards_accuracies;
    metrics->rewards_margins += reward_share * part->rewards_margins;
}

myr_status myr_pair_step_run(myr_context *context, const myr_pair_step *step, uint64_t first,
                             uint64_t count, const double *logps, double *gradient,
                             myr_loss_metrics *metrics) {
    const uint64_t rejected = step->pairs + first;
    double total, weights;
    add_totals(step, first, count, &total, &weights);
    if (weights == 0.0) { /* these pairs count for nothing */
        for (uint64_t i = 0; gradient && i < count; i++)
            gradient[first + i] = gradient[rejected + i] = 0.0;
        metrics->count += count;
        return MYR_OK;
    }
    myr_compute_options options = MYR_COMPUTE_OPTIONS_INIT;
    options.backend = step->backend;
    options.threads = step->threads;
    myr_pairs pairs = make_pairs(step, first, count, logps);
    myr_loss_metrics part = MYR_LOSS_METRICS_INIT;
    myr_status status =
        myr_loss_pairs(context, step->options, &pairs, &options,
                       (myr_array_out){gradient ? gradient + first : NULL, MYR_F64},
                       (myr_array_out){gradient ? gradient + rejected : NULL, MYR_F64}, &part, NULL);
    if (status != MYR_OK)
        return status;
    const double share = total / step->total; /* 1 if these are all pairs */
    for (uint64_t i = 0; gradient && i < count; i++) {
        gradient[first + i] *= share;
        gradient[rejected + i] *= share;
    }
    add_metrics(&part, share, weights / step->weights, metrics);
    return MYR_OK;
}
