#include "pair_passes.h"

#include <math.h>

#include "pair_sums.h"

/* Whether the loss's mean is over tokens. */
static bool over_tokens(const myr_pair_job *job) {
    return (job->loss.traits & MYR_TAKES_TOKENS) && job->pairs->chosen_length.data;
}

static bool needs_survey(const myr_pair_job *job) {
    bool own_shift = (job->loss.traits & MYR_TAKES_SHIFT) && isnan(job->loss.shift);
    return job->pairs->weight.data || over_tokens(job) || own_shift;
}

myr_pair_view myr_pair_view_make(const myr_pair_job *job) {
    const myr_pairs *pairs = job->pairs;
    bool use_reference = !job->loss.reference_free;
    myr_pair_view view = {
        .policy = {pairs->policy_chosen.data, pairs->policy_rejected.data},
        .reference = {use_reference ? pairs->reference_chosen.data : NULL,
                      use_reference ? pairs->reference_rejected.data : NULL},
        .weight = pairs->weight.data,
        .length = {pairs->chosen_length.data, pairs->rejected_length.data},
        .gradient = {job->chosen_gradient.data, job->rejected_gradient.data},
        .type = (int)pairs->policy_chosen.type,
        .weight_type = (int)pairs->weight.type,
        .length_type = {(int)pairs->chosen_length.type, (int)pairs->rejected_length.type},
        .gradient_type = (int)job->chosen_gradient.type,
        .policy_only = (job->loss.traits & MYR_TAKES_POLICY_ONLY) != 0,
        .per_token = (job->loss.traits & MYR_TAKES_LENGTHS) && pairs->chosen_length.data,
        .per_token_ratios = (job->loss.traits & MYR_TAKES_LENGTHS) && pairs->chosen_length.data &&
                            job->loss.divergence == MYR_DIVERGENCE_reverse_kl,
        .kind = (int)job->loss.kind,
        .divergence = (int)job->loss.divergence,
    };
    return view;
}

static void take_survey(const double *from, myr_pair_sums *sums) {
    sums->weight = from[MYR_SUM_WEIGHT];
    sums->tokens = from[MYR_SUM_TOKENS];
    sums->chosen = from[MYR_SUM_CHOSEN];
    sums->rejected = from[MYR_SUM_REJECTED];
    sums->accurate = from[MYR_SUM_ACCURATE];
}

myr_status myr_pair_passes(const myr_pair_job *job, myr_pair_view view, const myr_pair_runner *runner,
                           myr_pair_sums *sums, uint64_t *bad) {
    double found[MYR_SUMS], total = (double)job->pairs->count;
    myr_loss loss = job->loss;
    view.survey = 1;
    if (needs_survey(job)) {
        myr_status status = runner->run(runner->user, &view, found, bad);
        if (status != MYR_OK || *bad != UINT64_MAX)
            return status;
        take_survey(found, sums);
        total = over_tokens(job) ? sums->tokens : sums->weight;
        if (isnan(loss.shift))
            loss.shift = 0.5 * loss.beta * (sums->chosen + sums->rejected) / sums->weight;
        view.survey = 0;
    }
    view.losses = 1;
    view.scale = (float)(1.0 / total);
    view.constants = myr_loss_constants_make(&loss);
    view.offset = (loss.traits & MYR_TAKES_SHIFT) ? loss.shift / loss.beta : 0.0;
    myr_status status = runner->run(runner->user, &view, found, bad);
    if (status != MYR_OK)
        return status;
    if (view.survey)
        take_survey(found, sums);
    sums->loss = found[MYR_SUM_LOSS];
    return MYR_OK;
}
